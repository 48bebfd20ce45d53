// Groups of sequences in: stored once, into the queue or into the buffer of their environment.
import Domain
import Foundation
import GRDB
import Synchronization

extension Ledger {
    /// Stores the groups of one request and returns once they are durable, with the answer's delivery to report on.
    ///
    /// The same content again, while nobody is known to have taken the answer to the first, is not stored again and gets that
    /// answer; so is the same content under the same key. Throws `LedgerError.queueFull` when too much waits, and `InputError`
    /// when a key comes with other content.
    package func post(_ post: TrajectoryPost) async throws -> (receipt: TrajectoryReceipt, delivery: PostDelivery) {
        let packed = try await onQueue(codecQueue) { try PackedTrajectories(post) }
        if let excess = intakeBarrier.withLock({ $0 }) {
            throw LedgerError.overBudget(
                bytes: excess.bytes, budget: excess.budget, retryAfterSeconds: Limits.retentionRetrySeconds)
        }
        await deliveries.enter(packed.digest)
        let taken = deliveries.takenPosts
        do {
            let (seq, receipt) = try await write(.intake, bytes: packed.bytes) { [clock] db in
                try db.store(packed, forgetting: taken, now: clock.now())
            }
            deliveries.forget(posts: taken)
            return (receipt, PostDelivery(seq, packed.digest, deliveries))
        } catch {
            deliveries.leave(packed.digest)
            throw error
        }
    }
}

extension Database {
    fileprivate func store(
        _ packed: PackedTrajectories, forgetting taken: Set<Int64>, now: Timestamp
    ) throws -> (seq: Int64, receipt: TrajectoryReceipt) {
        // A post with a key stays known although its answer was taken: that is what the key is for.
        for seq in taken { try run("DELETE FROM trajectory_posts WHERE seq = ? AND key IS NULL", [seq]) }
        try run(
            """
            DELETE FROM trajectory_posts WHERE seq IN (
                SELECT seq FROM trajectory_posts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
            """, [now.milliseconds, Limits.postsForgottenPerWrite])
        if let known = try knownPost(packed, now) { return known }
        try refuseWhenFull(packed)
        var receipt = TrajectoryReceipt(buffered: 0, bufferSize: nil, isRepeat: false)
        for group in packed.groups {
            guard let size = try bufferSize(after: group, now) else { continue }
            receipt.buffered += 1
            receipt.bufferSize = size
        }
        let seconds = packed.key == nil ? Limits.repeatSeconds : Limits.keyedRepeatSeconds
        try run(
            "INSERT INTO trajectory_posts (digest, key, buffered, buffer_size, expires_at) VALUES (?, ?, ?, ?, ?)",
            [
                Data(packed.digest.bytes), packed.key, receipt.buffered, receipt.bufferSize,
                now.adding(seconds: seconds).milliseconds,
            ])
        return (lastInsertedRowID, receipt)
    }

    /// The answer to the same post before, or nil when it is new.
    private func knownPost(
        _ packed: PackedTrajectories, _ now: Timestamp
    ) throws -> (seq: Int64, receipt: TrajectoryReceipt)? {
        let digest = Data(packed.digest.bytes)
        let row =
            if let key = packed.key {
                try row("SELECT * FROM trajectory_posts WHERE key = ?", [key])
            } else {
                try row(
                    """
                    SELECT * FROM trajectory_posts WHERE digest = ? AND key IS NULL AND expires_at > ?
                    ORDER BY seq LIMIT 1
                    """, [digest, now.milliseconds])
            }
        guard let row else { return nil }
        guard row["digest"] == digest else {
            throw InputError(
                .invalidValue, "this key came with other content before", field: "Idempotency-Key",
                hint: "send a new key with new content")
        }
        return (
            row["seq"],
            TrajectoryReceipt(buffered: row["buffered"], bufferSize: row["buffer_size"], isRepeat: true)
        )
    }

    private func refuseWhenFull(_ packed: PackedTrajectories) throws {
        var waiting = 0
        for status in ["buffered", "queued", "batched"] { waiting += try trajectoryTally(status) }
        guard waiting + packed.groups.count <= Limits.trajectoriesWaitingMax else {
            throw LedgerError.queueFull(
                "\(waiting) groups wait for a trainer (limit \(Limits.trajectoriesWaitingMax))", retryAfterSeconds: 5)
        }
        let bytes = try trajectoryTally("bytes")
        guard bytes + packed.bytes <= Limits.trajectoryBytesMax else {
            throw LedgerError.queueFull(
                "\(bytes) bytes wait for a trainer (limit \(Limits.trajectoryBytesMax))", retryAfterSeconds: 5)
        }
    }

    /// Stores a group; the sequences that its environment's buffer holds then, or nil when it went into the queue at once.
    private func bufferSize(after group: PackedTrajectories.Group, _ now: Timestamp) throws -> Int? {
        let expected = try group.environment.flatMap { id in
            try integer("SELECT group_size FROM trajectory_environments WHERE id = ?", [id])
        }
        guard let expected, let environment = group.environment, Int(expected) != group.sequences else {
            try insert(group, place: try nextPlace(), now)
            return nil
        }
        try insert(group, place: nil, now)
        var buffer = try rows(
            "SELECT seq, sequences FROM trajectory_groups WHERE status = 'buffered' AND env_id = ? ORDER BY seq",
            [environment]
        ).map { (seq: $0["seq"] as Int64, sequences: $0["sequences"] as Int) }
        guard buffer.count <= Limits.trajectoriesBufferedMax else {
            throw LedgerError.queueFull(
                "\(buffer.count - 1) groups of environment \(environment) wait for others of their size",
                retryAfterSeconds: 5)
        }
        let chosen = indicesSumming(to: Int(expected), sizes: buffer.map(\.sequences))
        for index in chosen {
            try run(
                "UPDATE trajectory_groups SET status = 'queued', place = ? WHERE seq = ?",
                [try nextPlace(), buffer[index].seq])
        }
        for index in chosen.reversed() { buffer.remove(at: index) }
        return buffer.reduce(0) { $0 + $1.sequences }
    }

    private func nextPlace() throws -> Int64 {
        (try integer("SELECT max(place) FROM trajectory_groups") ?? 0) + 1
    }

    private func insert(_ group: PackedTrajectories.Group, place: Int64?, _ now: Timestamp) throws {
        try run(
            """
            INSERT INTO trajectory_groups (env_id, sequences, status, place, bytes, created_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                group.environment, group.sequences, place == nil ? "buffered" : "queued", place, group.body.count,
                now.milliseconds,
            ])
        try run(
            "INSERT INTO trajectory_bodies (group_seq, text_bytes, body) VALUES (?, ?, ?)",
            [lastInsertedRowID, group.textBytes, group.body])
    }

    /// How many groups have a status, or all their bytes.
    func trajectoryTally(_ name: String) throws -> Int {
        Int(try integer("SELECT count FROM tallies WHERE name = ?", ["trajectories/" + name]) ?? 0)
    }
}
