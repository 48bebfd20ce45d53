// How the queue stands for one environment, by which it slows down: the arithmetic of atroposlib 0.4.0's GET /status-env.

/// A registered environment.
package struct TrajectoryEnvironment: Sendable, Equatable {
    package var id: Int64
    package var registration: EnvironmentRegistration
    package var isConnected: Bool
    package init(id: Int64, registration: EnvironmentRegistration, isConnected: Bool) {
        self.id = id
        self.registration = registration
        self.isConnected = isConnected
    }
}

/// The sequences that one environment, or those without a name, has in the queue.
package struct EnvironmentLoad: Sendable, Equatable {
    package var environment: Int64?
    package var sequences: Int
    /// The largest of its groups.
    package var largestGroup: Int
    package init(environment: Int64?, sequences: Int, largestGroup: Int) {
        self.environment = environment
        self.sequences = sequences
        self.largestGroup = largestGroup
    }
}

/// The queue as one environment sees it.
package struct EnvironmentQueue: Sendable, Equatable {
    /// Least weight, so that no environment starves (atroposlib's MIN_ENV_WEIGHT).
    private static let weightMin = 0.01

    package var step: Int
    /// Groups of its size that are before it: its own, and what others have beyond their shares.
    package var queueSize: Int
    /// The part of a batch that no environment has reserved.
    package var unallocatedFraction: Double
    package var ownQueueSize: Int
    package var largestGroup: Int
    package var weight: Double
    /// Its group size, which grows with the groups that it sends.
    package var groupSize: Int

    /// The view of one environment of a list; `run` is nil before a trainer has registered.
    package init(
        of environment: TrajectoryEnvironment, among all: [TrajectoryEnvironment], loads: [EnvironmentLoad],
        run: TrajectoryRun?
    ) {
        let connected = all.filter(\.isConnected)
        let own = environment.registration
        let total = connected.reduce(0) { $0 + Double($1.registration.tokensMax) * max(0, $1.registration.weight) }
        let share = total == 0 ? 0 : Double(own.tokensMax) * own.weight / total
        weight = max(Self.weightMin, share)
        unallocatedFraction = 1 - min(connected.reduce(0) { $0 + ($1.registration.batchShare ?? 0) }, 1)
        let ownLoad = loads.first { $0.environment == environment.id }
        let ownSequences = ownLoad?.sequences ?? 0
        let largest = max(1, loads.map(\.largestGroup).max() ?? 1)
        groupSize = max(1, own.groupSize, ownLoad?.largestGroup ?? 0)
        var others = 0
        if largest > 1 {
            for load in loads where load.environment != environment.id {
                let reserved = connected.first { $0.id == load.environment }?.registration.batchShare
                    .map { Int(Double(run?.registration.batchSize ?? 0) * $0) }
                others += max(0, (load.sequences + largest - 1) / largest * largest - (reserved ?? 0))
            }
        }
        step = run?.step ?? 0
        queueSize = (ownSequences + others) / groupSize
        ownQueueSize = ownSequences / groupSize
        largestGroup = largest
    }
}
