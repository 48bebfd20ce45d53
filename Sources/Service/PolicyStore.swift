// The policies that can be sampled: the newest in memory, older ones from their checkpoints on demand.
import Domain
import Modeling
import Storage
import Synchronization

/// One policy ready to be sampled.
package struct PublishedPolicy: Sendable {
    package var version: PolicyVersion
    package var weights: ModelWeights
    package init(version: PolicyVersion, weights: ModelWeights) {
        self.version = version
        self.weights = weights
    }
}

/// Holds the newest policy and a few older ones.
package final class PolicyStore: Sendable {
    private struct State {
        var newest: PublishedPolicy?
        var tokenizer: Tokenizer?
        var name = "policy"
        /// Older policies, least recently used first.
        var pinned: [PublishedPolicy] = []
    }

    /// Older policies kept in memory: a comparison needs two.
    private static let pinnedMax = 2

    private let state = Mutex(State())
    private let ledger: Ledger
    private let checkpoints: CheckpointDirectory

    package init(ledger: Ledger, checkpoints: CheckpointDirectory) {
        self.ledger = ledger
        self.checkpoints = checkpoints
    }

    /// The newest version, or nil before the model is there.
    package var newestVersion: PolicyVersion? { state.withLock { $0.newest?.version } }

    /// The newest policy, or nil before the model is there.
    package var newest: PublishedPolicy? { state.withLock { $0.newest } }

    /// The model's tokenizer, or nil before the model is there.
    package var tokenizer: Tokenizer? { state.withLock { $0.tokenizer } }

    /// The model's name on `/v1/models`.
    package var modelName: String { state.withLock { $0.name } }

    /// Makes a policy the newest.
    package func publish(_ policy: PublishedPolicy, tokenizer: Tokenizer) {
        state.withLock {
            $0.newest = policy
            $0.tokenizer = tokenizer
        }
    }

    /// The policy of a version, from memory or from its checkpoint.
    ///
    /// - Throws: `ServiceError.unavailable` before the model is there, `InputError.notFound` for a version that was
    ///   never made or whose checkpoint was pruned.
    package func policy(_ version: PolicyVersion?) async throws -> PublishedPolicy {
        guard let newest else { throw Self.notYet }
        guard let version, version != newest.version else { return newest }
        if let pinned = state.withLock({ $0.pinned.first { $0.version == version } }) { return pinned }
        guard let manifest = try await ledger.checkpoints().first(where: { $0.version == version }) else {
            throw InputError(
                .notFound, "the weights of policy \(version) are not kept",
                hint: "GET /v1/policies lists the versions with weights; the newest is \(newest.version)")
        }
        let weights = try await ComputeThread.run("load-policy") { [checkpoints] in
            try checkpoints.weights(of: manifest)
        }
        let policy = PublishedPolicy(version: version, weights: weights)
        state.withLock {
            $0.pinned.append(policy)
            if $0.pinned.count > Self.pinnedMax { $0.pinned.removeFirst() }
        }
        return policy
    }

    /// What the newest policy is, or nil before the model is there.
    package var description: ModelDescription? {
        guard let newest else { return nil }
        let configuration = newest.weights.configuration
        return ModelDescription(
            name: modelName, parameterCount: configuration.parameterCount,
            vocabularySize: configuration.vocabularySize, contextLength: configuration.maximumPositions)
    }

    /// The error while the first model is still being made.
    static let notYet = ServiceError(
        .unavailable, "the model is not ready yet", hint: "GET /readyz says what is missing", retryAfterSeconds: 5)
}
