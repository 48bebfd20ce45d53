// Every body of openapi.yaml and every part of a request's head, damaged, over a real socket: an answer that is no fault of ours, and a
// server that still works.
import Foundation
import HTTPAPI
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct RequestFuzzTests {
    /// Statuses by how often they came, over all targets of a test.
    private final class Tally: Sendable {
        private let counts = Mutex<[Int: Int]>([:])
        func count(_ status: Int) { counts.withLock { $0[status, default: 0] += 1 } }
        var all: [Int: Int] { counts.withLock { $0 } }
    }

    @Test func `no damaged body is a fault of the server, and good ones are still taken after it`() async throws {
        let operations = try Contract().operations.filter { !$0.examples.isEmpty }
        let tally = Tally()
        try await withServer { client in
            for (index, operation) in operations.enumerated() {
                let corpus = operation.examples.map { example in
                    Array(
                        (example.mediaType == "application/json" ? example.value.text : example.value.string ?? "").utf8
                    )
                }
                let type = operation.examples.first?.mediaType ?? "application/json"
                var mutator = Mutator(seed: 100 + UInt64(index), corpus: corpus)
                let deadline = ContinuousClock.now + .seconds(FuzzTime.secondsPerTarget / 4)
                repeat {
                    let body = mutator.next()
                    let answer = await client.send(
                        operation.method, operation.target(["id": "none"]), headers: ["content-type": type], body: body)
                    let status = answer?.status ?? 0
                    tally.count(status)
                    #expect(
                        (200..<500).contains(status), "\(operation.method) \(operation.path): \(status) for \(body)")
                } while ContinuousClock.now < deadline
            }
            #expect(await client.send("GET", "/healthz")?.status == 200)
            let prompt = #"{"prompts":[{"id":"after","text":"1+1?","task":{"type":"math","answer":"2"}}]}"#
            #expect(await client.send("POST", "/v1/prompts", json: prompt)?.status == 201)
        }
        let all = tally.all
        #expect(all.values.reduce(0, +) > 50 * operations.count, "\(all)")
        // Damage that is always refused would mean that nothing behind the parser was reached.
        #expect(all.keys.contains { $0 < 300 } && all.keys.contains(400) && all.keys.contains(422), "\(all)")
    }

    @Test func `no damaged head is a fault of the server`() async throws {
        let heads = [
            "GET /v1/rollouts?status=scored&dataset=a%20b&limit=3&before=9 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\r\n",
            "GET /v1/rollouts/r%2F1?wait_seconds=0 HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic dTprZXk=\r\naccept: text/html\r\n\r\n",
            "POST /v1/prompts HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: 2\r\n\r\n{}",
            "POST /v1/leases HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\nx-request-id: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "GET /v1/policies/latest/weights HTTP/1.1\r\nhost: localhost\r\nif-none-match: \"3\"\r\nconnection: close\r\n\r\n",
        ]
        let tally = Tally()
        try await withServer(
            ScriptedService(),
            configure: { configuration in
                configuration.apiKeys = ["k"]
                configuration.readSecondsMax = 0.3
            }
        ) { client in
            var mutator = Mutator(seed: 200, corpus: heads.map { Array($0.utf8) })
            let deadline = ContinuousClock.now + .seconds(2 * FuzzTime.secondsPerTarget)
            repeat {
                let bytes = mutator.next()
                let status = await client.exchange { connection -> Int in
                    connection.write(bytes)
                    connection.finishWriting()
                    return connection.readAnswer()?.status ?? 0
                }
                tally.count(status)
                #expect(
                    status < 500 || status == 501 || status == 505,
                    "\(status) for \(String(decoding: bytes, as: UTF8.self))")
            } while ContinuousClock.now < deadline
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
        #expect(tally.all.values.reduce(0, +) > 50, "\(tally.all)")
    }
}
