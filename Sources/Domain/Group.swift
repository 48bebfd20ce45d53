// A group: rollouts of one prompt whose rewards are compared with one another. As clients open and see it.

/// Where a group stands on its way to an update.
package enum GroupStatus: String, Sendable, CaseIterable {
    /// It lacks members or verdicts.
    case open
    /// It is complete and judged, and waits for an update.
    case ready
    case consumed, stale, discarded
}

/// A group as a client opens it.
package struct GroupSubmission: Sendable, Equatable {
    /// The client's identifier, or nil for a fresh one.
    package var id: GroupID?
    package var promptID: PromptID
    /// How many rollouts it takes; nil is the learner's group size.
    package var size: Int?
    package init(id: GroupID?, promptID: PromptID, size: Int?) {
        self.id = id
        self.promptID = promptID
        self.size = size
    }
}

/// The answer to an opened group, given once it is durable.
package struct GroupReceipt: Sendable, Equatable {
    package var id: GroupID
    package var size: Int
    package var status: GroupStatus
    /// False when the same group was there already.
    package var isNew: Bool
    package init(id: GroupID, size: Int, status: GroupStatus, isNew: Bool) {
        self.id = id
        self.size = size
        self.status = status
        self.isNew = isNew
    }
}

/// One group without its members.
package struct GroupRecord: Sendable, Equatable {
    package var id: GroupID
    package var promptID: PromptID
    package var dataset: String
    package var size: Int
    package var memberCount: Int
    package var status: GroupStatus
    /// What an update, or the clock, made of it.
    package var fate: GroupFate?
    /// The oldest policy among its members.
    package var oldestVersion: PolicyVersion
    package var consumedByUpdate: Int?
    /// 0: never leased; otherwise the fencing number of the last lease.
    package var attempt: Int
    /// The lease that holds it now.
    package var leaseID: LeaseID?
    package var createdAt: Timestamp
    package init(
        id: GroupID, promptID: PromptID, dataset: String, size: Int, memberCount: Int, status: GroupStatus,
        fate: GroupFate?, oldestVersion: PolicyVersion, consumedByUpdate: Int?, attempt: Int, leaseID: LeaseID?,
        createdAt: Timestamp
    ) {
        self.id = id
        self.promptID = promptID
        self.dataset = dataset
        self.size = size
        self.memberCount = memberCount
        self.status = status
        self.fate = fate
        self.oldestVersion = oldestVersion
        self.consumedByUpdate = consumedByUpdate
        self.attempt = attempt
        self.leaseID = leaseID
        self.createdAt = createdAt
    }
}

/// One member of a group, without its texts and tokens.
package struct GroupMember: Sendable, Equatable {
    package var id: RolloutID
    package var status: RolloutStatus
    package var outcome: Verdict.Outcome?
    package var reward: Double?
    package var advantage: Double?
    package var policyVersion: PolicyVersion
    package init(
        id: RolloutID, status: RolloutStatus, outcome: Verdict.Outcome?, reward: Double?, advantage: Double?,
        policyVersion: PolicyVersion
    ) {
        self.id = id
        self.status = status
        self.outcome = outcome
        self.reward = reward
        self.advantage = advantage
        self.policyVersion = policyVersion
    }
}

/// One group with its members and the leases it was in, oldest first.
package struct GroupDetail: Sendable, Equatable {
    package var record: GroupRecord
    package var members: [GroupMember]
    package var attempts: [WorkAttempt]
    package init(record: GroupRecord, members: [GroupMember], attempts: [WorkAttempt]) {
        self.record = record
        self.members = members
        self.attempts = attempts
    }
}

/// Which groups are meant; nil means any.
package struct GroupQuery: Sendable, Equatable {
    package var status: GroupStatus?
    package var dataset: String?
    package var promptID: PromptID?
    package init(status: GroupStatus? = nil, dataset: String? = nil, promptID: PromptID? = nil) {
        self.status = status
        self.dataset = dataset
        self.promptID = promptID
    }
}

/// One page of groups and where the next begins.
package struct GroupPage: Sendable, Equatable {
    package var groups: [GroupRecord]
    /// Pass it to get the next page; nil when this is the last.
    package var nextCursor: Int64?
    package init(groups: [GroupRecord], nextCursor: Int64?) {
        self.groups = groups
        self.nextCursor = nextCursor
    }
}
