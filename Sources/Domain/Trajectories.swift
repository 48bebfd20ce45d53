// What environments post in groups of sequences, and a trainer takes in batches: the values of Atropos' trajectory API.
//
// Their scores are the environments' own, no verdicts; nothing here reaches the learner of this process.

/// A trainer's registration: what it wants in a batch, and what environments are told.
package struct TrainerRegistration: Sendable, Equatable {
    package var group: String
    package var project: String
    /// Sequences of a batch, exactly.
    package var batchSize: Int
    package var tokensMax: Int
    package var checkpointDirectory: String
    package var checkpointInterval: Int
    package var startingStep: Int
    package var steps: Int
    package init(
        group: String, project: String, batchSize: Int, tokensMax: Int, checkpointDirectory: String,
        checkpointInterval: Int, startingStep: Int, steps: Int
    ) {
        self.group = group
        self.project = project
        self.batchSize = batchSize
        self.tokensMax = tokensMax
        self.checkpointDirectory = checkpointDirectory
        self.checkpointInterval = checkpointInterval
        self.startingStep = startingStep
        self.steps = steps
    }
}

/// The run of a registered trainer.
package struct TrajectoryRun: Sendable, Equatable {
    package var registration: TrainerRegistration
    /// The starting step and the batches formed since.
    package var step: Int
    /// Whether the trainer has asked for a batch; environments wait for that.
    package var isStarted: Bool
    /// Groups that are in no batch yet.
    package var queued: Int
    package init(registration: TrainerRegistration, step: Int, isStarted: Bool, queued: Int) {
        self.registration = registration
        self.step = step
        self.isStarted = isStarted
        self.queued = queued
    }
}

/// What an environment says of itself.
package struct EnvironmentRegistration: Sendable, Equatable {
    package var name: String
    package var tokensMax: Int
    package var weight: Double
    package var groupSize: Int
    /// The share of each batch that it wants at least, 0 to 1.
    package var batchShare: Double?
    package init(name: String, tokensMax: Int, weight: Double, groupSize: Int, batchShare: Double?) {
        self.name = name
        self.tokensMax = tokensMax
        self.weight = weight
        self.groupSize = groupSize
        self.batchShare = batchShare
    }
}

/// An environment that was registered.
package struct EnvironmentReceipt: Sendable, Equatable {
    /// From 0 without gaps.
    package var id: Int64
    /// Its name, and how many of that name there were before.
    package var name: String
    package var run: TrajectoryRun
    package init(id: Int64, name: String, run: TrajectoryRun) {
        self.id = id
        self.name = name
        self.run = run
    }
}

/// One group of sequences.
package struct TrajectoryGroup: Sendable, Equatable {
    package var environment: Int64?
    /// 1 to `Limits.trajectorySequencesMax`.
    package var sequences: Int
    /// What a trainer is given: JSON, UTF-8.
    package var text: [UInt8]
    package init(environment: Int64?, sequences: Int, text: [UInt8]) {
        self.environment = environment
        self.sequences = sequences
        self.text = text
    }
}

/// The groups of one request.
package struct TrajectoryPost: Sendable, Equatable {
    package var groups: [TrajectoryGroup]
    /// The client's own name for the request; the same name and content are stored once.
    package var key: String?
    package init(groups: [TrajectoryGroup], key: String? = nil) {
        self.groups = groups
        self.key = key
    }
}

/// What became of a post.
package struct TrajectoryReceipt: Sendable, Equatable {
    /// Groups that wait for others of their environment, to be together as large as it said.
    package var buffered: Int
    /// Sequences that wait so in the environment of the last of those.
    package var bufferSize: Int?
    /// Whether the same request was stored before, and nothing was stored now.
    package var isRepeat: Bool
    package init(buffered: Int, bufferSize: Int?, isRepeat: Bool) {
        self.buffered = buffered
        self.bufferSize = bufferSize
        self.isRepeat = isRepeat
    }
}

/// Which of the batches that were handed out a trainer is done with.
package enum BatchAcknowledgement: Sendable, Equatable {
    /// All that it has taken.
    case all
    /// These.
    case these(Set<Int64>)
}

/// A batch that is handed out.
package struct TrajectoryBatch: Sendable, Equatable {
    package var seq: Int64
    /// The numbers of its groups, in order; their texts are read one by one.
    package var groups: [Int64]
    /// How often it was handed out, this time included.
    package var attempt: Int
    package var expiresAt: Timestamp
    package init(seq: Int64, groups: [Int64], attempt: Int, expiresAt: Timestamp) {
        self.seq = seq
        self.groups = groups
        self.attempt = attempt
        self.expiresAt = expiresAt
    }
}

/// The answer to a trainer that asks for a batch.
package enum BatchOffer: Sendable, Equatable {
    case notRegistered
    /// Not enough sequences yet.
    case nothing
    case batch(TrajectoryBatch)
}
