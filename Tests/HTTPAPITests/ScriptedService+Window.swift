// The scripted service's curves, recorded tokens and token numbers: enough for every part of the pages.
import Domain
import HTTPAPI
import Service
import Synchronization

extension ScriptedService {
    /// Text that must be escaped wherever it is shown.
    static let hostile = "<script>alert('x')</script>\u{202E}\" onfocus=\"y"

    func updateSeries(from: Int?, to: Int?, points: Int) async throws -> UpdateSeries {
        try await enter()
        let updates = (1...40).filter { $0 >= from ?? 0 && $0 <= to ?? .max }.map { number in
            UpdateRecord(
                version: PolicyVersion(number), createdAt: time, objective: number < 20 ? "gppo" : "clip",
                metrics: [
                    .init("loss", 1 / Double(number)), .init("entropy", 2 - Double(number) / 40),
                    .init("clip_positive_high", 0.01), .init("reward_mean", Double(number) / 40),
                ])
        }
        return UpdateSeries(whole: 1...40, updates: updates)
    }

    func evaluations(from: PolicyVersion, to: PolicyVersion, limit: Int) async throws -> [EvaluationRecord] {
        try await evaluations(limit: limit)
    }

    /// Two methods with two seeds, a run with a hostile name, a file that cannot be read, and the server's own.
    func runCatalogue() async throws -> RunCatalogue {
        try await enter()
        func run(_ name: String, _ accuracy: Double, isOwn: Bool = false) -> RunSummary {
            let parsed = RunName(name)
            let evaluations = [0, 20, 40].map { version in
                EvaluationRecord(
                    version: PolicyVersion(version), kind: "all", prompts: 50, samples: 0,
                    greedyAccuracy: accuracy * Double(version) / 40, averageAccuracy: nil, passAtK: nil,
                    undetermined: 0,
                    learningSeconds: 1, createdAt: time)
            }
            return RunSummary(
                name: name, method: parsed.method, seed: parsed.seed, isOwn: isOwn,
                outline: RunOutline(
                    schema: 1, whole: 1...40, newest: nil, metrics: ["loss", "entropy"], evaluations: evaluations))
        }
        return RunCatalogue(
            directory: "/runs",
            runs: [
                run(Self.hostile, 0.5), run("clip-seed-1", 0.6), run("clip-seed-2", 0.7), run("gppo-seed-1", 0.8),
                run("gppo-seed-2", 0.9), run(RunCatalogue.ownName, 0.4, isOwn: true),
            ], unreadable: [(Self.hostile, Self.hostile)], leftOut: 3)
    }

    func runCurves(
        of runs: [RunSummary], metrics: [String], from: Int?, to: Int?, points: Int
    ) async -> [RunCurves] {
        runs.map { run in
            let updates = (1...40).filter { $0 >= from ?? 0 && $0 <= to ?? .max }.map { number in
                UpdateRecord(
                    version: PolicyVersion(number), createdAt: time, objective: "gppo",
                    metrics: [.init("loss", 1 / Double(number)), .init("entropy", Double(run.seed))])
            }
            return RunCurves(name: run.name, metrics: metrics, updates: updates)
        }
    }

    func policyAccuracies(limit: Int) async throws -> PolicyAccuracyList {
        try await enter()
        let accuracies = [(3, 0.5), (9, 0.75)].compactMap { version, share in
            MeanInterval([share, share, 1, 0]).map {
                PolicyAccuracy(
                    evaluation: EvaluationID("evl-1"), line: Self.hostile, version: PolicyVersion(version), interval: $0
                )
            }
        }
        return PolicyAccuracyList(accuracies, pending: 1)
    }

    func datasetNames(limit: Int) async throws -> [String] {
        try await enter()
        return ["math", Self.hostile]
    }

    private var records: [KeptTokenRecord] {
        [(0.4, 3.5), (-0.7, 0.2)].enumerated().map { index, numbers in
            KeptTokenRecord(
                token: KeptToken(
                    rolloutID: RolloutID("r-1"), position: index, context: [1, 2], contextPlace: index, behaviour: -3,
                    logprob: -2, entropy: 1.5, advantage: numbers.0, ratio: numbers.1, gradient: -numbers.0 * 1.28),
                update: PolicyVersion(3), objective: "gppo", groupID: GroupID("grp-1"))
        }
    }

    func keptTokens(before: PolicyVersion?, limit: Int) async throws -> [KeptTokenRecord] {
        try await enter()
        return records
    }

    func keptTokens(of id: RolloutID) async throws -> [KeptTokenRecord] {
        try await enter()
        return records.filter { $0.token.rolloutID == id }
    }

    func tokenTexts(_ ids: [Int32]) -> [String] { ids.map { $0 == 2 ? Self.hostile : "word\($0) " } }

    func askedPrompt(_ id: PromptID) async throws -> AskedPrompt { try await prompt(id).asked }

    func tokenReport(of rollout: Rollout, prompt: AskedPrompt, basis: TokenBasis) async throws -> TokenReport {
        try await enter()
        guard basis == .before else { return TokenReport(.missing("the weights of policy 9 are not kept")) }
        var report = TokenReport(.ready, version: PolicyVersion(2))
        report.objective = "gppo"
        (report.epsilonLow, report.epsilonHigh, report.miniBatches) = (0.2, 0.28, 4)
        report.tokens = rollout.tokenIDs.indices.map {
            TokenNumbers(
                logprob: -0.5, entropy: 1, ratio: $0 == 0 ? 3.5 : 1, gradient: $0 == 0 ? -0.5 : 0, isBeyond: $0 == 0)
        }
        return report
    }
}
