// A real ledger in a directory of its own, with a clock that stands still and counted identifiers.
import Domain
import Foundation
import StrictJSON
import Storage
import Synchronization
import Testing

/// A directory that disappears with this object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "rolloutd-storage-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A clock that moves only when it is told to.
final class StillClock: Sendable {
    private let moment = Mutex(Timestamp(milliseconds: 1_700_000_000_000))
    var wall: WallClock { WallClock { [self] in moment.withLock { $0 } } }
    func advance(seconds: Double) { moment.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// Identifiers `prefix1`, `prefix2`, ...
func countedIdentifiers() -> IdentifierSource {
    let counter = CountedNames()
    return IdentifierSource { prefix in prefix + String(counter.next()) }
}

private final class CountedNames: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

/// A ledger under test and what surrounds it.
struct Fixture: Sendable {
    let directory: TemporaryDirectory
    let clock: StillClock
    let identifiers: IdentifierSource
    let ledger: Ledger
    var path: String { directory.file("ledger.sqlite") }

    init(options: LedgerOptions = .init()) throws {
        directory = try TemporaryDirectory()
        clock = StillClock()
        identifiers = countedIdentifiers()
        ledger = try Ledger.open(
            at: directory.file("ledger.sqlite"), clock: clock.wall, identifiers: identifiers, options: options)
    }

    /// Opens the same file again, as after a restart.
    func reopened() throws -> Ledger {
        try Ledger.open(at: path, clock: clock.wall, identifiers: identifiers)
    }
}

/// Runs a test on a fresh ledger, then verifies every invariant of the file.
func withLedger(
    options: LedgerOptions = .init(), sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (Ledger, Fixture) async throws -> Void
) async throws {
    let fixture = try Fixture(options: options)
    try await body(fixture.ledger, fixture)
    let faults = try await fixture.ledger.check()
    #expect(faults == [], sourceLocation: sourceLocation)
    try await fixture.ledger.close()
}

// MARK: Values

func mathPrompt(_ id: String?, dataset: String = "arithmetic", text: String = "1 + 1?") -> PromptSubmission {
    PromptSubmission(
        id: id.map { PromptID($0) }, dataset: dataset, content: .text(text), task: .math(MathTask(answers: ["2"])))
}

func codePrompt(_ id: String?, dataset: String = "code") -> PromptSubmission {
    PromptSubmission(
        id: id.map { PromptID($0) }, dataset: dataset, content: .text("Double x."),
        task: .code(
            CodeTask(language: .python, tests: .standardStreams([CodeTask.StreamTest(input: "1\n", output: "2\n")]))))
}

func rollout(
    _ id: String?, of prompt: String, group: String? = nil, response: String = "\\boxed{2}",
    tokens: [Int32] = [5, 6, 7], logprobs: [Float] = [-0.5, -0.25, 0], version: Int = 0, attempt: Int? = nil
) -> RolloutSubmission {
    RolloutSubmission(
        id: id.map { RolloutID($0) }, promptID: PromptID(prompt), groupID: group.map { GroupID($0) },
        response: response, tokenIDs: tokens, logprobs: logprobs, policyVersion: PolicyVersion(version),
        finishReason: .stop, generator: "test", attempt: attempt)
}

func admission(version: Int = 0, groupSize: Int = 2) -> RolloutAdmission {
    RolloutAdmission(currentVersion: PolicyVersion(version), groupSize: groupSize)
}

func checkpoint(_ version: Int) -> CheckpointManifest {
    CheckpointManifest(
        version: PolicyVersion(version), path: "policy-\(version)", bytes: 10, digest: "digest\(version)",
        learnerState: "{}")
}

func updateCommit(
    _ version: Int, _ groups: [ConsumedGroup], metrics: [UpdateRecord.Metric] = []
) -> UpdateCommit {
    UpdateCommit(
        record: UpdateRecord(
            version: PolicyVersion(version), createdAt: Timestamp(milliseconds: 5), objective: "gppo", metrics: metrics),
        groups: groups, checkpoint: checkpoint(version))
}

extension Ledger {
    /// Submits one prompt that must be accepted.
    @discardableResult
    func addPrompt(_ submission: PromptSubmission) async throws -> PromptReceipt {
        try #require(try await submit(prompts: [submission]).first).get()
    }

    /// Submits one rollout that must be accepted.
    @discardableResult
    func addRollout(
        _ submission: RolloutSubmission, _ rules: RolloutAdmission = admission()
    ) async throws -> RolloutReceipt {
        try #require(try await submit(rollouts: [submission], admission: rules).first).get()
    }

    /// Submits one rollout that must be refused, and returns why.
    func refusal(
        of submission: RolloutSubmission, _ rules: RolloutAdmission = admission()
    ) async throws -> InputError? {
        switch try await submit(rollouts: [submission], admission: rules).first {
        case .failure(let fault): return fault
        default: return nil
        }
    }

    /// Judges everything that waits: passed with reward 1.
    func passAll() async throws {
        while let lease = try await leaseScoring(worker: "judge", max: 64, seconds: 60) {
            let results = lease.rollouts.map {
                ScoringResult(rolloutID: $0.rolloutID, attempt: $0.attempt, verdict: .passed("right"), reward: 1)
            }
            _ = try await record(results: results, lease: lease.id)
        }
    }
}
