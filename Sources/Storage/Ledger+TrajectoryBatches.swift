// Groups of sequences out: batches formed from the queue, handed out, and deleted when a trainer is done with them.
import Domain
import Foundation
import GRDB
import Synchronization

extension Ledger {
    /// Hands out the oldest batch, formed now if none is ready, and marks those done that the trainer has.
    ///
    /// A batch that was handed out comes back when it was not taken whole, when `seconds` have passed, and when a trainer
    /// registers; then it comes first.
    package func takeBatch(
        acknowledging acknowledgement: BatchAcknowledgement, seconds: Double
    ) async throws -> (offer: BatchOffer, delivery: BatchDelivery?) {
        let held = Mutex<Int64?>(nil)
        do {
            let offer = try await write { [clock, deliveries] db -> BatchOffer in
                let now = clock.now()
                guard let run = try db.trajectoryRun() else { return .notRegistered }
                try db.run("UPDATE trajectory_run SET is_started = 1 WHERE is_started = 0")
                try db.settle(acknowledgement, deliveries, now)
                guard let seq = try db.readyBatch() ?? db.formBatches(run.registration, now) else { return .nothing }
                // Inside the transaction, so that the next one sees that it is under way.
                deliveries.begin(batch: seq)
                held.withLock { $0 = seq }
                return .batch(try db.hand(seq, until: now.adding(seconds: seconds)))
            }
            guard case .batch(let batch) = offer else { return (offer, nil) }
            return (offer, BatchDelivery(batch.seq, self))
        } catch {
            if let seq = held.withLock({ $0 }) { deliveries.end(batch: seq) }
            throw error
        }
    }

    /// The JSON of one group, or nil when it is no longer there.
    package func trajectoryText(_ seq: Int64) async throws -> [UInt8]? {
        let stored = try await read { db in
            try db.row("SELECT text_bytes, body FROM trajectory_bodies WHERE group_seq = ?", [seq])
                .map { (bytes: $0["text_bytes"] as Int, body: $0["body"] as Data) }
        }
        guard let stored else { return nil }
        return try await onQueue(codecQueue) { try PackedTrajectories.text(stored.body, bytes: stored.bytes) }
    }

    /// The JSON of the group that entered the queue last, or nil before the first.
    package func latestTrajectory() async throws -> [UInt8]? {
        let seq = try await read { db in
            try db.integer("SELECT seq FROM trajectory_groups ORDER BY place DESC LIMIT 1")
        }
        guard let seq else { return nil }
        return try await trajectoryText(seq)
    }

    /// Notes that a batch has gone to its trainer whole.
    func noteTaken(batch seq: Int64) async throws {
        try await write { db in
            _ = try db.run("UPDATE trajectory_batches SET status = 'taken' WHERE seq = ? AND status = 'handed'", [seq])
        }
        deliveries.forget(batches: [seq])
    }
}

extension Database {
    /// Deletes the batches that are done with, and takes back those that nobody has.
    fileprivate func settle(
        _ acknowledgement: BatchAcknowledgement, _ deliveries: TrajectoryDeliveries, _ now: Timestamp
    ) throws {
        for row in try rows("SELECT seq, status, expires_at FROM trajectory_batches WHERE status <> 'ready'") {
            let seq: Int64 = row["seq"]
            if case .these(let named) = acknowledgement, named.contains(seq) {
                try delete(batch: seq)
                continue
            }
            let isTaken = row["status"] == "taken" || deliveries.isTaken(batch: seq)
            if deliveries.isUnderWay(batch: seq), !isTaken { continue }
            let expiry: Int64 = row["expires_at"]
            if !isTaken || expiry <= now.milliseconds {
                try takeBack(batch: seq)
            } else if acknowledgement == .all {
                try delete(batch: seq)
            }
        }
    }

    private func takeBack(batch seq: Int64) throws {
        try run("UPDATE trajectory_batches SET status = 'ready', expires_at = NULL WHERE seq = ?", [seq])
    }

    /// Deletes a batch and its groups, but for the one that entered the queue last of all.
    private func delete(batch seq: Int64) throws {
        try run(
            "DELETE FROM trajectory_groups WHERE status = 'latest' AND place < (SELECT max(place) FROM trajectory_groups)"
        )
        try run(
            """
            DELETE FROM trajectory_groups WHERE batch_seq = ? AND place < (SELECT max(place) FROM trajectory_groups)
            """, [seq])
        try run(
            """
            UPDATE trajectory_groups SET status = 'latest', batch_seq = NULL, batch_place = NULL WHERE batch_seq = ?
            """, [seq])
        try run("DELETE FROM trajectory_batches WHERE seq = ?", [seq])
    }

    fileprivate func readyBatch() throws -> Int64? {
        try integer("SELECT min(seq) FROM trajectory_batches WHERE status = 'ready'")
    }

    /// Forms as many batches as the queue holds, and counts a step for each, as Atropos does; the first of them, or nil.
    fileprivate func formBatches(_ registration: TrainerRegistration, _ now: Timestamp) throws -> Int64? {
        var queue = try rows(
            "SELECT seq, env_id, sequences FROM trajectory_groups WHERE status = 'queued' ORDER BY place"
        ).map { QueuedTrajectories(seq: $0["seq"], environment: $0["env_id"], sequences: $0["sequences"]) }
        let minimums = try rows(
            """
            SELECT id, batch_share FROM trajectory_environments
            WHERE batch_share IS NOT NULL AND is_connected = 1 ORDER BY id
            """
        ).map { BatchMinimum(environment: $0["id"], share: $0["batch_share"]) }
        var first: Int64?
        var formed = 0
        while formed < Limits.batchesFormedMax,
            let batch = exactBatch(of: queue, size: registration.batchSize, minimums: minimums)
        {
            try run(
                "INSERT INTO trajectory_batches (status, attempts, created_at) VALUES ('ready', 0, ?)",
                [now.milliseconds])
            let seq = lastInsertedRowID
            for (place, index) in batch.enumerated() {
                try run(
                    "UPDATE trajectory_groups SET status = 'batched', batch_seq = ?, batch_place = ? WHERE seq = ?",
                    [seq, place, queue[index].seq])
            }
            let taken = Set(batch)
            queue = queue.indices.filter { !taken.contains($0) }.map { queue[$0] }
            first = first ?? seq
            formed += 1
        }
        if formed > 0 { try run("UPDATE trajectory_run SET step = step + ?", [formed]) }
        return first
    }

    fileprivate func hand(_ seq: Int64, until expiry: Timestamp) throws -> TrajectoryBatch {
        try run(
            "UPDATE trajectory_batches SET status = 'handed', expires_at = ?, attempts = attempts + 1 WHERE seq = ?",
            [expiry.milliseconds, seq])
        let groups = try rows(
            "SELECT seq FROM trajectory_groups WHERE batch_seq = ? ORDER BY batch_place", [seq]
        ).map { $0["seq"] as Int64 }
        let attempt = Int(try integer("SELECT attempts FROM trajectory_batches WHERE seq = ?", [seq]) ?? 1)
        return TrajectoryBatch(seq: seq, groups: groups, attempt: attempt, expiresAt: expiry)
    }
}
