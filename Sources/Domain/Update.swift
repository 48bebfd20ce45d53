// What the learner consumes and what it leaves behind: a training group in, an update with its metrics out.

/// A complete group whose members all have a reward, ready for an update.
package struct TrainingGroup: Sendable, Equatable {
    package var id: GroupID
    package var prompt: AskedPrompt
    /// The members, in order of creation; each `scored`, or `undetermined` and then without a reward.
    package var rollouts: [Rollout]
    package init(id: GroupID, prompt: AskedPrompt, rollouts: [Rollout]) {
        self.id = id
        self.prompt = prompt
        self.rollouts = rollouts
    }
}

/// How one group fared in an update.
package enum GroupFate: String, Sendable, CaseIterable {
    /// Its rollouts entered the loss.
    case trained
    /// All its rollouts were equally right, so it carries no signal (DAPO's filter, on correctness).
    case zeroVariance = "zero_variance"
    /// Too few of its rollouts had a verdict or tokens.
    case unusable
    /// Its policy was too old.
    case stale
}

/// One group's part in an update, with the advantage of each member that has one.
package struct ConsumedGroup: Sendable, Equatable {
    package var id: GroupID
    package var fate: GroupFate
    package var advantages: [RolloutID: Double]
    package init(id: GroupID, fate: GroupFate, advantages: [RolloutID: Double]) {
        self.id = id
        self.fate = fate
        self.advantages = advantages
    }
}

/// One stored update: it turned `version - 1` into `version`.
package struct UpdateRecord: Sendable, Equatable {
    package var version: PolicyVersion
    package var createdAt: Timestamp
    /// The objective's name, as `gppo`.
    package var objective: String
    /// Numbers by name (`loss`, `gradient_norm`, `entropy`, `clip_positive_high`, ...), in a fixed order.
    package var metrics: [Metric]
    /// What it can be made again from; nil for updates of earlier versions of the service.
    package var provenance: UpdateProvenance?

    package struct Metric: Sendable, Equatable {
        package var name: String
        package var value: Double
        package init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    package init(
        version: PolicyVersion, createdAt: Timestamp, objective: String, metrics: [Metric],
        provenance: UpdateProvenance? = nil
    ) {
        self.version = version
        self.createdAt = createdAt
        self.objective = objective
        self.metrics = metrics
        self.provenance = provenance
    }

    /// A metric by name, or nil.
    package subscript(_ name: String) -> Double? { metrics.first { $0.name == name }?.value }
}

/// What an update can be made again from, beside its groups and the policy before it.
package struct UpdateProvenance: Sendable, Equatable {
    /// The hyper-parameters it was made with, as the text of a JSON object.
    package var settings: String
    /// The digest of the checkpoint that it left.
    package var checkpointDigest: String
    /// The ledger's number of the newest verdict when its groups were read.
    package var judgedThrough: Int64

    package init(settings: String, checkpointDigest: String, judgedThrough: Int64) {
        self.settings = settings
        self.checkpointDigest = checkpointDigest
        self.judgedThrough = judgedThrough
    }
}

/// Groups that the learner read together, with the point in the ledger's history at which it read them.
package struct TrainingBatch: Sendable, Equatable {
    package var groups: [TrainingGroup]
    /// The ledger's number of the newest verdict at that moment.
    package var judgedThrough: Int64

    package init(groups: [TrainingGroup], judgedThrough: Int64) {
        self.groups = groups
        self.judgedThrough = judgedThrough
    }
}

/// Where the weights and the learner's state of a version lie.
package struct CheckpointManifest: Sendable, Equatable {
    package var version: PolicyVersion
    /// File name inside the checkpoint directory, as `policy-00000012`.
    package var path: String
    package var bytes: Int
    /// SHA-256 or another digest of the file, in lower-case hexadecimal.
    package var digest: String
    /// The learner's own state beside the tensors (random state, counters), as JSON text.
    package var learnerState: String
    package init(version: PolicyVersion, path: String, bytes: Int, digest: String, learnerState: String) {
        self.version = version
        self.path = path
        self.bytes = bytes
        self.digest = digest
        self.learnerState = learnerState
    }
}

/// Everything that one update changes, committed in one transaction or not at all.
package struct UpdateCommit: Sendable, Equatable {
    package var record: UpdateRecord
    package var groups: [ConsumedGroup]
    package var checkpoint: CheckpointManifest
    /// The most telling tokens beyond the clip range, heaviest first; of rollouts of `groups`.
    package var kept: [KeptToken] = []
    package init(record: UpdateRecord, groups: [ConsumedGroup], checkpoint: CheckpointManifest) {
        self.record = record
        self.groups = groups
        self.checkpoint = checkpoint
    }
}

/// A stored measurement on held-out prompts.
package struct EvaluationRecord: Sendable, Equatable {
    package var version: PolicyVersion
    /// Which prompts, as `math`, `code` or `all`.
    package var kind: String
    package var prompts: Int
    /// Samples per prompt for `averageAccuracy` and `passAtK`; 0 when only greedy decoding was measured.
    package var samples: Int
    /// Share of prompts answered rightly by greedy decoding, 0 to 1; undetermined answers are left out.
    package var greedyAccuracy: Double
    /// Mean share of right samples (avg@k), 0 to 1; nil when not sampled.
    package var averageAccuracy: Double?
    /// Share of prompts with at least one right sample (pass@k), 0 to 1; nil when not sampled.
    package var passAtK: Double?
    /// Answers that nobody could judge.
    package var undetermined: Int
    /// Seconds of learning (sampling, scoring and updates; evaluations not counted) before this measurement.
    package var learningSeconds: Double
    package var createdAt: Timestamp

    package init(
        version: PolicyVersion, kind: String, prompts: Int, samples: Int, greedyAccuracy: Double,
        averageAccuracy: Double?, passAtK: Double?, undetermined: Int, learningSeconds: Double, createdAt: Timestamp
    ) {
        self.version = version
        self.kind = kind
        self.prompts = prompts
        self.samples = samples
        self.greedyAccuracy = greedyAccuracy
        self.averageAccuracy = averageAccuracy
        self.passAtK = passAtK
        self.undetermined = undetermined
        self.learningSeconds = learningSeconds
        self.createdAt = createdAt
    }
}
