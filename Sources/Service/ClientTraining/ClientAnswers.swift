// What a client that drives the training gets back, and the names of its things.
import Domain

/// Names a client's session.
package struct ClientSessionID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Names a model that a client trains, as `SESSION:train:0`.
package struct ClientModelID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Names a version of weights that a client samples from, as `SESSION:sample:0`.
package struct ClientSamplerID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Names one request, by what was asked and its number: the same request sent again has the same name.
package struct ClientRequestID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// What a pass says.
package struct ClientPass: Sendable, Equatable {
    /// ln p of each token but the first, for each sequence, [T - 1].
    package var logprobs: [[Float]]
    package var loss: Double
    /// Tokens with a weight or an advantage.
    package var tokens: Int
    /// Of those, tokens out of the ratio's range in the direction of their advantage: PPO drops their gradients, GPPO keeps them.
    package var below: Int
    package var above: Int
    package var ratioMax: Double
}

/// A sampled sequence.
package struct ClientSample: Sendable, Equatable {
    package var tokens: [Int32]
    /// ln p of each token under the model itself: what a later pass over the same weights says, to the last bit.
    package var logprobs: [Float]
    package var finishReason: FinishReason
}

/// The answer to a request.
package enum ClientAnswer: Sendable, Equatable {
    case created(ClientModelID)
    case pass(ClientPass)
    /// `gradientNorm` is that before clipping; a step whose gradient was not finite changes nothing.
    case stepped(gradientNorm: Double, isApplied: Bool)
    case saved(ClientCheckpointPath)
    case loaded(ClientCheckpointPath, ClientModelID)
    case sampler(ClientSamplerID)
    case samples([ClientSample], promptLogprobs: [Float?]?)
    case unloaded(ClientModelID)

    /// About how many bytes it takes while it waits to be fetched.
    var bytes: Int {
        switch self {
        case .pass(let pass): 512 + pass.logprobs.reduce(0) { $0 + 4 * $1.count }
        case .samples(let samples, let prompt):
            512 + 8 * (prompt?.count ?? 0) + samples.reduce(0) { $0 + 8 * $1.tokens.count }
        default: 512
        }
    }
}

/// Why a request came to nothing.
package struct ClientFailure: Error, Sendable, Equatable {
    /// Whether the client asked for what cannot be; otherwise it is the service's fault.
    package var isClients: Bool
    package var message: String

    init(isClients: Bool, message: String) {
        self.isClients = isClients
        self.message = message
    }
}

/// How far a request is.
package enum ClientProgress: Sendable, Equatable {
    case waiting
    case done(ClientAnswer)
    case failed(ClientFailure)
    /// Not known, or no longer kept: it must be asked again.
    case gone
}

/// A model as its client may look it up.
package struct ClientModelReport: Sendable, Equatable {
    package var id: ClientModelID
    /// The policy that it began as.
    package var base: String
    /// Nil when all parameters are trained.
    package var adapter: ClientAdapter?
    package var lastRequest: Timestamp
}

/// A sampler as its client may look it up.
package struct ClientSamplerReport: Sendable, Equatable {
    package var id: ClientSamplerID
    package var base: String
    package var path: ClientCheckpointPath?
}
