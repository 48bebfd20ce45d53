// The scoring loop against a ledger that another process holds.
import Domain
import GRDB
import Learning
import Logging
import Storage
import Testing
import TestSupport
import Verification

@testable import Service

@Suite struct ScoringLoopTests {
    @Test(.timeLimit(.minutes(1)))
    func `what was judged while the ledger was held is recorded once it is free, not judged again`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try Ledger.open(
            at: path, clock: WallClock { Timestamp(milliseconds: 1_790_000_000_000) },
            identifiers: IdentifierSource { "\($0)-1" }, options: LedgerOptions(busySeconds: 0.1))
        let prompt = PromptSubmission(
            id: PromptID("p"), dataset: "test", content: .text("2+2="), task: .math(MathTask(answers: ["4"])))
        for receipt in try await ledger.submit(prompts: [prompt]) { _ = try receipt.get() }
        let rollout = RolloutSubmission(
            id: RolloutID("r"), promptID: PromptID("p"), groupID: nil, response: "\\boxed{4}", tokenIDs: [],
            logprobs: [], policyVersion: PolicyVersion(0), finishReason: .stop, generator: "test")
        let admission = RolloutAdmission(currentVersion: PolicyVersion(0), groupSize: 1)
        for receipt in try await ledger.submit(rollouts: [rollout], admission: admission) { _ = try receipt.get() }

        let changes = ChangeSignal()
        let board = StatusBoard(startedAt: Timestamp(milliseconds: 0), databasePath: path)
        let loop = ScoringLoop(
            ledger: ledger, judge: Judge(math: MathVerifier(), code: nil, codeConcurrency: 1),
            learner: LearnerControl(settings: LearnerSettings(), changes: changes), board: board, counters: Counters(),
            changes: changes, access: AccessControl(clock: WallClock { Timestamp(milliseconds: 0) }),
            switches: ServiceSwitches(changes: changes),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let lease = try #require(try await ledger.leaseScoring(worker: "judge", max: 8, seconds: 600))

        var patient = Configuration()
        patient.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: patient)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
        let settling = Task { try await loop.settle(lease) }
        while board.snapshot().scoringTrouble == nil { try await Task.sleep(for: .milliseconds(20)) }
        #expect(board.snapshot().scoringTrouble?.contains("another process") == true)
        #expect(try await ledger.rollout(RolloutID("r"))?.status == .scoring)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }

        try await settling.value
        #expect(board.snapshot().scoringTrouble == nil)
        let stored = try #require(try await ledger.rollout(RolloutID("r")))
        #expect(stored.status == .scored)
        #expect(stored.reward == 1)
        try await ledger.close()
    }
}
