// What can be asked of the ledger, and the shape of the answers. Values only; the queries live in Storage.

/// Which rollouts are meant; nil means any.
package struct RolloutFilter: Sendable, Equatable {
    package var status: RolloutStatus?
    package var dataset: String?
    package var promptID: PromptID?
    package var groupID: GroupID?
    package var policyVersion: PolicyVersion?
    /// Created at or after, and before.
    package var createdAfter: Timestamp?
    package var createdBefore: Timestamp?
    /// The outcome that counts.
    package var outcome: Verdict.Outcome?
    /// Bounds of the reward, both included; rollouts without one are left out.
    package var minReward: Double?
    package var maxReward: Double?
    package var consumedByUpdate: Int?
    package var generator: String?

    package init(
        status: RolloutStatus? = nil, dataset: String? = nil, promptID: PromptID? = nil, groupID: GroupID? = nil,
        policyVersion: PolicyVersion? = nil
    ) {
        self.status = status
        self.dataset = dataset
        self.promptID = promptID
        self.groupID = groupID
        self.policyVersion = policyVersion
    }
}

/// Which prompts are meant, for sampling and for updates; nil means any.
package struct PromptScope: Sendable, Equatable {
    package var dataset: String?
    /// `math` or `code`.
    package var taskType: String?
    package init(dataset: String? = nil, taskType: String? = nil) {
        self.dataset = dataset
        self.taskType = taskType
    }
}

/// One page of rollouts and where the next begins.
package struct RolloutPage: Sendable, Equatable {
    package var rollouts: [Rollout]
    /// Pass it to get the next page; nil when this is the last.
    package var nextCursor: Int64?
    package init(rollouts: [Rollout], nextCursor: Int64?) {
        self.rollouts = rollouts
        self.nextCursor = nextCursor
    }
}

/// The rules under which posted rollouts are admitted.
package struct RolloutAdmission: Sendable, Equatable {
    /// The newest policy; a rollout cannot come from a later one.
    package var currentVersion: PolicyVersion
    /// The size of groups made for rollouts that name none.
    package var groupSize: Int
    package init(currentVersion: PolicyVersion, groupSize: Int) {
        self.currentVersion = currentVersion
        self.groupSize = groupSize
    }
}

/// One policy that was made.
package struct PolicyRecord: Sendable, Equatable {
    package var version: PolicyVersion
    package var createdAt: Timestamp
    /// Whether its weights are still on disk.
    package var hasCheckpoint: Bool
    package init(version: PolicyVersion, createdAt: Timestamp, hasCheckpoint: Bool) {
        self.version = version
        self.createdAt = createdAt
        self.hasCheckpoint = hasCheckpoint
    }
}

/// How much of what the ledger holds.
package struct LedgerCounts: Sendable, Equatable {
    package var prompts: Int
    /// Every status is present, with 0 where there are none.
    package var rollouts: [RolloutStatus: Int]
    /// By task type (`math`, `code`), then outcome.
    package var verdicts: [String: [Verdict.Outcome: Int]]
    /// Groups that still lack rollouts and that nobody holds.
    package var openGroups: Int
    /// Groups that a worker holds.
    package var leasedGroups: Int
    /// Rollouts whose bodies are packed, and rollouts that were deleted.
    package var packed = 0
    package var deleted = 0
    package init(
        prompts: Int, rollouts: [RolloutStatus: Int], verdicts: [String: [Verdict.Outcome: Int]], openGroups: Int,
        leasedGroups: Int
    ) {
        self.prompts = prompts
        self.rollouts = rollouts
        self.verdicts = verdicts
        self.openGroups = openGroups
        self.leasedGroups = leasedGroups
    }

    /// Rollouts waiting for a judge.
    package var queueLength: Int { rollouts[.queued, default: 0] }
}

/// One judgement of a rollout; a rescored rollout has several.
package struct JudgementRecord: Sendable, Equatable {
    package var verdict: Verdict
    package var reward: Double?
    package var attempt: Int
    package var createdAt: Timestamp
    /// Whether this is the judgement that counts.
    package var isCurrent: Bool
    /// The request to judge again that it answers; nil for a rollout's first ones.
    package var rescoreID: RescoreID?
    package init(
        verdict: Verdict, reward: Double?, attempt: Int, createdAt: Timestamp, isCurrent: Bool,
        rescoreID: RescoreID? = nil
    ) {
        self.rescoreID = rescoreID
        self.verdict = verdict
        self.reward = reward
        self.attempt = attempt
        self.createdAt = createdAt
        self.isCurrent = isCurrent
    }
}
