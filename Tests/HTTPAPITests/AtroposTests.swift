// The trajectory API of Atropos over the real service and a real ledger. atroposlib's own tests run in scripts/conformance.
import Compressing
import Domain
import Foundation
@testable import HTTPAPI
import Service
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct AtroposTests {
    private static let trainer = registration(batchSize: 2)

    private static func registration(batchSize: Int) -> String {
        #"{"wandb_group":"g","wandb_project":"p","batch_size":\#(batchSize),"max_token_len":512,"checkpoint_dir":"/c","#
            + #""save_checkpoint_interval":5,"starting_step":3,"num_steps":100}"#
    }

    private static func group(_ number: Int, sequences: Int = 1, _ more: String = "") -> String {
        let rows = Array(repeating: "[\(number)]", count: sequences).joined(separator: ",")
        let scores = Array(repeating: "0.5", count: sequences).joined(separator: ",")
        return #"{"tokens":[\#(rows)],"masks":[\#(rows)],"scores":[\#(scores)]\#(more)}"#
    }

    private static func group(_ number: Int, _ more: String) -> String { group(number, sequences: 1, more) }

    /// The first token of each group of a batch.
    private func numbers(_ answer: HTTPAnswer?) -> [Int64]? {
        answer?.json["batch"]?.elements?.map { $0["tokens"]?.elements?.first?.elements?.first?.integer ?? -1 }
    }

    private func started(_ client: HTTPClient, batchSize: Int = 2) async {
        let answer = await client.send("POST", "/register", json: Self.registration(batchSize: batchSize))
        #expect(answer?.status == 200, "\(answer?.text ?? "")")
        #expect(await client.send("GET", "/batch")?.text == #"{"batch":null}"#)
    }

    // MARK: As Atropos answers

    @Test func `sessions with Atropos' own server are answered alike, request by request`() async throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appendingPathComponent("Vectors/atropos/sessions.json")
        let sessions = try JSONValue.parse(Data(contentsOf: file)).elements ?? []
        #expect(sessions.count == 8)
        for (number, session) in sessions.enumerated() {
            try await withDirectory { directory in
                try await withRealServer(directory) { client in
                    for (index, step) in (session.elements ?? []).enumerated() {
                        if let size = step["register"]?.integer {
                            let body = Self.registration(batchSize: Int(size))
                            #expect(await client.send("POST", "/register", json: body)?.status == 200)
                            continue
                        }
                        let body = step["body"].flatMap { $0 == .null ? nil : $0.serialized() }
                        let answer = await client.send(
                            step["method"]?.string ?? "", step["path"]?.string ?? "", body: body)
                        let place = "session \(number), step \(index): \(step["path"]?.string ?? "")"
                        if step["answer"]?["status"] == .string("failure") {
                            #expect(answer?.json["status"] == .string("failure"), "\(place)")
                        } else {
                            #expect(answer?.json == step["answer"], "\(place)")
                        }
                    }
                }
            }
        }
    }

    @Test func `a group comes back with all fields, its numbers and messages as they were sent`() async throws {
        let more =
            #","advantages":[[1,-0.0,1e-7]],"ref_logprobs":null,"messages":[[{"role":"dog","content":{"a":[1,{"b":null}],"big":123456789012345678901234567890},"x":true}]],"#
            + #""generation_params":{"temperature":0.7},"overrides":[{"sft":true}],"images":["é\u0000"],"unknown":1,"distill_token_ids":[[[1,2],[3,4.0]]]"#
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client, batchSize: 1)
                let body = #"{"tokens":[[7,8.0]],"masks":[[-100,8]],"scores":[1]\#(more)}"#
                #expect(await client.send("POST", "/scored_data", json: body)?.text == #"{"status":"received"}"#)
                let expected =
                    #"{"tokens":[[7,8]],"masks":[[-100,8]],"scores":[1.0],"advantages":[[1.0,-0.0,1e-07]],"ref_logprobs":null,"#
                    + #""messages":[[{"role":"dog","content":{"a":[1,{"b":null}],"big":123456789012345678901234567890},"x":true}]],"#
                    + #""generation_params":{"temperature":0.7},"inference_logprobs":null,"overrides":[{"sft":true}],"#
                    + #""group_overrides":null,"images":["é\u0000"],"env_id":null,"distill_token_ids":[[[1,2],[3,4]]],"distill_logprobs":null}"#
                #expect(await client.send("GET", "/latest_example")?.text == expected)
                let batch = await client.send("GET", "/batch")
                #expect(batch?.text == #"{"batch":[\#(expected)]}"#)
                #expect(batch?.headers["x-batch-id"] == "1" && batch?.headers["x-batch-attempt"] == "1")
                #expect(batch?.headers["x-policy-version"] == nil)
            }
        }
    }

    @Test func `a trainer gets a number of 128 bits, and clearing the data clears all of it`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let number = await client.send("POST", "/register", json: Self.trainer)?.json["uuid"]
                guard case .bigInteger(let digits)? = number else {
                    Issue.record("\(String(describing: number))")
                    return
                }
                #expect(UInt128(digits) != nil)
                _ = await client.send("GET", "/batch")
                _ = await client.send("POST", "/scored_data", json: Self.group(1))
                #expect(await client.send("GET", "/reset_data")?.text == "Reset successful")
                #expect(await client.send("GET", "/info")?.text == #"{"batch_size":-1,"max_token_len":-1}"#)
                #expect(await client.send("GET", "/status")?.text == #"{"current_step":0,"queue_size":0}"#)
                #expect(await client.send("GET", "/wandb_info")?.text == #"{"group":null,"project":null}"#)
                #expect(await client.send("GET", "/latest_example")?.json["tokens"] == .array([]))
                #expect(await client.send("GET", "/batch")?.json["status"] == .string("error"))
            }
        }
    }

    // MARK: Refusals

    @Test
    func
        `what cannot be read is 422 in FastAPI's form and what passes is 503, for clients drop their data on other 4xx`()
        async throws
    {
        let service = ScriptedService()
        try await withServer(service) { client in
            for (body, place) in [
                (#"{"masks":[[1]],"scores":[1]}"#, "tokens"),
                (#"{"tokens":[[1.5]],"masks":[[1]],"scores":[1]}"#, "tokens[0][0]"),
                (#"{"tokens":[[99999999999999999999]],"masks":[[1]],"scores":[1]}"#, "tokens[0][0]"),
                (#"{"tokens":[["1"]],"masks":[[1]],"scores":[1]}"#, "tokens[0][0]"),
                (#"{"tokens":[[1]],"masks":[[1]],"scores":["a"]}"#, "scores[0]"),
                (Self.group(1, #","messages":[[{"role":"user"}]]"#), "messages[0][0].content"),
                (Self.group(1, #","messages":[[{"content":"x"}]]"#), "messages[0][0].role"),
                (Self.group(1, #","generation_params":[]"#), "generation_params"),
                (#"{"tokens":[],"masks":[],"scores":[]}"#, "tokens"),
            ] {
                let answer = await client.send("POST", "/scored_data", json: body)
                #expect(answer?.status == 422, "\(body)")
                #expect(
                    answer?.json["detail"]?.elements?[0]["loc"] == .array([.string("body"), .string(place)]), "\(body)")
            }
            for body in ["{", "", "[1]", #"{"tokens":[[1]],"masks":[[1]],"scores":[NaN]}"#] {
                #expect(await client.send("POST", "/scored_data", json: body)?.status == 422, "\(body)")
            }
            for failure in [
                ServiceError(.overloaded, "full", retryAfterSeconds: 3), ServiceError(.quotaExceeded, "used up"),
                ServiceError(.unavailable, "no ledger"), ServiceError(.internal, "broken"),
            ] {
                service.fail(failure)
                let answer = await client.send("POST", "/scored_data", json: Self.group(1))
                #expect(answer?.status == 503 && answer?.headers["retry-after"] != nil, "\(failure)")
            }
        }
    }

    @Test func `numbers that grow when they are written out are bounded, for what is stored must be read again`() throws
    {
        let numbers = JSONValue.doubles([Double](repeating: 1e15, count: 4_000_000))
        let json = JSONValue.members([
            "tokens": .array([.integers([1])]), "masks": .array([.integers([1])]), "scores": numbers,
        ])
        #expect(throws: InputError.self) { try TrajectoryGroup(scoredData: json) }
    }

    @Test func `compressed posts are read, and one that is no gzip is refused in Atropos' words`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client, batchSize: 8)
                let writer = try GzipWriter()
                let body = Array(Self.group(7, sequences: 8).utf8)
                let packed = try writer.compress(body, isLast: true)
                let gzip = ["content-encoding": "gzip"]
                #expect(await client.send("POST", "/scored_data", headers: gzip, body: packed)?.status == 200)
                for broken in [body, Array(packed.dropLast(9)), Array("x".utf8)] {
                    let answer = await client.send("POST", "/scored_data", headers: gzip, body: broken)
                    #expect(answer?.status == 400 && answer?.text == "Invalid gzip payload")
                }
                #expect(numbers(await client.send("GET", "/batch")) == [7])
            }
        }
    }

    @Test func `long answers are compressed for those who take it, and say so`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client, batchSize: 512)
                _ = await client.send("POST", "/scored_data", json: Self.group(7, sequences: 512))
                let plain = try #require(await client.send("GET", "/latest_example"))
                #expect(plain.headers["content-encoding"] == nil && plain.body.count > 1_000)
                for path in ["/latest_example", "/batch"] {
                    let answer = await client.send("GET", path, headers: ["accept-encoding": "deflate, gzip;q=0.5"])
                    #expect(answer?.headers["content-encoding"] == "gzip", "\(path)")
                    let text = try (answer?.body ?? []).withUnsafeBytes {
                        try decompressed($0, from: .gzip, limit: 1_000_000)
                    }
                    let expected =
                        path == "/batch" ? Array(#"{"batch":["#.utf8) + plain.body + Array("]}".utf8) : plain.body
                    #expect(text == expected, "\(path)")
                }
                let short = await client.send("GET", "/info", headers: ["accept-encoding": "gzip"])
                #expect(short?.headers["content-encoding"] == nil)
                let none = await client.send("GET", "/latest_example", headers: ["accept-encoding": "gzip;q=0"])
                #expect(none?.body == plain.body)
            }
        }
    }

    @Test func `pages of other sites clear nothing and take no batch, and neither does HEAD`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client)
                _ = await client.send("POST", "/scored_data", json: Self.group(1))
                for path in ["/reset_data", "/batch"] {
                    let answer = await client.send("GET", path, headers: ["sec-fetch-site": "cross-site"])
                    #expect(answer?.status == 403)
                    #expect(await client.send("HEAD", path)?.status == 405)
                }
                #expect(await client.send("GET", "/status")?.json["queue_size"] == .integer(1))
            }
        }
    }

    // MARK: Once

    @Test func `a post that is sent again because its answer was lost is stored once`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client)
                let body = Self.group(5)
                let head =
                    "POST /scored_data HTTP/1.1\r\nhost: 127.0.0.1:\(client.port)\r\ncontent-type: application/json\r\n"
                    + "content-length: \(body.utf8.count)\r\n\r\n"
                // Gone before the answer is there.
                await client.exchange { connection in
                    _ = connection.write(head + body)
                }
                var stored: JSONValue?
                for _ in 0..<200 where stored != .integer(1) {
                    stored = await client.send("GET", "/status")?.json["queue_size"]
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(stored == .integer(1))
                let again = await client.send("POST", "/scored_data", json: body)
                #expect(again?.text == #"{"status":"received"}"#)
                #expect(await client.send("GET", "/status")?.json["queue_size"] == .integer(1))
                // That one was answered: the same content is another group now.
                _ = await client.send("POST", "/scored_data", json: body)
                #expect(await client.send("GET", "/status")?.json["queue_size"] == .integer(2))
            }
        }
    }

    @Test func `posts with the same content count each when each was answered, but once under one key`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client, batchSize: 64)
                let body = Self.group(5)
                for _ in 0..<3 { _ = await client.send("POST", "/scored_data", json: body) }
                _ = await client.send("POST", "/scored_data_list", json: "[\(body),\(body)]")
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 { group.addTask { _ = await client.send("POST", "/scored_data", json: body) } }
                }
                #expect(await client.send("GET", "/status")?.json["queue_size"] == .integer(13))
                for _ in 0..<3 {
                    let keyed = await client.send(
                        "POST", "/scored_data", json: body, headers: ["idempotency-key": "mine"])
                    #expect(keyed?.text == #"{"status":"received"}"#)
                }
                #expect(await client.send("GET", "/status")?.json["queue_size"] == .integer(14))
                let other = await client.send(
                    "POST", "/scored_data", json: Self.group(6), headers: ["idempotency-key": "mine"])
                #expect(other?.status == 422)
            }
        }
    }

    // MARK: Leases

    @Test func `a batch is given out again until its trainer asks for the next or names it`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client)
                for number in 1...6 { _ = await client.send("POST", "/scored_data", json: Self.group(number)) }
                #expect(numbers(await client.send("GET", "/batch")) == [1, 2])
                // The trainer died and another has come.
                _ = await client.send("POST", "/register", json: Self.trainer)
                let again = await client.send("GET", "/batch")
                #expect(numbers(again) == [1, 2] && again?.headers["x-batch-attempt"] == "2")
                // Asking for the next acknowledges the one before.
                #expect(numbers(await client.send("GET", "/batch")) == [3, 4])
                let kept = await client.send("GET", "/batch", headers: ["x-acknowledge-batch": "none"])
                #expect(numbers(kept) == [5, 6])
                let last = try #require(kept?.headers["x-batch-id"])
                let named = await client.send("GET", "/batch", headers: ["x-acknowledge-batch": last])
                #expect(named?.text == #"{"batch":null}"#)
                // 3 and 4 were neither named nor passed over, and another size of batches takes them apart.
                _ = await client.send("POST", "/register", json: Self.registration(batchSize: 1))
                #expect(numbers(await client.send("GET", "/batch")) == [3])
                #expect(numbers(await client.send("GET", "/batch")) == [4])
                #expect(await client.send("GET", "/batch")?.text == #"{"batch":null}"#)
                #expect(await client.send("GET", "/batch?lease_seconds=0")?.status == 422)
            }
        }
    }

    @Test func `a batch that did not arrive whole is given out again`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                await started(client)
                // More than a client reads at once.
                let filler = #","images":"\#(String(repeating: "x", count: 700_000))""#
                for number in 1...2 { _ = await client.send("POST", "/scored_data", json: Self.group(number, filler)) }
                await client.exchange { connection in
                    _ = connection.write("GET /batch HTTP/1.1\r\nhost: 127.0.0.1:\(client.port)\r\n\r\n")
                    _ = connection.readSome()
                }
                var again: HTTPAnswer?
                for _ in 0..<100 where numbers(again) == nil {
                    again = await client.send("GET", "/batch")
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(numbers(again) == [1, 2] && again?.headers["x-batch-attempt"] == "2")
            }
        }
    }
}
