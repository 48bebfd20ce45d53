// examples/binary.py against the binary: what it posts is what JSON would have posted.
import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite struct BinaryClientTests {
    @Test func `the example posts a group in binary, and the same group in JSON is a repetition`() async throws {
        let folder = try TemporaryFolder()
        let server = try await ServerProcess.start(["--learner", "off", "--database", folder.path + "/ledger.sqlite"])
        defer { server.signal(SIGKILL) }
        let prompts = #"{"prompts":[{"id":"p","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#
        #expect(await server.client.send("POST", "/v1/prompts", json: prompts)?.status == 201)
        // Decimals as Python writes 32-bit floats that were widened, and as it writes doubles.
        let rollouts = ["-0.10000000149011612, -1.5e-05, -0.0", "-0.6931471805599453, -12.25, -3"].enumerated().map {
            #"{"id":"r\#($0)","prompt_id":"p","group_id":"g","group_size":2,"response":"\\boxed{4}","policy_version":0,"#
                + #""token_ids":[1,149999,7],"logprobs":[\#($1)]}"#
        }
        let posted = try await post(rollouts.joined(separator: "\n"), server.port)
        #expect(
            posted.status == 0 && posted.output.components(separatedBy: #""created": true"#).count == 3, "\(posted)")
        let again = await server.client.send(
            "POST", "/v1/rollouts", json: #"{"rollouts":[\#(rollouts.joined(separator: ","))]}"#)
        #expect(again?.status == 202)
        #expect(again?.json["rollouts"]?.elements?.map { $0["created"] } == [.bool(false), .bool(false)])
        #expect(again?.json["rollouts"]?.elements?.map { $0["group_id"] } == [.string("g"), .string("g")])
        let other = try await post(rollouts[0].replacing("-0.0]", with: "-0.5]"), server.port)
        #expect(other.status != 0 && other.errors.contains("409"))
    }

    /// Runs the example with rollouts on its standard input.
    private func post(_ lines: String, _ port: Int) async throws -> (
        status: Int32, output: String, errors: String
    ) {
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("examples/binary.py")
        return try await Binary.run(
            ["python3", example.path, "http://127.0.0.1:\(port)"], input: lines,
            at: URL(fileURLWithPath: "/usr/bin/env"))
    }
}
