// Keys by command beside a running server: they count and end within two seconds, and are nowhere but with their holders.
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite struct KeyCommandTests {
    private func makeKey(_ database: String, _ arguments: [String]) async throws -> String {
        let made = try await Binary.run(["keys", "create", "--database", database] + arguments)
        #expect(made.status == 0, "\(made.errors)")
        return made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func id(_ key: String) -> String { String(key.split(separator: "_")[1]) }

    /// The status of a request with a key, once it is the wanted one or two seconds are over. Whoever asks so often with a
    /// key that is over is soon told to wait: that is a refusal like the first.
    private func settles(_ server: ServerProcess, _ key: String, at wanted: Int) async -> Int? {
        let end = ContinuousClock.now + .seconds(2)
        var status: Int?
        repeat {
            status = await server.client.send("GET", "/v1/updates", headers: ["authorization": "Bearer " + key])?.status
            if status == 429 { status = 401 }
            if status == wanted { return status }
            try? await Task.sleep(for: .milliseconds(50))
        } while ContinuousClock.now < end
        return status
    }

    @Test func `a running server notices keys within two seconds, and neither logs nor files have a secret`()
        async throws
    {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let first = try await makeKey(database, ["--name", "me", "--role", "admin"])
        #expect(first.wholeMatch(of: /rld_[0-9a-f]{12}_[0-9a-f]{64}/) != nil)
        let server = try await ServerProcess.start(
            ["--database", database, "--learner", "off"], environment: ["ROLLOUTD_LOG_LEVEL": "trace"])
        #expect(await server.client.send("GET", "/v1/updates")?.status == 401)
        #expect(await settles(server, first, at: 200) == 200)

        let second = try await makeKey(
            database, ["--name", "vllm-a", "--role", "generate", "--expires-in-days", "1", "--weight", "2"])
        #expect(await settles(server, second, at: 200) == 200)
        let third = try await Binary.run(["keys", "rotate", id(second), "--keep-minutes", "0", "--database", database])
        #expect(third.status == 0, "\(third.errors)")
        let rotated = third.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(await settles(server, second, at: 401) == 401)
        #expect(await settles(server, rotated, at: 200) == 200)
        #expect(try await Binary.run(["keys", "revoke", id(rotated), "--database", database]).status == 0)
        #expect(await settles(server, rotated, at: 401) == 401)

        // Over REST a key counts and ends at once.
        let headers = ["authorization": "Bearer " + first]
        let issued = await server.client.send(
            "POST", "/admin/keys", json: #"{"name":"judge","roles":["score"]}"#, headers: headers)
        let fourth = try #require(issued?.json["key"]?.string)
        #expect(await settles(server, fourth, at: 200) == 200)
        let path = "/admin/keys/\(id(fourth))/revoke"
        #expect(await server.client.send("POST", path, headers: headers)?.status == 200)
        #expect(await settles(server, fourth, at: 401) == 401)

        let log = await server.client.send("GET", "/admin/audit", headers: headers)?.json["entries"]?.elements ?? []
        #expect(
            log.compactMap { $0["action"]?.string } == [
                "key.revoke", "key.create", "key.revoke", "key.rotate", "key.create", "key.create",
            ])
        #expect(log.first?["actor"]?.string == id(first) && log.last?["actor"]?.string == "command")

        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 20))
        #expect(server.text.contains("/v1/updates"), "the log is there to be searched")
        let listed = try await Binary.run(["keys", "list", "--database", database])
        let audit = try await Binary.run(["audit", "--database", database])
        #expect(listed.output.split(separator: "\n").count == 4 && audit.output.contains("key.refused"))
        // Written down at the end at the latest.
        #expect(
            try JSONValue.parse(text: String(listed.output.split(separator: "\n")[3]))["last_used_at"]?.string != nil)
        for key in [first, second, rotated, fourth] {
            let secret = String(key.split(separator: "_")[2])
            for text in [server.text, listed.output, audit.output] { #expect(!text.contains(secret)) }
            for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                guard let data = FileManager.default.contents(atPath: folder.path + "/" + file) else { continue }
                #expect(data.range(of: Data(secret.utf8)) == nil, "\(file)")
            }
        }
        #expect(try await Binary.run(["check", "--database", database]).status == 0)
    }

    @Test func `an address beyond loopback needs a live key in the database or in the environment`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let arguments = ["--database", database, "--learner", "off", "--host", "0.0.0.0"]
        let refused = await #expect(throws: ServerProcess.StartFailure.self) {
            _ = try await ServerProcess.start(arguments)
        }
        #expect(refused?.output.contains("rolloutd keys create") == true && refused?.status == 64)
        let key = try await makeKey(database, ["--name", "me", "--role", "admin"])
        let server = try await ServerProcess.start(arguments)
        #expect(await settles(server, key, at: 200) == 200)
        #expect(try await Binary.run(["keys", "revoke", id(key), "--database", database]).status == 0)
        #expect(await settles(server, key, at: 401) == 401)
        #expect(await server.client.send("GET", "/v1/updates")?.status == 401, "the last key's end opens nothing")
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 20))
        await #expect(throws: ServerProcess.StartFailure.self) { _ = try await ServerProcess.start(arguments) }
    }

    @Test func `certificate files that cannot be used are refused before anything is opened`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        for arguments in [["--tls-certificate", "no.pem", "--tls-key", "no.key"], ["--tls-certificate", "no.pem"]] {
            let refused = await #expect(throws: ServerProcess.StartFailure.self) {
                _ = try await ServerProcess.start(["--database", database, "--learner", "off"] + arguments)
            }
            #expect(refused?.status == 64 && refused?.output.contains("tls") == true)
            #expect(!FileManager.default.fileExists(atPath: database))
        }
    }

    @Test func `a key's command says what is wrong with what was asked, and makes nothing`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        for (arguments, text) in [
            (["--name", "x", "--role", "boss"], "generate, score, train, admin"),
            (["--name", "x", "--role", "score", "--weight", "0"], "from 1 to 100"),
            (["--name", "x", "--role", "score", "--expires-in-days", "-1"], "--expires-in-days"),
            (["--name", "", "--role", "score"], "name"),
        ] {
            let result = try await Binary.run(["keys", "create", "--database", database] + arguments)
            #expect(result.status == 64 && result.errors.contains(text), "\(arguments): \(result.errors)")
            #expect(!result.output.contains("rld_"))
        }
        let revoked = try await Binary.run(["keys", "revoke", "nobody", "--database", database])
        #expect(revoked.status == 64 && revoked.errors.contains("there is no key nobody"))
        #expect(try await Binary.run(["keys", "list", "--database", database]).output == "")
    }
}
