// A server of a few lines on a real socket, for tests of clients: what it answers, and how badly, is the test's to say.
import Foundation
import Glibc
import Synchronization

/// One request as it came.
package struct ScriptedRequest: Sendable {
    package var method: String
    package var path: String
    /// Names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]
    /// Counts the connections from 1: two requests with one number shared a connection.
    package var connection: Int
}

/// Answers requests on a free port of 127.0.0.1, each connection on a thread of its own.
package final class ScriptedServer: Sendable {
    /// What to send for a request: the raw bytes, and whether the connection stays.
    package enum Reply: Sendable {
        case status(Int, headers: [String: String] = [:], body: String = "")
        /// As it is, then the connection is closed.
        case raw(String)
        /// Nothing, for so many seconds; then the connection is closed.
        case silence(Double)
    }

    package let port: Int
    private let socket: Int32
    private let requests = Mutex<[ScriptedRequest]>([])
    private let connections = Mutex(0)

    /// All requests so far.
    package var received: [ScriptedRequest] { requests.withLock { $0 } }

    /// Listens at once.
    package init(_ answer: @escaping @Sendable (ScriptedRequest) -> Reply) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
        guard isBound, listen(descriptor, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while case let client = accept(descriptor, nil, nil), client >= 0 {
                let number = connections.withLock { count -> Int in
                    count += 1
                    return count
                }
                Thread.detachNewThread { [self] in
                    serve(client, number, answer)
                    Glibc.close(client)
                }
            }
        }
    }

    /// Refuses new connections.
    package func close() {
        shutdown(socket, Int32(SHUT_RDWR))
        Glibc.close(socket)
    }

    private func serve(_ client: Int32, _ number: Int, _ answer: (ScriptedRequest) -> Reply) {
        var buffer: [UInt8] = []
        while let request = readRequest(client, number, &buffer) {
            requests.withLock { $0.append(request) }
            switch answer(request) {
            case .status(let status, let headers, let body):
                var text = "HTTP/1.1 \(status) Scripted\r\n"
                if status != 204 { text += "content-length: \(body.utf8.count)\r\n" }
                for (name, value) in headers { text += "\(name): \(value)\r\n" }
                guard write(text + "\r\n" + body, to: client) else { return }
            case .raw(let text):
                _ = write(text, to: client)
                return
            case .silence(let seconds):
                usleep(UInt32(seconds * 1_000_000))
                return
            }
        }
    }

    private func readRequest(_ client: Int32, _ number: Int, _ buffer: inout [UInt8]) -> ScriptedRequest? {
        var end = headEnd(buffer)
        while end == nil {
            guard readMore(client, &buffer) else { return nil }
            if buffer.first == 0x16 {
                // A TLS hello: answered as a plain HTTP server does.
                _ = write("HTTP/1.1 400 Bad Request\r\n\r\n", to: client)
                return nil
            }
            end = headEnd(buffer)
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let first = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                String(line[line.index(after: colon)...]).trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.count < end + 4 + length { guard readMore(client, &buffer) else { return nil } }
        let body = Array(buffer[(end + 4)..<(end + 4 + length)])
        buffer.removeFirst(end + 4 + length)
        return ScriptedRequest(
            method: String(first.first ?? ""), path: String(first.dropFirst().first ?? ""), headers: headers,
            body: body, connection: number)
    }

    private func headEnd(_ buffer: [UInt8]) -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...(buffer.count - 4)).first { buffer[$0..<($0 + 4)].elementsEqual([13, 10, 13, 10]) }
    }

    private func readMore(_ client: Int32, _ buffer: inout [UInt8]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = chunk.withUnsafeMutableBytes { recv(client, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return false }
        buffer += chunk.prefix(count)
        return true
    }

    private func write(_ text: String, to client: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
