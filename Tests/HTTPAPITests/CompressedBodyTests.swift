// Bodies in gzip and zstd: the same answers as without, bounded by what comes out, and the connection goes on.
import Compressing
import Domain
import Foundation
import HTTPAPI
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite struct CompressedBodyTests {
    private static let prompts = #"{"prompts":[{"id":"p-1","text":"x","task":{"type":"math","answer":"1"}}]}"#

    private func zstd(_ bytes: [UInt8]) throws -> [UInt8] { try bytes.withUnsafeBytes { try zstdCompressed($0) } }

    /// By the system's own gzip.
    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/text"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-n", folder.path + "/text"]
        try process.run()
        process.waitUntilExit()
        return Array(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/text.gz")))
    }

    private func encoded(_ text: String) throws -> [(coding: String, body: [UInt8])] {
        let bytes = Array(text.utf8)
        return [("gzip", try gzip(bytes)), ("x-gzip", try gzip(bytes)), ("ZSTD", try zstd(bytes))]
    }

    private func header(_ coding: String) -> [String: String] { ["content-encoding": coding] }

    @Test func `JSON, NDJSON and binary are read in both codings`() async throws {
        let rollout = #"{"prompt_id":"p-1","response":"x","policy_version":0}"#
        let binary = "RLO1" + "\(UnicodeScalar(UInt8(rollout.utf8.count)))\0\0\0" + rollout + "\0\0\0\0"
        try await withServer { client in
            for (coding, body) in try encoded(Self.prompts) {
                #expect(await client.send("POST", "/v1/prompts", headers: header(coding), body: body)?.status == 201)
            }
            for (coding, body) in try encoded("\(rollout)\n\(rollout)\n") {
                let answer = await client.send(
                    "POST", "/v1/rollouts",
                    headers: ["content-encoding": coding, "content-type": "application/x-ndjson"], body: body)
                #expect(answer?.status == 202 && answer?.json["rollouts"]?.elements?.count == 2)
            }
            for (coding, body) in try encoded(binary) {
                let answer = await client.send(
                    "POST", "/v1/rollouts",
                    headers: ["content-encoding": coding, "content-type": "application/vnd.rolloutd.rollouts"],
                    body: body)
                #expect(answer?.status == 202, "\(answer?.text ?? "")")
            }
        }
    }

    @Test func `a bomb is refused at the body's limit, and the connection goes on`() async throws {
        let spaces = [UInt8](repeating: 0x20, count: 50_000_000)
        let bombs = [("gzip", try gzip(spaces)), ("zstd", try zstd(spaces))]
        try await withServer(configure: { $0.bodyBytesMax = 1_000_000 }) { client in
            for (coding, bomb) in bombs {
                #expect(bomb.count < 100_000)
                let (refused, next) = await client.exchange { connection -> (HTTPAnswer?, HTTPAnswer?) in
                    let head = "POST /v1/prompts HTTP/1.1\r\nhost: localhost\r\ncontent-encoding: "
                    connection.write(
                        Array("\(head)\(coding)\r\ncontent-length: \(bomb.count)\r\n\r\n".utf8) + bomb)
                    let refused = connection.readAnswer()
                    connection.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    return (refused, connection.readAnswer())
                }
                #expect(refused?.status == 413 && refused?.json["error"]?["code"] == .string("body_too_large"))
                #expect(next?.status == 200)
            }
        }
    }

    @Test func `bytes that are cut short, damaged or of another coding are refused, and the connection goes on`()
        async throws
    {
        let gzipped = try gzip(Array(Self.prompts.utf8))
        let packed = try zstd(Array(Self.prompts.utf8))
        var damaged = gzipped
        damaged[gzipped.count - 6] ^= 1
        let broken: [(String, [UInt8])] = [
            ("gzip", Array(gzipped.dropLast())), ("zstd", Array(packed.dropLast())), ("gzip", packed),
            ("zstd", gzipped),
            ("gzip", Array(Self.prompts.utf8)), ("gzip", damaged), ("zstd", packed + [0]),
        ]
        let bodies = broken
        let service = ScriptedService()
        try await withServer(service) { client in
            let answers = await client.exchange { connection -> [HTTPAnswer?] in
                bodies.map { coding, body in
                    connection.write(
                        Array(
                            "POST /v1/prompts HTTP/1.1\r\nhost: localhost\r\ncontent-encoding: \(coding)\r\ncontent-length: \(body.count)\r\n\r\n"
                                .utf8) + body)
                    return connection.readAnswer()
                }
            }
            for answer in answers {
                #expect(answer?.status == 400 && answer?.json["error"]?["code"] == .string("malformed_encoding"))
            }
            #expect(service.state.withLock { $0.prompts.isEmpty }, "nothing was stored")
        }
    }

    @Test func `other codings are refused with those that are read`() async throws {
        try await withServer { client in
            for coding in ["br", "deflate", "gzip, zstd", "zstd, identity", ""] {
                let answer = await client.send(
                    "POST", "/v1/prompts", headers: header(coding), body: Array(Self.prompts.utf8))
                #expect(answer?.status == 415 && answer?.json["error"]?["code"] == .string("unsupported_encoding"))
                #expect(answer?.headers["accept-encoding"] == "gzip, zstd")
            }
            let plain = await client.send(
                "POST", "/v1/prompts", headers: header("identity"), body: Array(Self.prompts.utf8))
            #expect(plain?.status == 201)
        }
    }

    @Test func `what comes out counts against the memory for all bodies, and is given back`() async throws {
        let long =
            #"{"items":[{"task":{"type":"math","answer":"1"},"response":"\#(String(repeating: "x", count: 60_000))"}]}"#
        let packed = try zstd(Array(long.utf8))
        try await withServer(configure: { $0.bodyBytesInFlightMax = 70_000 }) { client in
            let refused = await client.exchange { connection -> HTTPAnswer? in
                // Holds a little of the memory, so that the other body does not fit when it grows.
                let waiting = HTTPConnection(port: client.port)
                defer { waiting.close() }
                waiting.write("POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: 30000\r\n\r\n")
                connection.rest(seconds: 0.3)
                connection.write(
                    Array(
                        "POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-encoding: zstd\r\ncontent-length: \(packed.count)\r\n\r\n"
                            .utf8) + packed)
                return connection.readAnswer()
            }
            #expect(refused?.status == 429 && refused?.headers["retry-after"] == "1")
            try await Task.sleep(for: .milliseconds(200))
            for _ in 0..<3 {
                let answer = await client.send("POST", "/v1/score", headers: header("zstd"), body: packed)
                #expect(answer?.status == 200, "the memory was given back")
            }
        }
    }
}
