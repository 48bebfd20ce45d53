// What the use cases take and give beyond Domain's values. No wire names here: HTTPAPI and the commands have those.
import Domain

/// One response to be scored, without being stored.
package struct ScoreItem: Sendable {
    package var task: VerificationTask
    package var response: String
    package init(task: VerificationTask, response: String) {
        self.task = task
        self.response = response
    }
}

/// The score of one item.
package struct ScoreResult: Sendable {
    package var verdict: Verdict
    /// Nil exactly when the verdict is undetermined.
    package var reward: Double?
    package var elapsedMilliseconds: Double
    package init(verdict: Verdict, reward: Double?, elapsedMilliseconds: Double) {
        self.verdict = verdict
        self.reward = reward
        self.elapsedMilliseconds = elapsedMilliseconds
    }
}

/// What a request to judge again put into the queue.
package struct RescoreReceipt: Sendable, Equatable {
    /// Nil for a dry run.
    package var id: RescoreID?
    package var queued: Int
    package init(id: RescoreID?, queued: Int) {
        self.id = id
        self.queued = queued
    }
}

/// A worker's request for work.
package struct LeaseRequest: Sendable {
    package var kind: LeaseKind
    package var worker: String
    /// At most so many groups or rollouts, 1 to `Limits.leaseItemsMax`.
    package var max: Int
    /// Wait so long for work, 0 to `Limits.waitSecondsMax`.
    package var waitSeconds: Double
    /// Only prompts of this data set; nil means any.
    package var dataset: String?
    /// How long the lease lives without a heartbeat, 1 to `Limits.leaseSecondsMax`; nil is `Limits.leaseSeconds`.
    package var leaseSeconds: Double?
    package init(
        kind: LeaseKind, worker: String, max: Int, waitSeconds: Double, dataset: String? = nil,
        leaseSeconds: Double? = nil
    ) {
        self.kind = kind
        self.worker = worker
        self.max = max
        self.waitSeconds = waitSeconds
        self.dataset = dataset
        self.leaseSeconds = leaseSeconds
    }
}

/// A request to sample from the in-process model.
package struct CompletionRequest: Sendable {
    package enum Input: Sendable {
        case text(String)
        case tokens([Int32])
        /// A conversation; `thinking` says whether the model is to think before it answers.
        case messages([ChatMessage], thinking: Bool)
    }

    package var input: Input
    /// Nil means the newest policy.
    package var version: PolicyVersion?
    /// New tokens at most; 0 only with `echo`.
    package var maximumTokens: Int
    package var count: Int
    /// 0 is greedy.
    package var temperature: Double
    package var topP: Double
    /// 0 means no bound.
    package var topK: Int
    /// Least part of the likeliest token's probability; 0 means no bound.
    package var minP: Double
    /// Against tokens that were there before; 1 means none.
    package var repetitionPenalty: Double
    /// So many of the likeliest tokens are told with each sampled one, 0 to `Limits.topLogprobsMax`.
    package var topLogprobs: Int
    /// Nil takes a fresh one.
    package var seed: UInt64?
    /// Sampling ends before the first of these strings.
    package var stop: [String]
    /// Also give the prompt's own tokens and log-probs.
    package var echo: Bool

    package init(
        input: Input, version: PolicyVersion? = nil, maximumTokens: Int = 128, count: Int = 1,
        temperature: Double = 1, topP: Double = 1, topK: Int = 0, minP: Double = 0, repetitionPenalty: Double = 1,
        topLogprobs: Int = 0, seed: UInt64? = nil, stop: [String] = [], echo: Bool = false
    ) {
        self.input = input
        self.version = version
        self.maximumTokens = maximumTokens
        self.count = count
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.topLogprobs = topLogprobs
        self.seed = seed
        self.stop = stop
        self.echo = echo
    }
}

/// The samples of one completion request.
package struct CompletionResult: Sendable {
    /// A token that could have been sampled.
    package struct Alternative: Sendable {
        package var tokenID: Int32
        package var text: String
        package var logprob: Float
        package init(tokenID: Int32, text: String, logprob: Float) {
            self.tokenID = tokenID
            self.text = text
            self.logprob = logprob
        }
    }

    package struct Choice: Sendable {
        package var text: String
        /// The sampled tokens, the end token included, [T].
        package var tokenIDs: [Int32]
        /// ln p of each sampled token under the processed distribution, [T].
        package var logprobs: [Float]
        /// The text of each sampled token, [T].
        package var tokenTexts: [String]
        /// The likeliest tokens in the place of each sampled one, under the same distribution, the likeliest first; [T],
        /// or empty when none were asked for.
        package var topLogprobs: [[Alternative]]
        package var finishReason: FinishReason
        package init(
            text: String, tokenIDs: [Int32], logprobs: [Float], tokenTexts: [String], topLogprobs: [[Alternative]],
            finishReason: FinishReason
        ) {
            self.text = text
            self.tokenIDs = tokenIDs
            self.logprobs = logprobs
            self.tokenTexts = tokenTexts
            self.topLogprobs = topLogprobs
            self.finishReason = finishReason
        }
    }

    package var version: PolicyVersion
    package var promptTokenIDs: [Int32]
    /// With `echo`: ln p of each prompt token given those before it; the first has none.
    package var promptLogprobs: [Float?]?
    /// With `echo`: the text of each prompt token.
    package var promptTokenTexts: [String]?
    /// The prompt's text as the model sees it.
    package var promptText: String
    package var choices: [Choice]
}

/// One check of readiness.
package struct ReadinessCheck: Sendable {
    package var name: String
    package var isReady: Bool
    package var detail: String
    package init(name: String, isReady: Bool, detail: String) {
        self.name = name
        self.isReady = isReady
        self.detail = detail
    }
}

/// The weights of one policy as a Hugging Face `model.safetensors`.
package struct PolicyWeights: Sendable {
    package var version: PolicyVersion
    package var safetensors: [UInt8]
    /// The model's `config.json`.
    package var configuration: String
    package init(version: PolicyVersion, safetensors: [UInt8], configuration: String) {
        self.version = version
        self.safetensors = safetensors
        self.configuration = configuration
    }
}

/// What the in-process model is.
package struct ModelDescription: Sendable {
    package var name: String
    package var parameterCount: Int
    package var vocabularySize: Int
    package var contextLength: Int
    package init(name: String, parameterCount: Int, vocabularySize: Int, contextLength: Int) {
        self.name = name
        self.parameterCount = parameterCount
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
    }
}
