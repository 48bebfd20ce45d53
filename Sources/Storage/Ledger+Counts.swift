// How much of what: read from the tallies that triggers keep, so the cost does not grow with the ledger.
import Domain
import GRDB

extension Ledger {
    /// All counts, from about thirty rows.
    package func counts() async throws -> LedgerCounts {
        try await read { db in
            var tallies: [String: Int] = [:]
            for row in try db.rows("SELECT name, count FROM tallies") { tallies[row["name"]] = row["count"] }
            var verdicts: [String: [Verdict.Outcome: Int]] = [:]
            for type in ["math", "code"] {
                for outcome in Verdict.Outcome.allCases {
                    verdicts[type, default: [:]][outcome] = tallies["verdicts/\(type)/\(outcome.rawValue)"] ?? 0
                }
            }
            let leased = tallies["groups/leased"] ?? 0
            var counts = LedgerCounts(
                prompts: Int(try db.integer("SELECT sum(prompt_count) FROM datasets") ?? 0),
                rollouts: Dictionary(
                    uniqueKeysWithValues: RolloutStatus.allCases.map { ($0, tallies["rollouts/\($0.rawValue)"] ?? 0) }),
                verdicts: verdicts, openGroups: (tallies["groups/lacking"] ?? 0) - leased, leasedGroups: leased)
            counts.packed = tallies["packed"] ?? 0
            counts.deleted = tallies["deleted"] ?? 0
            return counts
        }
    }

    /// How many verdicts that count are undetermined, by class; classes without any are left out.
    package func undeterminedCounts() async throws -> [InfrastructureFailure.Code: Int] {
        try await read { db in
            var counts: [InfrastructureFailure.Code: Int] = [:]
            for code in InfrastructureFailure.Code.allCases {
                let count = try db.integer("SELECT count FROM tallies WHERE name = ?", ["failures/" + code.rawValue])
                if let count, count > 0 { counts[code] = Int(count) }
            }
            return counts
        }
    }

    /// When the rollout that has waited longest for a judge was posted, or nil when none waits.
    package func oldestQueued() async throws -> Timestamp? {
        try await read { db in
            try db.integer("SELECT created_at FROM rollouts WHERE judging = 'waiting' ORDER BY seq LIMIT 1")
                .map { Timestamp(milliseconds: $0) }
        }
    }
}
