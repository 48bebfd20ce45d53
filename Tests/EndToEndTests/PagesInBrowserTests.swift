// Every kind of page in headless Chromium at three widths, by day and by night: nothing wider than the screen, contrast, a quiet
// console, names for controls. What is looked at was really learned: two methods with two seeds, and an evaluation.
import Domain
import Foundation
import Storage
import StrictJSON
import TestSupport
import Testing

/// What looking at pages needs; `scripts/dev pages debug` installs both.
private enum Browser {
    static let chromium = [
        ProcessInfo.processInfo.environment["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ].first { FileManager.default.isExecutableFile(atPath: $0) }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let environment = ProcessInfo.processInfo.environment["ROLLOUTD_VENV_PAGES"] ?? root + "/.venv-pages"

    static var isThere: Bool {
        chromium != nil && FileManager.default.fileExists(atPath: environment + "/ready")
    }
}

@Suite(
    .serialized, .enabled(if: Browser.isThere, "no Chromium or no playwright: scripts/dev pages debug installs them"))
struct PagesInBrowserTests {
    private let folder: TemporaryFolder
    private var runs: String { folder.path + "/runs" }
    private var model: String { folder.path + "/model" }

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String], input: String = "") async throws {
        let result = try await Binary.run(arguments, input: input)
        #expect(result.status == 0, "\(arguments.first ?? ""): \(result.errors)")
    }

    /// Four ledgers of a comparison, each with held-out accuracies, one with an evaluation of a data set, and a broken file.
    private func learn() async throws {
        let prompts = (0..<10).map { "q\($0)=" }
        try TinyModel.writeTaught(["1", "2"], prompts: prompts, to: model)
        let lines = prompts.enumerated().map { index, text in
            #"{"id":"p\#(index)","dataset":"digits","text":"\#(text)","task":{"type":"math","answer":"\#(1 + index % 2)"},"metadata":{"difficulty":"\#(index < 5 ? "easy" : "hard")"}}"#
        }
        let start = folder.path + "/start.sqlite"
        try await run(["import", "--database", start, "-"], input: lines.joined(separator: "\n"))
        try await run(
            [
                "compare", "--updates", "4", "--seeds", "2", "--database", start, "--out", runs, "--model", model,
                "--method", "gppo", "--method", "clip-higher",
            ]
                + [
                    "groups_per_update=6", "group_size=4", "mini_batches=2", "epochs=2", "response_tokens_max=4",
                    "prompt_tokens_max=16", "learning_rate=5e-3",
                ].flatMap { ["--set", $0] })
        for (name, level) in [
            ("gppo-seed-1", 0.5), ("gppo-seed-2", 0.6), ("clip-higher-seed-1", 0.4), ("clip-higher-seed-2", 0.55),
        ] {
            let ledger = try Ledger.open(
                at: "\(runs)/\(name).sqlite", clock: WallClock { Timestamp(milliseconds: 1_700_000_000_000) },
                identifiers: IdentifierSource { $0 })
            try await ledger.record(
                evaluations: (0...4).flatMap { version in
                    ["all", "math", "code"].map { kind in
                        EvaluationRecord(
                            version: PolicyVersion(version), kind: kind, prompts: 20, samples: 8,
                            greedyAccuracy: level * Double(version + 1) / 5, averageAccuracy: level, passAtK: level,
                            undetermined: 0, learningSeconds: 1, createdAt: Timestamp(milliseconds: 1_700_000_000_000))
                    }
                })
            try await ledger.close()
        }
        let evaluate = [
            "evaluate", "--dataset", "digits", "--in-process", "--samples", "4", "--temperature", "1", "--top-p", "1",
            "--max-tokens", "4", "--seed", "0", "--database", "\(runs)/gppo-seed-1.sqlite", "--model", model,
        ]
        try await run(evaluate)
        try await run(evaluate + ["--version", "2"])
        #expect(FileManager.default.createFile(atPath: runs + "/broken.sqlite", contents: Data("no ledger".utf8)))
    }

    @Test(.timeLimit(.minutes(10)))
    func `every kind of page holds at three widths, light and dark`() async throws {
        try await learn()
        let server = try await ServerProcess.start([
            "--database", "\(runs)/gppo-seed-1.sqlite", "--model", model, "--runs", runs, "--updates", "4",
        ])
        defer { server.signal(9) }
        for _ in 0..<400 where await server.get("/v1/models")["data"]?.elements?.isEmpty != false {
            try await Task.sleep(for: .milliseconds(50))
        }
        let looked = try await Binary.run(
            [
                Browser.root + "/scripts/pages/look.py", "http://127.0.0.1:\(server.port)",
                try #require(Browser.chromium),
            ] + (ProcessInfo.processInfo.environment["ROLLOUTD_SCREENSHOTS"].map { [$0] } ?? []),
            at: URL(fileURLWithPath: Browser.environment + "/bin/python"))
        #expect(looked.status == 0, "\(looked.output)\(looked.errors)")
        // Nothing was left out because it was not there.
        for path in ["/runs/compare", "/v1/evaluations/", "/rollouts/", "/groups/nobody", "/rollback"] {
            #expect(looked.output.contains(path), "\(path) was not looked at: \(looked.output)")
        }
        #expect(looked.output.contains("all pages hold"))
    }
}
