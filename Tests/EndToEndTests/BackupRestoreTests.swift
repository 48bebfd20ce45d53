// Backups of a server that is at work, and the way back: over REST and by command, with two real processes.
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct BackupRestoreTests {
    private func start(_ folder: TemporaryFolder) async throws -> ServerProcess {
        try await ServerProcess.start([
            "--database", folder.path + "/ledger.sqlite", "--model", folder.path + "/model", "--set",
            "groups_per_update=1", "--set", "group_size=2", "--set", "mini_batches=1", "--set", "logprob_gate=none",
            "--set", "response_tokens_max=4", "--set", "prompt_tokens_max=64",
        ])
    }

    private func post(_ server: ServerProcess, _ name: String) async throws {
        let prompt = #"{"prompts":[{"id":"\#(name)","text":"2+2=","task":{"type":"math","answer":"4"}}]}"#
        let rollout =
            #"{"rollouts":[{"id":"\#(name)/0","prompt_id":"\#(name)","response":"\\boxed{4}","token_ids":[1],"logprobs":[-1],"#
            + #""policy_version":0,"finish_reason":"stop","generator":"t"}]}"#
        #expect(await server.client.send("POST", "/v1/prompts", body: Array(prompt.utf8))?.status == 201)
        #expect(await server.client.send("POST", "/v1/rollouts", body: Array(rollout.utf8))?.status == 202)
    }

    private func waitForUpdate(_ server: ServerProcess, beyond version: Int64) async throws {
        for _ in 0..<400 {
            if (await server.get("/admin/status")["policy_version"]?.integer ?? 0) > version { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no update: \(server.text)")
    }

    @Test(.timeLimit(.minutes(5)))
    func `a backup made while the learner works is put back, with its policy, and nothing later`() async throws {
        let folder = try TemporaryFolder()
        try TinyModel.writeTaught(["4", "5"], prompts: ["2+2="], to: folder.path + "/model")
        let database = folder.path + "/ledger.sqlite"
        let server = try await start(folder)
        try await post(server, "before")
        try await waitForUpdate(server, beyond: 0)
        let made = await server.post("/admin/backup", .members(["name": .string("first.sqlite")]))
        #expect(made?.status == 201, "\(made?.text ?? "")")
        #expect((made?.json["checkpoints"]?.integer ?? 0) >= 1)
        let again = await server.post("/admin/backup", .members(["name": .string("first.sqlite")]))
        #expect(again?.status == 409)
        try await post(server, "after")

        // Nothing may be moved under a server's feet.
        let backup = made?.json["path"]?.string ?? ""
        let refused = try await Binary.run(["restore", "--from", backup, "--database", database])
        #expect(refused.status != 0)
        #expect(refused.errors.contains("stop the server first"), "\(refused.errors)")
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 60))

        let restored = try await Binary.run(["restore", "--from", backup, "--database", database])
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(restored.output.contains("what was there is now"))
        let second = try await start(folder)
        #expect(await second.get("/v1/rollouts/before%2F0")["id"]?.string == "before/0")
        #expect(await second.get("/v1/rollouts/after%2F0")["error"]?["code"]?.string == "not_found")
        // The policy of the backup, and then one after it.
        try await waitForUpdate(second, beyond: 0)
        let version = await second.get("/admin/status")["policy_version"]?.integer ?? 0
        try await waitForUpdate(second, beyond: version)
        second.signal(SIGTERM)
        #expect(await second.waitForExit(seconds: 60))
        #expect(try await Binary.run(["check", "--database", database]).status == 0)
        // The former ledger is whole, under its new name.
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let aside = try #require(files.first { $0.hasPrefix("ledger.sqlite.before-") && !$0.contains("checkpoints") })
        #expect(try await Binary.run(["check", "--database", folder.path + "/" + aside]).status == 0)
    }

    @Test func `a backup's name is a name and no path, and old ones go when asked`() async throws {
        let folder = try TemporaryFolder()
        let server = try await ServerProcess.start([
            "--database", folder.path + "/ledger.sqlite", "--learner", "off", "--backups", folder.path + "/copies",
        ])
        for name in ["../escape.sqlite", "a/b.sqlite", ".hidden", "", "/etc/x"] {
            let answer = await server.post("/admin/backup", .members(["name": .string(name)]))
            #expect(answer?.status == 422, "\(name)")
        }
        for name in ["a.sqlite", "b.sqlite", "c.sqlite"] {
            let answer = await server.post(
                "/admin/backup", .members(["name": .string(name), "keep": .integer(2)]))
            #expect(answer?.status == 201)
        }
        let names = await server.get("/admin/backup")["backups"]?.elements?.compactMap { $0["name"]?.string }
        #expect(names == ["c.sqlite", "b.sqlite"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path + "/copies").sorted() == [
                "b.sqlite", "c.sqlite",
            ])
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
    }

    @Test func `a broken backup is refused before anything is moved`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let server = try await ServerProcess.start(["--database", database, "--learner", "off"])
        try await post(server, "p")
        let made = await server.post("/admin/backup", .members(["name": .string("b.sqlite")]))
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 30))
        let backup = try #require(made?.json["path"]?.string)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: backup))
        try handle.seek(toOffset: 8 * 4096)
        try handle.write(contentsOf: Data(repeating: 0x5A, count: 16 * 4096))
        try handle.close()
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let refused = try await Binary.run(["restore", "--from", backup, "--database", database])
        #expect(refused.status != 0)
        #expect(refused.errors.contains("not sound") || refused.errors.contains("damaged"), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
        #expect(try await Binary.run(["check", "--database", database]).status == 0)
    }
}
