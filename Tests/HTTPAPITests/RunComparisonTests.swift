// Runs compared by the real service over real ledgers, whatever their files are called.
import Domain
import Foundation
@testable import HTTPAPI
import Service
import Storage
import TestSupport
import Testing

@Suite(.serialized) struct RunComparisonTests {
    /// A ledger with some updates and a measurement.
    private func makeRun(_ path: String, accuracy: Double) async throws {
        let ledger = try Ledger.open(
            at: path, clock: WallClock { Timestamp(milliseconds: 5) }, identifiers: IdentifierSource { $0 })
        for version in 0...3 {
            let checkpoint = CheckpointManifest(
                version: PolicyVersion(version), path: "policy-\(version)", bytes: 1, digest: "d\(version)",
                learnerState: "{}")
            guard version > 0 else {
                try await ledger.registerInitialPolicy(checkpoint: checkpoint)
                continue
            }
            let record = UpdateRecord(
                version: PolicyVersion(version), createdAt: Timestamp(milliseconds: 5), objective: "gppo",
                metrics: [.init("entropy", accuracy + Double(version)), .init("reward_mean", accuracy)])
            try await ledger.commit(update: UpdateCommit(record: record, groups: [], checkpoint: checkpoint))
        }
        try await ledger.record(evaluations: [
            EvaluationRecord(
                version: PolicyVersion(3), kind: "all", prompts: 4, samples: 0, greedyAccuracy: accuracy,
                averageAccuracy: nil, passAtK: nil, undetermined: 0, learningSeconds: 0,
                createdAt: Timestamp(milliseconds: 5))
        ])
        try await ledger.close()
    }

    @Test func `files with hostile names are runs like others, by their exact names, and broken ones are listed`()
        async throws
    {
        try await withDirectory { directory in
            let runs = directory + "/runs"
            try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
            let hostile = "<b onclick=x>a,b&c'\"?#%41"
            for (name, accuracy) in [
                ("\(hostile)-seed-1", 0.25), ("\(hostile)-seed-2", 0.5), ("plain-seed-1", 0.5), ("plain-seed-2", 0.75),
            ] {
                try await makeRun("\(runs)/\(name).sqlite", accuracy: accuracy)
            }
            #expect(FileManager.default.createFile(atPath: runs + "/<i>broken.sqlite", contents: Data("no".utf8)))
            let before = try FileManager.default.contentsOfDirectory(atPath: runs).sorted()
            try await withRealServer(directory, runs: runs) { client in
                let all = await client.send("GET", "/runs/compare")
                let text = all?.text ?? ""
                #expect(all?.status == 200, "\(text.prefix(300))")
                for part in [
                    "&lt;b onclick=x&gt;a,b&amp;c&#39;&quot;?#%41 (2 seeds)", "&lt;i&gt;broken", "+25.0 ± 0.0 % *",
                    "This server&#39;s own ledger and 4 of",
                ] {
                    #expect(text.contains(part), "\(part)")
                }
                #expect(!text.contains("<b onclick") && !text.contains("<i>broken"))
                let method = percentEncoded(hostile)
                let one =
                    await client.send("GET", "/runs/compare?method=\(method)&metric=entropy&seeds=each")?.text ?? ""
                #expect(one.components(separatedBy: "class=\"line s0 thin\"").count == 1 + 2 * 2)
                #expect(!one.contains("There is no run or method"))
                let link = "/runs/compare?run=\(percentEncoded(hostile + "-seed-2"))"
                #expect(text.contains("href=\"\(link)\""))
                #expect(await client.send("GET", link)?.text.contains("50.0 %") == true)
                let file = await client.send("GET", "/runs/compare.svg?metric=entropy&method=\(method)")
                #expect(file?.status == 200 && file?.text.contains("<b onclick") == false)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: runs).sorted() == before)
        }
    }

    @Test func `without a directory the page shows this ledger and says how to see others`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let page = await client.send("GET", "/runs/compare")?.text ?? ""
                #expect(page.contains("<code>rolloutd serve --runs DIRECTORY</code>") && page.contains("this ledger"))
                #expect(await client.send("GET", "/runs")?.text.contains("href=\"/runs/compare\"") == true)
            }
        }
    }
}
