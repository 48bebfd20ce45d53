// What a ledger keeps of its past: how old rollouts are packed, when they are deleted, and what became of that.

/// When settled rollouts are packed and deleted. Without any bound nothing is deleted.
package struct RetentionPolicy: Sendable, Equatable {
    /// Groups older than so many days go; nil means none do.
    package var days: Double?
    /// When the database holds more bytes, the oldest groups go until it does not; when none can, intake waits.
    package var bytes: Int?
    /// Groups consumed more than so many updates ago go.
    package var updates: Int?
    /// Bodies of rollouts older than so many hours are packed; nil leaves them as they are.
    package var compactAfterHours: Double?

    package init(
        days: Double? = nil, bytes: Int? = nil, updates: Int? = nil, compactAfterHours: Double? = 24
    ) {
        self.days = days
        self.bytes = bytes
        self.updates = updates
        self.compactAfterHours = compactAfterHours
    }

    /// Whether anything is ever deleted.
    package var deletes: Bool { days != nil || bytes != nil || updates != nil }
}

/// What retention deleted, or would delete.
package struct RetentionReport: Sendable, Equatable {
    package var groups = 0
    package var rollouts = 0
    /// About what they take in the database.
    package var bytes = 0
    /// When the oldest and the newest of the groups were opened.
    package var oldest: Timestamp?
    package var newest: Timestamp?
    /// Whether more groups wait for another call.
    package var hasMore = false

    package init() {}

    /// Adds what a further step found.
    package mutating func add(_ step: RetentionReport) {
        groups += step.groups
        rollouts += step.rollouts
        bytes += step.bytes
        oldest = [oldest, step.oldest].compactMap { $0 }.min()
        newest = [newest, step.newest].compactMap { $0 }.max()
    }
}

/// What one step of compaction did.
package struct CompactionStep: Sendable, Equatable {
    /// Rollouts it looked at; 0 means that none are left.
    package var seen = 0
    /// Rollouts it is done with, those included whose bodies would not shrink.
    package var rollouts = 0
    /// Bytes of their bodies.
    package var bytesBefore = 0
    package var bytesAfter = 0

    package init() {}
}

/// How large a database file is.
package struct LedgerSize: Sendable, Equatable {
    package var fileBytes: Int64
    /// Of pages that hold nothing and will be used again before the file grows.
    package var freeBytes: Int64

    package init(fileBytes: Int64, freeBytes: Int64) {
        self.fileBytes = fileBytes
        self.freeBytes = freeBytes
    }

    /// Bytes of pages that hold something.
    package var usedBytes: Int64 { fileBytes - freeBytes }
}
