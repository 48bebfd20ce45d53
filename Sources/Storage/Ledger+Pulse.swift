// One look at queues, leases and files. Every query here reads tallies, index ends or leases that are alive, so its cost
// does not grow with the ledger.
import Domain
import Foundation
import GRDB

extension Ledger {
    /// How queues, leases and files stand now.
    package func pulse() async throws -> LedgerPulse {
        let now = clock.now()
        var pulse = try await read { db in
            var pulse = LedgerPulse(at: now)
            pulse.queues = try db.judgingQueues()
            for name in ["open", "ready", "consumed", "stale", "discarded"] {
                pulse.groups[name] = try db.tally("groups/" + name)
            }
            for name in ["buffered", "queued", "batched", "bytes"] {
                pulse.trajectories[name] = try db.trajectoryTally(name)
            }
            for kind in LeaseKind.allCases {
                let count = try db.integer(
                    "SELECT count(*) FROM leases WHERE ended_at IS NULL AND kind = ?", [kind.rawValue])
                pulse.leases[kind] = Int(count ?? 0)
            }
            pulse.workers = try db.leaseHolders()
            for code in InfrastructureFailure.Code.allCases {
                pulse.undetermined[code] = try db.tally("failures/" + code.rawValue)
            }
            pulse.policyLag = try db.policyLag()
            pulse.checkpointBytes = Int(try db.integer("SELECT coalesce(sum(bytes), 0) FROM checkpoints") ?? 0)
            return pulse
        }
        pulse.databaseBytes = fileBytes(pool.path)
        pulse.logBytes = fileBytes(pool.path + "-wal")
        return pulse
    }
}

extension Database {
    fileprivate func tally(_ name: String) throws -> Int {
        Int(try integer("SELECT count FROM tallies WHERE name = ?", [name]) ?? 0)
    }

    fileprivate func judgingQueues() throws -> [LedgerPulse.Queue] {
        var queues = try ["waiting", "again"].map { name in
            let oldest = try integer(
                "SELECT created_at FROM rollouts WHERE judging = ? ORDER BY seq LIMIT 1", [name])
            return LedgerPulse.Queue(
                name: name, count: try tally("judging/" + name), oldest: oldest.map { Timestamp(milliseconds: $0) })
        }
        let lease = try integer("SELECT min(created_at) FROM leases WHERE ended_at IS NULL AND kind = 'score'")
        queues.append(
            LedgerPulse.Queue(
                name: "leased", count: try tally("judging/leased"), oldest: lease.map { Timestamp(milliseconds: $0) }))
        return queues
    }

    fileprivate func leaseHolders() throws -> [LedgerPulse.WorkerLeases] {
        try rows(
            """
            SELECT kind, worker, count(*) AS held, min(created_at) AS oldest, min(expires_at) AS next
            FROM leases WHERE ended_at IS NULL GROUP BY kind, worker ORDER BY next LIMIT ?
            """, [Limits.leaseWorkersShown]
        ).map { row in
            LedgerPulse.WorkerLeases(
                kind: try storedCase(row["kind"], "leases.kind"), worker: row["worker"], count: row["held"],
                oldest: Timestamp(milliseconds: row["oldest"]), nextExpiry: Timestamp(milliseconds: row["next"]))
        }
    }

    /// How far behind the rollouts of the last update were, at most; nil before the first that took any.
    fileprivate func policyLag() throws -> Int? {
        guard
            let version = try integer(
                "SELECT consumed_by_update FROM groups WHERE consumed_by_update IS NOT NULL ORDER BY consumed_by_update DESC LIMIT 1"
            ),
            let oldest = try integer(
                "SELECT min(oldest_version) FROM groups WHERE consumed_by_update = ?", [version])
        else { return nil }
        return Int(version - 1 - oldest)
    }
}

/// The size of a file; 0 when there is none.
private func fileBytes(_ path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
}
