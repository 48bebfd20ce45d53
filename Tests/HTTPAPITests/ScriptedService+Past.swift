// The scripted service's programs, listings, judging again and retention.
import Domain
import HTTPAPI
@testable import Service
import StrictJSON
import Synchronization

extension ScriptedService {
    func listRollouts(matching filter: RolloutFilter, before cursor: Int64?, limit: Int) async throws -> RolloutListing
    {
        let page = try await rollouts(matching: filter, before: cursor, limit: limit)
        return RolloutListing(rollouts: page.rollouts.map(\.summary), nextCursor: page.nextCursor)
    }

    func run(
        _ program: ProgramRun, by caller: Caller, goOn: (@Sendable (Int, ProgramResult) -> Bool)?
    ) async throws -> ProgramReport {
        try await enter()
        guard program.source != "busy" else {
            return .undecided(InfrastructureFailure(code: .queueTimeout, message: "no slot became free"))
        }
        // A program that was never run, and one whose last input was not.
        if program.source == "lost" { return .ran([]) }
        if program.source == "cut" {
            let right = ProgramResult(
                ending: .exited(0), output: program.inputs[0], errors: "", cpuSeconds: 0.01, peakKilobytes: 1_024)
            var rest = right
            rest.ending = .notRun
            return .ran([right] + program.inputs.dropFirst().map { _ in rest })
        }
        return .ran(
            program.inputs.map {
                ProgramResult(ending: .exited(0), output: $0, errors: "", cpuSeconds: 0.01, peakKilobytes: 1_024)
            })
    }

    func program(in completion: String, language: CodeTask.Language) -> String? { completion }

    func interpreterVersion() -> String? { nil }

    func rescore(_ filter: RolloutFilter, limit: Int, isDryRun: Bool) async throws -> RescoreReceipt {
        try await enter()
        return RescoreReceipt(
            id: isDryRun ? nil : RescoreID("rsc-1"), queued: min(limit, state.withLock { $0.rollouts.count }))
    }

    private var rescoreRecord: RescoreRecord {
        RescoreRecord(
            id: RescoreID("rsc-1"), filter: .members(["status": .string("undetermined")]),
            verifiers: .members(["math": .string("math-2")]), queued: 2, createdAt: time)
    }

    func rescores(before cursor: Int64?, limit: Int) async throws -> (records: [RescoreRecord], nextCursor: Int64?) {
        try await enter()
        return ([rescoreRecord], nil)
    }

    func rescoreReport(_ id: RescoreID) async throws -> RescoreReport {
        try await enter()
        guard id == rescoreRecord.id else { throw InputError(.notFound, "there is no re-score \(id)") }
        var advantages = AdvantageChanges()
        advantages.examples = [
            AdvantageFlip(
                rollout: RolloutID("r-1"), group: GroupID("grp-1"), rewardBefore: 0, rewardAfter: 1,
                advantageBefore: -0.5, advantageAfter: 0.5)
        ]
        let change = VerdictChange(
            taskType: "math", before: .undetermined, after: .passed, verifierBefore: nil, verifierAfter: "math-2",
            rollouts: 2, rewardsChanged: 0)
        return RescoreReport(
            record: rescoreRecord, progress: RescoreProgress(), changes: [change], advantages: advantages,
            estimator: "std")
    }

    func applyRetention(
        _ policy: RetentionPolicy?, isDryRun: Bool, limit: Int
    ) async throws -> RetentionReport {
        try await enter()
        var report = RetentionReport()
        report.groups = min(limit, 2)
        report.rollouts = 8 * report.groups
        report.bytes = 1_000
        report.oldest = time
        report.newest = time
        return report
    }
}
