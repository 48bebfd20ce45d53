// A reader of Server-Sent Events over a raw connection, by the rules of WHATWG HTML, section 9.2.6.
import Foundation
import StrictJSON
import Synchronization

/// What was read of a stream.
package struct EventStream: Sendable {
    /// One event.
    package struct Event: Sendable, Equatable {
        package var type: String
        package var id: String
        package var data: JSONValue
    }

    package var status = 0
    package var headers: [String: String] = [:]
    package var events: [Event] = []
    /// The id that a client would come back with.
    package var lastID = ""
    /// Comments and ids without data.
    package var heartbeats = 0
    /// Whether the server ended the stream with its last chunk.
    package var isComplete = false
}

extension HTTPClient {
    /// Reads a stream until the condition holds, the server ends it, or nothing comes for 20 seconds; then leaves.
    package func events(
        _ path: String, after lastID: String? = nil, started: @escaping @Sendable () -> Void = {},
        until isEnough: @escaping @Sendable (EventStream) -> Bool
    ) async -> EventStream {
        let keys = headers
        return await exchange { connection in
            var head = "GET \(path) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\naccept: text/event-stream\r\n"
            for (name, value) in keys { head += "\(name): \(value)\r\n" }
            if let lastID { head += "last-event-id: \(lastID)\r\n" }
            connection.write(head + "\r\n")
            var stream = EventStream()
            var bytes: [UInt8] = []
            var hasStarted = false
            while let more = connection.readSome(), !more.isEmpty {
                bytes += more
                stream = EventStream(response: bytes)
                if stream.status != 0, !hasStarted {
                    hasStarted = true
                    started()
                }
                if stream.isComplete || isEnough(stream) || (stream.status != 0 && stream.status != 200) { break }
            }
            return stream
        }
    }
}

extension EventStream {
    fileprivate init(response bytes: [UInt8]) {
        guard let end = range(of: "\r\n\r\n", in: bytes), let answer = parseHead(bytes[..<end]) else { return }
        status = answer.status
        headers = answer.headers
        let rest = Array(bytes[(end + 4)...])
        isComplete = rest.suffix(5) == Array("0\r\n\r\n".utf8)
        var block: [String: String] = [:]
        for line in String(decoding: dechunked(rest), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            guard !line.isEmpty else {
                dispatch(block)
                block = [:]
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...]
            block[String(line[..<colon])] = String(value.hasPrefix(" ") ? value.dropFirst() : value)
        }
    }

    /// Data without its empty line is not dispatched.
    private mutating func dispatch(_ block: [String: String]) {
        if let id = block["id"] { lastID = id }
        guard let data = block["data"] else {
            if !block.isEmpty { heartbeats += 1 }
            return
        }
        events.append(
            Event(
                type: block["event"] ?? "message", id: lastID,
                data: (try? JSONValue.parse(Array(data.utf8))) ?? .null))
    }
}
