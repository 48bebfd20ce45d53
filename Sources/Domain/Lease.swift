// Leases: work handed out until a deadline, with a fencing number so that a late worker cannot overwrite a newer one.

/// What kind of work a lease hands out.
package enum LeaseKind: String, Sendable, CaseIterable { case generate, score }

/// Work handed to one worker until `expiresAt`.
package struct Lease: Sendable, Equatable {
    package var id: LeaseID
    package var kind: LeaseKind
    package var worker: String
    package var expiresAt: Timestamp
    /// Rises by one each time the same work is handed out again.
    package var attempt: Int
    /// For `generate`: the groups to sample.
    package var groups: [LeasedGroup]
    /// For `score`: the rollouts to judge.
    package var rollouts: [ScoringWork]
    /// The newest policy when the lease was given.
    package var policyVersion: PolicyVersion

    package init(
        id: LeaseID, kind: LeaseKind, worker: String, expiresAt: Timestamp, attempt: Int, groups: [LeasedGroup],
        rollouts: [ScoringWork], policyVersion: PolicyVersion
    ) {
        self.id = id
        self.kind = kind
        self.worker = worker
        self.expiresAt = expiresAt
        self.attempt = attempt
        self.groups = groups
        self.rollouts = rollouts
        self.policyVersion = policyVersion
    }
}

/// One prompt to be sampled several times.
package struct LeasedGroup: Sendable, Equatable {
    package var id: GroupID
    package var prompt: AskedPrompt
    /// How many rollouts the group still lacks.
    package var rollouts: Int
    package init(id: GroupID, prompt: AskedPrompt, rollouts: Int) {
        self.id = id
        self.prompt = prompt
        self.rollouts = rollouts
    }
}

/// One rollout to be judged.
package struct ScoringWork: Sendable, Equatable {
    package var rolloutID: RolloutID
    package var response: String
    package var task: VerificationTask
    /// How often it was handed to a judge, this time included.
    package var attempt: Int
    /// Whose rollout it is: a key's row, or one of `KeyLane`.
    package var lane: Int64
    package init(
        rolloutID: RolloutID, response: String, task: VerificationTask, attempt: Int, lane: Int64 = KeyLane.unnamed
    ) {
        self.rolloutID = rolloutID
        self.response = response
        self.task = task
        self.attempt = attempt
        self.lane = lane
    }
}

/// A judge's answer to one piece of scoring work.
package struct ScoringResult: Sendable, Equatable {
    package var rolloutID: RolloutID
    package var attempt: Int
    package var verdict: Verdict
    /// Nil exactly when the verdict is undetermined.
    package var reward: Double?
    package init(rolloutID: RolloutID, attempt: Int, verdict: Verdict, reward: Double?) {
        self.rolloutID = rolloutID
        self.attempt = attempt
        self.verdict = verdict
        self.reward = reward
    }
}
