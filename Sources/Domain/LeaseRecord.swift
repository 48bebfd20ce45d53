// Leases as people look at them: which there are, what each held, how it ended, and who works. Values only.

/// How a lease ended.
package enum LeaseEnding: String, Sendable, CaseIterable {
    /// All its work is done.
    case completed
    /// The worker gave the rest back.
    case released
    /// Its deadline passed.
    case expired
    /// The process that worked on it is gone.
    case reclaimed
    /// A person ended it.
    case revoked
}

/// What became of one piece of work under one lease.
package enum WorkOutcome: String, Sendable, CaseIterable {
    /// Judged, or complete.
    case done
    /// Judged, but nothing was decided and it is judged again.
    case retried
    /// Taken away while the lease lived: discarded, or too old.
    case withdrawn
    /// It went back with its lease, as `LeaseEnding` says.
    case released, expired, reclaimed, revoked
}

/// One lease, without the texts of its work.
package struct LeaseRecord: Sendable, Equatable {
    package var id: LeaseID
    package var kind: LeaseKind
    package var worker: String
    package var attempt: Int
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    package var endedAt: Timestamp?
    /// Nil exactly while it is alive.
    package var ending: LeaseEnding?
    /// Groups or rollouts that it was given, and those that it still holds.
    package var taken: Int
    package var held: Int
    package init(
        id: LeaseID, kind: LeaseKind, worker: String, attempt: Int, createdAt: Timestamp, expiresAt: Timestamp,
        endedAt: Timestamp?, ending: LeaseEnding?, taken: Int, held: Int
    ) {
        self.id = id
        self.kind = kind
        self.worker = worker
        self.attempt = attempt
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.endedAt = endedAt
        self.ending = ending
        self.taken = taken
        self.held = held
    }
}

/// Which leases are meant; nil means any.
package struct LeaseFilter: Sendable, Equatable {
    package var kind: LeaseKind?
    package var isAlive: Bool?
    package var worker: String?
    package init(kind: LeaseKind? = nil, isAlive: Bool? = nil, worker: String? = nil) {
        self.kind = kind
        self.isAlive = isAlive
        self.worker = worker
    }
}

/// One page of leases and where the next begins.
package struct LeasePage: Sendable, Equatable {
    package var leases: [LeaseRecord]
    /// Pass it to get the next page; nil when this is the last.
    package var nextCursor: Int64?
    package init(leases: [LeaseRecord], nextCursor: Int64?) {
        self.leases = leases
        self.nextCursor = nextCursor
    }
}

/// One lease with the work that it still holds.
package struct LeaseDetail: Sendable, Equatable {
    package var record: LeaseRecord
    package var groups: [GroupID]
    package var rollouts: [RolloutID]
    package init(record: LeaseRecord, groups: [GroupID], rollouts: [RolloutID]) {
        self.record = record
        self.groups = groups
        self.rollouts = rollouts
    }
}

/// One time that a piece of work was handed out.
package struct WorkAttempt: Sendable, Equatable {
    package var leaseID: LeaseID
    package var worker: String
    package var attempt: Int
    package var takenAt: Timestamp
    /// When it was judged, or went back; nil while it is held.
    package var endedAt: Timestamp?
    /// Nil while it is held.
    package var outcome: WorkOutcome?
    package init(
        leaseID: LeaseID, worker: String, attempt: Int, takenAt: Timestamp, endedAt: Timestamp?, outcome: WorkOutcome?
    ) {
        self.leaseID = leaseID
        self.worker = worker
        self.attempt = attempt
        self.takenAt = takenAt
        self.endedAt = endedAt
        self.outcome = outcome
    }
}

/// One worker, as its leases tell.
package struct WorkerRecord: Sendable, Equatable {
    package var name: String
    package var kind: LeaseKind
    package var aliveLeases: Int
    package var leases: Int
    /// Pieces of work done, and lost: neither done nor given back in time.
    package var done: Int
    package var lost: Int
    package var firstSeen: Timestamp
    package var lastSeen: Timestamp
    package init(
        name: String, kind: LeaseKind, aliveLeases: Int, leases: Int, done: Int, lost: Int, firstSeen: Timestamp,
        lastSeen: Timestamp
    ) {
        self.name = name
        self.kind = kind
        self.aliveLeases = aliveLeases
        self.leases = leases
        self.done = done
        self.lost = lost
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
    }
}
