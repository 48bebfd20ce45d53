// Compaction: bodies of settled rollouts packed smaller, a few at a time, so that posts go on beside it.
import Dispatch
import Domain
import Foundation
import GRDB

extension Ledger {
    /// Packs the bodies of some of the oldest settled rollouts that were created before a moment and that no judge waits
    /// for; call it until it has looked at none. Every reader sees the same as before.
    ///
    /// At most `Limits.compactionRowsPerWrite` rollouts a call. Packing runs at low priority, outside the writer.
    package func compact(createdBefore moment: Timestamp) async throws -> CompactionStep {
        let bodies = try await read { db in try db.bodiesToCompact(createdBefore: moment) }
        guard !bodies.isEmpty else { return CompactionStep() }
        let packed = try await onQueue(compactionQueue) {
            try bodies.map { body in
                let stored = body.stored
                let packed = try PackedBody(
                    response: stored.response, tokenIDs: stored.tokenIDs, logprobs: stored.logprobs)
                return (seq: body.seq, before: stored.bytes, packed: packed)
            }
        }
        let bytes = packed.reduce(0) { $0 + ($1.packed?.bytes ?? 0) }
        return try await write(bytes: bytes) { db in
            var step = CompactionStep()
            for body in packed where try db.replaceBody(of: body.seq, by: body.packed) {
                step.rollouts += 1
                step.bytesBefore += body.before
                step.bytesAfter += body.packed?.bytes ?? body.before
            }
            step.seen = packed.count
            return step
        }
    }
}

/// Packing gives way to everything else.
private let compactionQueue = DispatchQueue(label: "rolloutd.ledger.compaction", qos: .background)

extension Database {
    fileprivate func bodiesToCompact(createdBefore moment: Timestamp) throws -> [(seq: Int64, stored: StoredBody)] {
        // Left to itself SQLite takes the index by status, and sorts all settled rollouts for a few.
        let statement = try cachedStatement(
            sql: """
                SELECT r.seq, b.response, b.token_ids, b.logprobs
                FROM rollouts r INDEXED BY rollouts_to_compact CROSS JOIN rollout_bodies b ON b.rollout_seq = r.seq
                WHERE r.compacted = 0 AND r.status IN ('consumed', 'stale', 'discarded') AND r.judging IS NULL
                    AND r.created_at < ?
                ORDER BY r.created_at LIMIT ?
                """)
        let rows = try Row.fetchCursor(
            statement, arguments: [moment.milliseconds, Limits.compactionRowsPerWrite])
        var bodies: [(seq: Int64, stored: StoredBody)] = []
        var bytes = 0
        while bytes < Limits.compactionBytesPerWrite, let row = try rows.next() {
            let stored = StoredBody(
                response: row["response"], tokenIDs: row["token_ids"], logprobs: row["logprobs"])
            bodies.append((row["seq"], stored))
            bytes += stored.bytes
        }
        return bodies
    }

    /// False when the rollout was deleted, or packed, since its body was read.
    fileprivate func replaceBody(of seq: Int64, by packed: PackedBody?) throws -> Bool {
        guard try run("UPDATE rollouts SET compacted = 1 WHERE seq = ? AND compacted = 0", [seq]) == 1 else {
            return false
        }
        guard let packed else { return true }
        try run(
            "INSERT INTO packed_bodies VALUES (?, ?, ?, ?, ?, ?)",
            [seq, packed.responseBytes, packed.tokens, packed.response, packed.tokenIDs, packed.logprobs])
        try run(
            "UPDATE rollout_bodies SET response = x'', token_ids = x'', logprobs = x'' WHERE rollout_seq = ?", [seq])
        return true
    }
}
