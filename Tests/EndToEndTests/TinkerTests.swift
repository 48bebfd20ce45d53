// Tinker's protocol over a socket to the built binary, in the bodies that its SDK 0.24.1 sends.
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct TinkerTests {
    private let folder: TemporaryFolder
    private var arguments: [String] {
        ["--database", folder.path + "/ledger.sqlite", "--model", folder.path + "/model", "--learner", "off"]
    }

    init() throws {
        folder = try TemporaryFolder()
        try TinyModel.write(to: folder.path + "/model")
    }

    private func ready(_ arguments: [String]) async throws -> ServerProcess {
        let server = try await ServerProcess.start(arguments)
        for _ in 0..<200 {
            if await server.get("/v1/models")["data"]?.elements?.isEmpty == false { return server }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("not ready: \(server.text)")
        return server
    }

    private func post(_ server: ServerProcess, _ path: String, _ body: String, status: Int = 200) async -> JSONValue {
        let answer = await server.client.send("POST", "/api/v1/" + path, json: body)
        #expect(answer?.status == status, "\(path): \(answer?.status ?? 0) \(answer?.text.prefix(400) ?? "")")
        return answer?.json ?? .null
    }

    /// The answer to a request, asked for as the SDK does.
    private func result(_ server: ServerProcess, _ future: JSONValue) async throws -> JSONValue {
        let id = try #require(future["request_id"]?.string)
        for _ in 0..<20 {
            let answer = await server.client.send(
                "POST", "/api/v1/retrieve_future", json: #"{"request_id":"\#(id)","allow_metadata_only":true}"#)
            guard answer?.status == 408 else {
                #expect(answer?.status == 200, "\(answer?.text ?? "")")
                return answer?.json ?? .null
            }
            #expect(answer?.json["type"] == .string("try_again"))
        }
        return .null
    }

    private func model(_ server: ServerProcess) async throws -> String {
        let session = await post(server, "create_session", #"{"tags":[],"user_metadata":{},"sdk_version":"0.24.1"}"#)
        let id = try #require(session["session_id"]?.string)
        let future = await post(
            server, "create_model",
            #"{"session_id":"\#(id)","model_seq_id":0,"base_model":"policy","lora_config":{"rank":4,"seed":1}}"#)
        let made = try await result(server, future)
        return try #require(made["model_id"]?.string, "\(made.text)")
    }

    private static let datum =
        #"{"model_input":{"chunks":[{"type":"encoded_text","tokens":[40,41,42]}]},"loss_fn_inputs":{"#
        + #""target_tokens":{"data":[41,42,43],"dtype":"int64","shape":[3]},"logprobs":{"data":[0.0,-5.0,-5.5],"dtype":"float32","shape":[3]},"#
        + #""advantages":{"data":[0.0,1.0,1.0],"dtype":"float32"}}}"#

    private func batch(_ model: String, _ number: Int, _ config: String = "null", loss: String = "ppo") -> String {
        #"{"model_id":"\#(model)","seq_id":\#(number),"forward_backward_input":{"data":[\#(Self.datum)],"#
            + #""loss_fn":"\#(loss)","loss_fn_config":\#(config)}}"#
    }

    @Test func `a model is made, trained by GPPO, sampled and saved, and survives kill -9 as it was saved`()
        async throws
    {
        let server = try await ready(arguments)
        let model = try await model(server)
        let pass = try await result(
            server, await post(server, "forward_backward", batch(model, 1, #"{"gppo_beta1":1.0,"gppo_beta2":1.0}"#)))
        #expect(pass["metrics"]?["tokens:sum"]?.number == 2, "\(pass.text)")
        #expect(pass["loss_fn_outputs"]?.elements?.first?["logprobs"]?["shape"] == .integers([3]))
        let step = try await result(
            server,
            await post(
                server, "optim_step",
                #"{"model_id":"\#(model)","seq_id":2,"adam_params":{"learning_rate":0.01,"beta1":0.9,"beta2":0.95,"eps":1e-12,"weight_decay":0.0,"grad_clip_norm":0.0},"type":"optim_step"}"#
            ))
        #expect((step["metrics"]?["grad_norm"]?.number ?? 0) > 0 && step["metrics"]?["applied"]?.number == 1)
        let saved = try await result(
            server, await post(server, "save_weights", #"{"model_id":"\#(model)","path":"a","seq_id":3}"#))
        #expect(saved["path"] == .string("tinker://\(model)/weights/a"))
        let after = try await result(server, await post(server, "forward", forward(model, 4)))
        server.signal(SIGKILL)
        #expect(await server.waitForExit(seconds: 20))

        let second = try await ready(arguments)
        let gone = await second.client.send(
            "POST", "/api/v1/retrieve_future", json: #"{"request_id":"\#(model):1"}"#)
        #expect(gone?.status == 410)
        _ = await post(second, "forward", forward(model, 9), status: 404)
        let info = await post(second, "weights_info", #"{"tinker_path":"tinker://\#(model)/weights/a"}"#)
        #expect(info["lora_rank"] == .integer(4) && info["base_model"] == .string("policy"))
        let next = try await self.model(second)
        let loaded = try await result(
            second,
            await post(
                second, "load_weights",
                #"{"model_id":"\#(next)","path":"tinker://\#(model)/weights/a","seq_id":1,"optimizer":true}"#))
        #expect(loaded["path"] == saved["path"])
        #expect(try await result(second, await post(second, "forward", forward(next, 2))) == after)
        second.signal(SIGTERM)
        #expect(await second.waitForExit(seconds: 30))
    }

    private func forward(_ model: String, _ number: Int) -> String {
        #"{"model_id":"\#(model)","seq_id":\#(number),"forward_input":{"data":[\#(Self.datum)],"loss_fn":"ppo"}}"#
    }

    @Test func `what cannot be is refused by name, and what is not there with its reason`() async throws {
        let server = try await ready(arguments)
        let model = try await model(server)
        func refused(_ body: String, _ word: String, status: Int = 422) async {
            let answer = await post(server, "forward_backward", body, status: status)
            #expect(answer["error"]?.string?.contains(word) == true, "\(word): \(answer.text)")
            #expect(answer["category"] == .string("user"))
        }
        await refused(batch(model, 1, #"{"clip_hi":1.2}"#), "clip_hi")
        await refused(batch(model, 1, #"{"clip_low_threshold":1.5}"#), "clip_low_threshold")
        await refused(batch(model, 1, #"{"gppo_beta1":1,"gppo_dual_clip":0.5}"#), "gppo_dual_clip")
        await refused(batch(model, 1, loss: "gppo"), "gppo_beta1")
        await refused(batch(model, 1).replacingOccurrences(of: "[41,42,43]", with: "[41,40,43]"), "target 1")
        await refused(batch(model, 1).replacingOccurrences(of: "[41,42,43]", with: "[41,42]"), "data[0]")
        await refused(batch(model, 1).replacingOccurrences(of: "encoded_text", with: "image"), "image")
        await refused(batch(model, 1).replacingOccurrences(of: "-5.0", with: "1e99"), "not finite")
        await refused(batch("session-none:train:0", 1), "no model", status: 404)
        // None of them used the number.
        _ = try await result(server, await post(server, "forward_backward", batch(model, 1)))
        await refused(batch(model, 1, loss: "cispo"), "number")
        let strange = batch(model, 2).replacingOccurrences(of: "[40,41,42]", with: "[900,41,42]")
        let failed = try await result(server, await post(server, "forward_backward", strange))
        #expect(failed["category"] == .string("user") && failed["error"]?.string?.contains("vocabulary") == true)
        for (sdk, isRefused) in [("0.24.1", false), ("0.38.0", true), ("1.0", true), ("dev", false)] {
            let session = await post(server, "create_session", #"{"tags":[],"sdk_version":"\#(sdk)"}"#)
            #expect((session["error_message"] != .null) == isRefused, "\(session.text)")
        }
        let proto = await server.client.send(
            "POST", "/api/v1/forward_backward", headers: ["content-type": "application/x-protobuf"], body: [8, 1])
        #expect(proto?.status == 415 && proto?.json["error"]?.string?.contains("tinker==0.24.1") == true)
        for path in ["training_runs/a/checkpoints/weights/b/archive", "billing/usage/events"] {
            let answer = await server.client.send("GET", "/api/v1/" + path)
            #expect(answer?.status == 501 && answer?.json["error"]?.string?.hasPrefix("not implemented: ") == true)
        }
        #expect(
            await server.client.send("DELETE", "/api/v1/training_runs/..%2F..%2Fx/checkpoints/weights/a")?.status == 422
        )
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
    }

    @Test func `a server with keys takes Tinker's header, and no other key in it`() async throws {
        let made = try await Binary.run([
            "keys", "create", "--database", folder.path + "/ledger.sqlite", "--name", "t", "--role", "train",
        ])
        let key = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let server = try await ServerProcess.start(arguments)
        func status(_ key: String?) async -> Int? {
            await server.client.send(
                "POST", "/api/v1/create_session", json: "{}", headers: key.map { ["x-api-key": $0] } ?? [:])?.status
        }
        #expect(await status("tml-" + key) == 200)
        #expect(await status(key) == 200)
        #expect(await status(nil) == 401)
        #expect(await status("tml-rld_000000000000_" + String(repeating: "0", count: 64)) == 401)
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
    }

    @Test func `no damaged body of Tinker's is a fault of the server`() async throws {
        let server = try await ready(arguments)
        let model = try await model(server)
        let session = String(model.prefix { $0 != ":" })
        let targets: [(String, String)] = [
            ("forward_backward", batch(model, 1, #"{"gppo_beta1":0.5,"clip_high_threshold":1.28}"#)),
            ("forward", forward(model, 2)),
            ("optim_step", #"{"model_id":"\#(model)","seq_id":3,"adam_params":{"learning_rate":0.01,"eps":1e-12}}"#),
            ("save_weights", #"{"model_id":"\#(model)","path":"a","seq_id":4,"overwrite":true}"#),
            (
                "load_weights",
                #"{"model_id":"\#(model)","path":"tinker://\#(model)/weights/a","seq_id":5,"optimizer":true}"#
            ),
            (
                "create_sampling_session",
                #"{"session_id":"\#(session)","sampling_session_seq_id":1,"base_model":"policy@0"}"#
            ),
            (
                "asample",
                #"{"num_samples":1,"prompt":{"chunks":[{"tokens":[40,41],"type":"encoded_text"}]},"sampling_params":{"max_tokens":4,"stop":[10,"x"],"top_k":-1,"seed":1},"base_model":"policy","prompt_logprobs":true}"#
            ),
            ("retrieve_future", #"{"request_id":"\#(model):create"}"#),
        ]
        for (index, target) in targets.enumerated() {
            var mutator = Mutator(seed: 700 + UInt64(index), corpus: [Array(target.1.utf8)])
            var statuses: [Int: Int] = [:]
            let deadline = ContinuousClock.now + .seconds(FuzzTime.secondsPerTarget / 4)
            repeat {
                let status = await server.client.send("POST", "/api/v1/" + target.0, body: mutator.next())?.status ?? 0
                statuses[status, default: 0] += 1
            } while ContinuousClock.now < deadline
            // 429 and 503 would be right as well, and nothing else of the server's.
            #expect(statuses.keys.allSatisfy { (200..<500).contains($0) || $0 == 503 }, "\(target.0): \(statuses)")
            #expect(statuses.keys.contains { $0 == 400 || $0 == 422 }, "\(target.0): \(statuses)")
        }
        #expect(await server.client.send("GET", "/healthz")?.status == 200)
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
    }
}
