// A small HTTP/1.1 client over blocking sockets, for tests that must send what no proper client would: broken bodies,
// half requests, bytes one by one. It blocks threads of its own: neither the cooperative pool nor a Dispatch queue, for on
// Linux both share their workers, and blocked clients would starve the server under test.
import Foundation
import Glibc
import StrictJSON

/// What a server answered.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }
    /// The body as JSON, or null when it is none.
    package var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
}

/// Talks to a server on 127.0.0.1, with a new connection for each request.
package struct HTTPClient: Sendable {
    package let port: Int
    /// Sent with each request.
    package var headers: [String: String] = [:]

    package init(port: Int) { self.port = port }

    /// Sends one request and reads its answer; nil when the connection ended without one.
    package func send(
        _ method: String, _ path: String, headers extra: [String: String] = [:], body: [UInt8]? = nil
    ) async -> HTTPAnswer? {
        var fields = ["host": "127.0.0.1:\(port)", "connection": "close"].merging(headers) { $1 }
        if let body {
            fields["content-length"] = String(body.count)
            fields["content-type"] = "application/json"
        }
        fields.merge(extra) { $1 }
        let head =
            "\(method) \(path) HTTP/1.1\r\n"
            + fields.sorted { $0.key < $1.key }.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        return await exchange { connection in
            connection.write(Array(head.utf8) + (body ?? []))
            return connection.readAnswer(isHead: method == "HEAD")
        }
    }

    /// Sends a JSON text.
    package func send(
        _ method: String, _ path: String, json text: String, headers: [String: String] = [:]
    ) async -> HTTPAnswer? {
        await send(method, path, headers: headers, body: Array(text.utf8))
    }

    /// Opens a connection and lets the work do with it what it will, on a thread that may block.
    package func exchange<Result: Sendable>(_ work: @escaping @Sendable (HTTPConnection) -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let connection = HTTPConnection(port: port)
                defer { connection.close() }
                continuation.resume(returning: work(connection))
            }
        }
    }
}

/// One open connection; gives up reading after 20 seconds.
package struct HTTPConnection: Sendable {
    private let socket: Int32
    /// Whether the server took the connection.
    package let isConnected: Bool

    /// Connects at once.
    package init(port: Int) {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) == 0 }
        }
    }

    /// Sends all bytes; false when the server closed before.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// As `write`, of text.
    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Says that nothing more will be sent.
    package func finishWriting() { shutdown(socket, Int32(SHUT_WR)) }

    /// Does nothing for a while, as a client that has lost interest.
    package func rest(seconds: Double) { usleep(UInt32(seconds * 1_000_000)) }

    /// Whether the server closes the connection, or resets it, before the read times out.
    package func isClosedByServer() -> Bool { (readSome() ?? []).isEmpty && errno != EAGAIN }

    /// Closes the connection; `exchange` does it by itself.
    package func close() { Glibc.close(socket) }

    /// Reads one answer by its length or its chunks; nil when the connection ends before the head is whole.
    package func readAnswer(isHead: Bool = false) -> HTTPAnswer? {
        var buffer: [UInt8] = []
        var headEnd = range(of: "\r\n\r\n", in: buffer)
        while headEnd == nil {
            guard let more = readSome(), !more.isEmpty else { return nil }
            buffer += more
            headEnd = range(of: "\r\n\r\n", in: buffer)
        }
        guard let end = headEnd, var answer = parseHead(buffer[..<end]) else { return nil }
        var rest = Array(buffer[(end + 4)...])
        if (100..<200).contains(answer.status) || answer.status == 204 || answer.status == 304 || isHead {
            return answer
        }
        if let length = answer.headers["content-length"].flatMap({ Int($0) }) {
            while rest.count < length, let more = readSome(), !more.isEmpty { rest += more }
            answer.body = Array(rest.prefix(length))
        } else {
            while let more = readSome(), !more.isEmpty {
                rest += more
                if rest.suffix(5) == Array("0\r\n\r\n".utf8) { break }
            }
            answer.body = dechunked(rest)
        }
        return answer
    }

    /// What has come, waiting for something; empty when the server closed, nil when nothing came in time.
    package func readSome() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        errno = 0
        let count = chunk.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(chunk.prefix(count))
    }
}

func parseHead(_ bytes: ArraySlice<UInt8>) -> HTTPAnswer? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    guard let first = lines.first?.split(separator: " "), first.count > 1, let status = Int(first[1]) else {
        return nil
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return HTTPAnswer(status: status, headers: headers, body: [])
}

/// What the whole chunks of a body hold.
func dechunked(_ bytes: [UInt8]) -> [UInt8] {
    var body: [UInt8] = []
    var position = 0
    while let end = range(of: "\r\n", in: Array(bytes[position..<min(position + 20, bytes.count)])) {
        let size = Int(String(decoding: bytes[position..<(position + end)], as: UTF8.self), radix: 16) ?? 0
        let start = position + end + 2
        guard size > 0, start + size + 2 <= bytes.count else { break }
        body += bytes[start..<(start + size)]
        position = start + size + 2
    }
    return body
}

func range(of text: String, in bytes: [UInt8]) -> Int? {
    let pattern = Array(text.utf8)
    guard bytes.count >= pattern.count else { return nil }
    return (0...(bytes.count - pattern.count)).first { bytes[$0..<($0 + pattern.count)].elementsEqual(pattern) }
}
