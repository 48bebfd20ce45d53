// Groups of sequences from environments to a trainer, in batches. They pass through: nothing here is judged, and the learner of
// this process never sees them, for their scores are the environments' own.
import Domain
import Storage

extension RolloutService {
    /// Registers a trainer; batches that it did not acknowledge are handed out again first. Returns a number for it.
    package func register(trainer: TrainerRegistration) async throws -> UInt128 {
        try refuseWhenStopping()
        return try await inLedger { try await $0.register(trainer: trainer) }
    }

    /// The run of the registered trainer, or nil.
    package func trajectoryRun() async throws -> TrajectoryRun? { try await inLedger { try await $0.trajectoryRun() } }

    /// Registers an environment; nil while no trainer has asked for a batch.
    package func register(environment: EnvironmentRegistration) async throws -> EnvironmentReceipt? {
        try refuseWhenStopping()
        return try await inLedger { try await $0.register(environment: environment) }
    }

    /// Notes that an environment is gone; false when there is none of that number.
    package func disconnect(environment id: Int64) async throws -> Bool {
        try await inLedger { try await $0.disconnect(environment: id) }
    }

    /// The queue as an environment sees it, or nil when there is none of that number.
    package func environmentQueue(of id: Int64) async throws -> EnvironmentQueue? {
        try await inLedger { try await $0.environmentQueue(of: id) }
    }

    /// Stores groups and returns once they are durable; call `taken` when the client has the answer.
    package func post(
        trajectories: TrajectoryPost
    ) async throws -> (receipt: TrajectoryReceipt, taken: @Sendable () -> Void) {
        try refuseWhenStopping()
        try refuseWhenPaused(.intake)
        let (receipt, delivery) = try await inLedger { try await $0.post(trajectories) }
        if !receipt.isRepeat { counters.increment(.trajectoriesAccepted, by: trajectories.groups.count) }
        if receipt.isRepeat { counters.increment(.trajectoriesRepeated, by: trajectories.groups.count) }
        return (receipt, { delivery.noteTaken() })
    }

    /// Hands out the oldest batch; call `taken` when the trainer has all of it, and drop `taken` when it has not.
    package func takeBatch(
        acknowledging acknowledgement: BatchAcknowledgement, seconds: Double
    ) async throws -> (offer: BatchOffer, taken: @Sendable () async throws -> Void) {
        try refuseWhenStopping()
        let (offer, delivery) = try await inLedger {
            try await $0.takeBatch(acknowledging: acknowledgement, seconds: seconds)
        }
        if case .batch = offer { counters.increment(.trajectoryBatchesHanded) }
        return (offer, { [self] in try await inLedger { _ in try await delivery?.noteTaken() } })
    }

    /// The JSON of one group, or nil when it is no longer there.
    package func trajectoryText(_ seq: Int64) async throws -> [UInt8]? {
        try await inLedger { try await $0.trajectoryText(seq) }
    }

    /// The JSON of the group that entered the queue last, or nil.
    package func latestTrajectory() async throws -> [UInt8]? {
        try await inLedger { try await $0.latestTrajectory() }
    }

    /// Forgets the run, its environments, every group and every batch.
    package func clearTrajectories() async throws { try await inLedger { try await $0.clearTrajectories() } }
}
