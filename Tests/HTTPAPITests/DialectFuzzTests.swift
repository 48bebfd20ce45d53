// Bodies of other systems' protocols, damaged, over a real socket: every answer is the client's fault or none.
import HTTPAPI
import Synchronization
import TestSupport
import Testing

@Suite struct DialectFuzzTests {
    private static let bodies: [(path: String, examples: [String])] = [
        (
            "/run_code",
            [
                #"{"compile_timeout":10,"run_timeout":1.5,"code":"print(1)","stdin":"a","memory_limit_MB":-1,"language":"python","files":{},"fetch_files":[]}"#
            ]
        ),
        (
            "/submit",
            [
                #"{"dataset":"d","id":1,"completion":"```python\nprint(3)\n```","config":{"dataset_type":"CommonOJDataset","language":"python","provided_data":{"test":[{"input":{"stdin":"1"},"output":{"stdout":"3"}}]},"extra":{"run_all_cases":true}}}"#,
                #"{"dataset":"d","id":"x","completion":"","config":{"dataset_type":"CommonOJDataset","language":"cpp","provided_data":{"test":"[{\"input\":{},\"output\":{\"stdout\":\"\"}}]"}}}"#,
            ]
        ),
        (
            "/get_reward",
            [
                #"{"query":["q\\boxed{4}"],"prompts":["q"],"labels":["4"]}"#,
                #"{"query":["a","b"],"prompts":["",""],"labels":[4,"{\"type\":\"math\",\"answer\":\"1\"}"]}"#,
            ]
        ),
        (
            "/rm",
            [#"{"prompt":[{"role":"user","content":"?"}],"response":"4","label":{"type":"math","answer":["4","5"]}}"#]
        ),
        (
            "/verify",
            [
                #"{"responses_create_params":{"input":[]},"response":{"output":[{"type":"message","content":[{"type":"output_text","text":"4"}]}]},"expected_answer":"4"}"#,
                #"{"response":{"output":[]},"verifier_metadata":{"unit_tests":{"inputs":["1\n[2]"],"outputs":["3"],"fn_name":"f"}}}"#,
            ]
        ),
        (
            "/scored_data",
            [
                #"{"tokens":[[1,2],[3]],"masks":[[-100,2],[3]],"scores":[1,0.5],"advantages":[[0.5]],"messages":[[{"role":"user","content":[1]}]],"env_id":0}"#,
                #"{"tokens":[[1]],"masks":[[1]],"scores":[1],"overrides":[{"a":1}],"group_overrides":{},"images":"x","distill_token_ids":[[[1,2]]],"distill_logprobs":[[[-0.5]]]}"#,
            ]
        ),
        (
            "/scored_data_list",
            [#"[{"tokens":[[1]],"masks":[[1]],"scores":[1]},{"tokens":[[2]],"masks":[[2]],"scores":[0]}]"#]
        ),
        (
            "/register",
            [
                #"{"wandb_group":"g","wandb_project":"p","batch_size":8,"max_token_len":512,"checkpoint_dir":"/c","save_checkpoint_interval":5,"starting_step":0,"num_steps":9}"#
            ]
        ),
        (
            "/register-env",
            [
                #"{"max_token_length":512,"desired_name":"e","weight":1.0,"group_size":4,"min_batch_allocation":0.25}"#
            ]
        ),
        ("/disconnect-env", [#"{"env_id":0}"#]),
        (
            "/v1/fine_tuning/alpha/graders/run",
            [
                #"{"grader":{"type":"multi","name":"m","graders":{"a":{"type":"string_check","name":"n","operation":"ilike","input":"{{sample.output_json.k}}","reference":"{{ item.x }}"}},"calculate_output":"-a**2/max(a,1e-3)"},"model_sample":"{\"k\":1}","item":{"x":2}}"#,
                #"{"grader":{"type":"text_similarity","name":"t","evaluation_metric":"gleu","input":"a b","reference":"{{sample.output_text}}"},"model_sample":"a"}"#,
            ]
        ),
        (
            "/api/v2/execute",
            [
                #"{"language":"python3","version":"*","files":[{"name":"a","content":"x","encoding":"utf8"}],"stdin":"","args":[],"run_timeout":3000,"run_memory_limit":-1}"#
            ]
        ),
    ]

    @Test func `no damaged body of another protocol is a fault of the server`() async throws {
        let counts = Mutex<[String: [Int: Int]]>([:])
        try await withServer { client in
            for (index, target) in Self.bodies.enumerated() {
                var mutator = Mutator(seed: 300 + UInt64(index), corpus: target.examples.map { Array($0.utf8) })
                let deadline = ContinuousClock.now + .seconds(FuzzTime.secondsPerTarget / 4)
                for example in target.examples {
                    let answer = await client.send("POST", target.path, json: example)
                    #expect(answer?.status == 200, "\(target.path): \(answer?.text ?? "")")
                }
                repeat {
                    let body = mutator.next()
                    let status = await client.send("POST", target.path, body: body)?.status ?? 0
                    counts.withLock { $0[target.path, default: [:]][status, default: 0] += 1 }
                    #expect((200..<500).contains(status), "\(target.path): \(status) for \(body)")
                } while ContinuousClock.now < deadline
            }
        }
        for (path, statuses) in counts.withLock({ $0 }) {
            #expect(statuses.keys.contains { $0 >= 400 } && statuses.values.reduce(0, +) > 30, "\(path): \(statuses)")
        }
    }
}
