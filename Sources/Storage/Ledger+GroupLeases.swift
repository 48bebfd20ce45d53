// Handing out groups to generators: first those that a lost or tired worker left behind, then new ones.
import Domain
import GRDB

/// What a lease of groups holds, before its prompts are read beside the writer.
private struct ClaimedGroups: Sendable {
    var lease: Lease
    /// Row number of the prompt, by group.
    var groups: [(id: GroupID, promptSeq: Int64, lacking: Int)] = []
}

extension Ledger {
    /// Hands out up to `max` groups to a generator for so many seconds; nil when there is no prompt to sample.
    ///
    /// Groups that expired or were released come first, oldest first; then prompts with the fewest groups get a new one of
    /// `groupSize`, up to `newMax` of them. A returned group's attempt rises, so that the earlier worker is told when it is late.
    package func leaseGroups(
        worker: String, max: Int, groupSize: Int, policyVersion: PolicyVersion, scope: PromptScope,
        newMax: Int = .max, seconds: Double
    ) async throws -> Lease? {
        if let fault = nameFault(worker, field: "worker") { throw fault }
        let count = Swift.min(Swift.max(max, 0), Limits.leaseItemsMax)
        let size = Swift.min(Swift.max(groupSize, 1), Limits.groupSizeMax)
        let claimed = try await write { [clock, identifiers] db -> ClaimedGroups? in
            let now = clock.now()
            try db.reclaimExpired(now: now)
            var claim = GroupClaim(db: db, identifiers: identifiers, now: now, policyVersion: policyVersion)
            try claim.takeReturned(scope, limit: count)
            try claim.openNew(scope, size: size, limit: Swift.min(count - claim.groups.count, newMax))
            return try claim.lease(worker: worker, seconds: seconds)
        }
        guard var claimed else { return nil }
        claimed.lease.groups = try await withPrompts(claimed)
        return claimed.lease
    }

    private func withPrompts(_ claimed: ClaimedGroups) async throws -> [LeasedGroup] {
        try await read { db in
            try claimed.groups.map { group in
                guard let row = try db.row(askedPromptColumns + " WHERE p.seq = ?", [group.promptSeq]) else {
                    throw LedgerError.corrupt("group \(group.id) has no prompt")
                }
                return LeasedGroup(id: group.id, prompt: try decodeAskedPrompt(row), rollouts: group.lacking)
            }
        }
    }
}

/// Groups being gathered for one lease inside the writer's transaction.
private struct GroupClaim {
    struct Item {
        let seq: Int64
        let id: GroupID
        let promptSeq: Int64
        let lacking: Int
        let attempt: Int
    }

    let db: Database
    let identifiers: IdentifierSource
    let now: Timestamp
    let policyVersion: PolicyVersion
    var groups: [Item] = []

    init(db: Database, identifiers: IdentifierSource, now: Timestamp, policyVersion: PolicyVersion) {
        self.db = db
        self.identifiers = identifiers
        self.now = now
        self.policyVersion = policyVersion
    }

    /// Groups that were handed out before and came back incomplete.
    mutating func takeReturned(_ scope: PromptScope, limit: Int) throws {
        let condition = ScopeCondition(scope)
        let rows = try db.rows(
            returnedGroups + condition.sql + " ORDER BY g.seq LIMIT ?", condition.arguments + [limit])
        for row in rows { append(row) }
    }

    /// New groups for the prompts that have the fewest.
    mutating func openNew(_ scope: PromptScope, size: Int, limit: Int) throws {
        guard limit > 0 else { return }
        let condition = ScopeCondition(scope)
        let prompts = try db.rows(
            "SELECT p.seq FROM prompts p WHERE true\(condition.sql) ORDER BY p.group_count, p.seq LIMIT ?",
            condition.arguments + [limit])
        for prompt in prompts { try open(promptSeq: prompt["seq"], size: size) }
    }

    /// A new group of one prompt.
    mutating func open(promptSeq: Int64, size: Int) throws {
        let id = GroupID(identifiers.make("grp"))
        try db.run(
            "INSERT INTO groups (id, prompt_seq, size, oldest_version, created_at) VALUES (?, ?, ?, ?, ?)",
            [id.text, promptSeq, size, policyVersion.number, now.milliseconds])
        groups.append(
            Item(seq: db.lastInsertedRowID, id: id, promptSeq: promptSeq, lacking: size, attempt: 0))
    }

    /// Puts the gathered groups under one new lease; nil when there are none.
    func lease(worker: String, seconds: Double) throws -> ClaimedGroups? {
        guard let highest = groups.map(\.attempt).max() else { return nil }
        let attempt = highest + 1
        let id = LeaseID(identifiers.make("lse"))
        let (leaseSeq, expiresAt) = try db.insertLease(
            id: id, kind: .generate, worker: worker, isLocal: false, attempt: attempt, policyVersion: policyVersion,
            now: now, seconds: seconds)
        for group in groups {
            try db.run(
                """
                UPDATE groups SET lease_seq = ?, attempt = ?, tries = tries + 1,
                    oldest_version = CASE member_count WHEN 0 THEN ? ELSE oldest_version END
                WHERE seq = ?
                """, [leaseSeq, attempt, policyVersion.number, group.seq])
        }
        let lease = Lease(
            id: id, kind: .generate, worker: worker, expiresAt: expiresAt, attempt: attempt, groups: [], rollouts: [],
            policyVersion: policyVersion)
        return ClaimedGroups(lease: lease, groups: groups.map { ($0.id, $0.promptSeq, $0.lacking) })
    }

    private mutating func append(_ row: Row) {
        groups.append(
            Item(
                seq: row["seq"], id: GroupID(row["id"]), promptSeq: row["prompt_seq"], lacking: row["lacking"],
                attempt: row["attempt"]))
    }
}

/// Groups that wait to be handed out again; conditions are appended.
private let returnedGroups = """
    SELECT g.seq, g.id, g.prompt_seq, g.attempt, g.size - g.member_count AS lacking
    FROM groups g CROSS JOIN prompts p ON p.seq = g.prompt_seq
    WHERE g.status = 'open' AND g.lease_seq IS NULL AND g.attempt >= 1 AND g.member_count < g.size
    """
