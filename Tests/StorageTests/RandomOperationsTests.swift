// Random sequences of everything a ledger does, with faults and restarts: the invariants hold after each stretch, what
// was acknowledged stays, and nothing is consumed twice.
import Domain
import Storage
import Testing

struct RandomOperationsTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `any sequence of operations keeps the invariants`(seed: UInt64) async throws {
        var run = try await RandomRun(seed: seed)
        for stretch in 0..<8 {
            for _ in 0..<30 { try await run.step() }
            let faults = try await run.ledger.check()
            #expect(faults == [], "seed \(seed), stretch \(stretch)")
            try await run.restart()
        }
        try await run.verifyAccount()
        try await run.ledger.close()
    }
}

/// One sequence, drawn from a seed, and the account kept beside the ledger.
private struct RandomRun {
    let fixture: Fixture
    var ledger: Ledger
    private var random: SeededGenerator
    private var version = 0
    private var sent: [String: RolloutSubmission] = [:]
    private var leases: [Lease] = []
    private var scoring: [Lease] = []
    private var consumed: Set<String> = []
    private var next = 0
    private var deleted = 0

    init(seed: UInt64) async throws {
        fixture = try Fixture(options: LedgerOptions(scoringQueueMax: 60))
        ledger = fixture.ledger
        random = SeededGenerator(seed: seed)
        try await ledger.registerInitialPolicy(checkpoint: checkpoint(0))
        for index in 0..<5 {
            try await ledger.addPrompt(index < 3 ? mathPrompt("p\(index)") : codePrompt("p\(index)"))
        }
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<16, using: &random) {
        case 0...2: try await post(group: nil, prompt: "p\(Int.random(in: 0..<5, using: &random))", attempt: nil)
        case 3: try await repost()
        case 4...5: try await lease()
        case 6...7: try await postToLease()
        case 8...9: try await takeScoring()
        case 10...11: try await answer()
        case 12: try await upkeep()
        case 13: try await lookBack()
        case 14: fixture.clock.advance(seconds: Double(Int.random(in: 1...90, using: &random)))
        default: try await update()
        }
    }

    /// As after a crash: another ledger on the same file takes over.
    mutating func restart() async throws {
        try await ledger.close()
        ledger = try fixture.reopened()
        if Bool.random(using: &random) { try await ledger.reclaimAll() }
    }

    // MARK: Operations

    private mutating func post(group: GroupID?, prompt: String, attempt: Int?) async throws {
        next += 1
        let age = Int.random(in: 0...min(version, 2), using: &random)
        let submission = rollout(
            "r\(next)", of: prompt, group: group?.text, version: version - age, attempt: attempt)
        do {
            let result = try await ledger.submit(
                rollouts: [submission], admission: admission(version: version, groupSize: 3),
                lane: [KeyLane.inProcess, KeyLane.unnamed].randomElement(using: &random) ?? 0)
            if case .success(let receipt) = result[0] {
                #expect(receipt.isNew)
                sent["r\(next)"] = submission
            }
        } catch LedgerError.backlog {
            #expect(try await ledger.rollout(RolloutID("r\(next)")) == nil)
        }
    }

    private mutating func repost() async throws {
        guard let known = sent.keys.sorted().randomElement(using: &random), let submission = sent[known] else { return }
        let rules = admission(version: version, groupSize: 3)
        #expect(try await ledger.addRollout(submission, rules).isNew == false)
        var other = submission
        other.response += "x"
        #expect(try await ledger.refusal(of: other, rules)?.code == .conflict)
    }

    private mutating func lease() async throws {
        let lease = try await ledger.leaseGroups(
            worker: "w", max: 2, groupSize: 3, policyVersion: PolicyVersion(version), scope: PromptScope(), seconds: 60)
        if let lease { leases.append(lease) }
    }

    private mutating func postToLease() async throws {
        guard let lease = leases.randomElement(using: &random),
            let group = lease.groups.randomElement(using: &random)
        else { return }
        try await post(group: group.id, prompt: group.prompt.id.text, attempt: lease.attempt)
    }

    private mutating func takeScoring() async throws {
        let count = Int.random(in: 1...6, using: &random)
        if let lease = try await ledger.leaseScoring(worker: "j", max: count, seconds: 30) { scoring.append(lease) }
    }

    private mutating func answer() async throws {
        guard let lease = scoring.randomElement(using: &random) else { return }
        var results: [ScoringResult] = []
        for work in lease.rollouts where Int.random(in: 0..<4, using: &random) > 0 {
            results.append(result(for: work))
        }
        _ = try await ledger.record(results: results, lease: lease.id)
    }

    private mutating func result(for work: ScoringWork) -> ScoringResult {
        let (verdict, reward): (Verdict, Double?) =
            switch Int.random(in: 0..<6, using: &random) {
            case 0...2: (.passed("right"), 1)
            case 3: (.failed("wrong"), 0)
            case 4: (.undetermined(InfrastructureFailure(code: .sandboxFault, message: "broke")), nil)
            default: (.undetermined(InfrastructureFailure(code: .beyondCaps, message: "too long")), nil)
            }
        return ScoringResult(rolloutID: work.rolloutID, attempt: work.attempt, verdict: verdict, reward: reward)
    }

    private mutating func upkeep() async throws {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: _ = try await ledger.reclaimExpired()
        case 1: _ = try await ledger.retireStale(olderThan: PolicyVersion(version - 2))
        case 2: if let lease = leases.randomElement(using: &random) { try await ledger.release(lease.id) }
        default:
            guard let lease = scoring.randomElement(using: &random) else { return }
            do { _ = try await ledger.heartbeat(lease.id, seconds: 30) } catch let fault as InputError {
                #expect(fault.code == .staleLease)
            }
        }
    }

    private mutating func update() async throws {
        let groups = try await ledger.readyGroups(oldestVersion: PolicyVersion(max(0, version - 2)), limit: 3).groups
        guard !groups.isEmpty else { return }
        let parts = groups.map { group in
            ConsumedGroup(
                id: group.id, fate: .trained,
                advantages: Dictionary(
                    uniqueKeysWithValues: group.rollouts.filter { $0.reward != nil }.map { ($0.id, 0.5) }))
        }
        try await ledger.commit(update: updateCommit(version + 1, parts))
        version += 1
        for member in groups.flatMap(\.rollouts) {
            #expect(consumed.insert(member.id.text).inserted, "\(member.id) was consumed twice")
        }
        await #expect(throws: LedgerError.self) {
            try await ledger.commit(update: updateCommit(version + 1, parts))
        }
    }

    /// What happens to the past: judging again, packing, deletion.
    private mutating func lookBack() async throws {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: _ = try await ledger.requestRescore(matching: RolloutFilter(), limit: 3)
        case 1: _ = try await ledger.compact(createdBefore: Timestamp(milliseconds: .max / 2))
        default:
            let policy = RetentionPolicy(updates: 6)
            let preview = try await ledger.retentionPreview(policy)
            let report = try await ledger.retain(policy)
            #expect(report.groups == preview.groups)
            deleted += report.rollouts
        }
    }

    // MARK: The account

    /// Everything acknowledged is there once, as sent; everything consumed is marked by its update.
    func verifyAccount() async throws {
        var seen: Set<String> = []
        var cursor: Int64? = 0
        while let from = cursor {
            let page = try await ledger.exportRollouts(matching: RolloutFilter(), from: from, limit: 50)
            for stored in page.rollouts {
                #expect(seen.insert(stored.id.text).inserted)
                #expect(sent[stored.id.text]?.tokenIDs == stored.tokenIDs)
                #expect((stored.status == .consumed) == consumed.contains(stored.id.text))
                #expect((stored.reward != nil) == (stored.verdict != nil && stored.verdict?.failure == nil))
            }
            cursor = page.nextCursor
        }
        #expect(seen.isSubset(of: sent.keys) && seen.count + deleted == sent.count)
        #expect(try await ledger.counts().deleted == deleted)
        for gone in Set(sent.keys).subtracting(seen) { #expect(consumed.contains(gone)) }
        #expect(try await ledger.latestVersion() == PolicyVersion(version))
    }
}
