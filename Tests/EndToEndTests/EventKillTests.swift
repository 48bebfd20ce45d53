// kill -9 under a watcher: what the ledger keeps comes once each over any number of deaths.
import Domain
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct EventKillTests {
    @Test(.timeLimit(.minutes(5)))
    func `a watcher of a server that is killed again and again misses no group and sees none twice`()
        async throws
    {
        let folder = try TemporaryFolder()
        let arguments = ["--database", folder.path + "/ledger.sqlite", "--learner", "off"]
        var last: String?
        var seen: [String] = []
        var gaps = 0
        var generator = SeededGenerator(seed: 7)
        for round in 0..<8 {
            let server = try await ServerProcess.start(arguments)
            _ = await server.client.send(
                "POST", "/v1/prompts",
                json: #"{"prompts":[{"id":"p","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#)
            let pause = Double.random(in: 0.3...1.2, using: &generator)
            let posting = Task {
                for index in 0..<60 {
                    let answer = await server.client.send("POST", "/v1/rollouts", json: Self.group(round, index))
                    if answer == nil { return }
                }
            }
            let killing = Task {
                try await Task.sleep(for: .seconds(pause))
                server.signal(SIGKILL)
            }
            // Reads until the connection breaks.
            let stream = await server.client.events("/v1/events", after: last) { _ in false }
            try await killing.value
            await posting.value
            #expect(await server.waitForExit(seconds: 20))
            #expect(stream.status == 200 && !stream.isComplete)
            seen += stream.events.filter { $0.type == "group.ready" }.compactMap { $0.data["group_id"]?.string }
            gaps += stream.events.count { $0.type == "gap" }
            last = stream.lastID
        }
        let server = try await ServerProcess.start(arguments)
        // All that was posted is judged after a while; then the stream has nothing more to tell.
        for _ in 0..<200 {
            let ledger = await server.get("/admin/status")["ledger"]
            if ledger?["rollouts"]?["queued"] == .integer(0), ledger?["rollouts"]?["scoring"] == .integer(0) { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        let rest = await server.client.events("/v1/events?types=group.ready", after: last) { $0.heartbeats > 2 }
        seen += rest.events.compactMap { $0.data["group_id"]?.string }
        let export = await server.client.send("GET", "/v1/rollouts/export")
        let stored = (export?.text ?? "").split(separator: "\n").compactMap {
            (try? JSONValue.parse(Array($0.utf8)))?["group_id"]?.string
        }
        let whole = Dictionary(grouping: stored, by: { $0 }).filter { $0.value.count == 8 }.map(\.key)
        server.signal(SIGTERM)
        #expect(await server.waitForExit(seconds: 60))

        #expect(Set(seen).count == seen.count, "a group was told twice")
        #expect(Set(seen) == Set(whole), "\(Set(whole).subtracting(seen).count) groups were never told")
        #expect(seen.count > 40 && gaps >= 7, "\(seen.count) groups and \(gaps) gaps: too little happened")
    }

    /// A group of eight answers.
    private static func group(_ round: Int, _ index: Int) -> String {
        let rollouts = (0..<8).map {
            #"{"id":"r-\#(round)-\#(index)-\#($0)","prompt_id":"p","response":"\\boxed{\#($0)}","policy_version":0}"#
        }
        return #"{"rollouts":[\#(rollouts.joined(separator: ","))]}"#
    }
}
