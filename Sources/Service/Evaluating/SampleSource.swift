// Where the samples of an evaluation come from: a model elsewhere, or the policy in this process.
import Domain
import Modeling

/// One sample that is wanted.
package struct SampleRequest: Sendable {
    package var content: PromptContent
    /// The place of its problem in the evaluation, from 0.
    package var problem: Int
    /// Its number among the samples of its problem, from 0.
    package var sample: Int
    package var settings: EvaluationSettings
    package init(content: PromptContent, problem: Int, sample: Int, settings: EvaluationSettings) {
        self.content = content
        self.problem = problem
        self.sample = sample
        self.settings = settings
    }
}

/// Why a sample did not come. Neither is a wrong answer: nothing is stored, and the sample is asked for again another time.
package enum SampleFault: Error, Sendable, Equatable {
    /// The model's server does not take this request, as when the prompt is too long for it; others may pass.
    case refused(String)
    /// Nothing will come until somebody acts, or much later.
    case stopped(String)
}

/// A model that answers prompts.
package protocol SampleSource: Sendable {
    /// One answer; tries again by itself what may pass. Throws `SampleFault`, or `CancellationError`.
    func sample(_ request: SampleRequest) async throws -> SampledAnswer
}

/// The policy of one version in this process. Requests that come together are sampled together.
package struct PolicySampleSource: SampleSource {
    private let policy: PublishedPolicy
    private let tokenizer: Tokenizer
    private let sampler: Sampler

    init(policy: PublishedPolicy, tokenizer: Tokenizer, sampler: Sampler) {
        self.policy = policy
        self.tokenizer = tokenizer
        self.sampler = sampler
    }

    /// An answer; the same for the same seed, however many are asked for at a time.
    package func sample(_ request: SampleRequest) async throws -> SampledAnswer {
        let clock = ContinuousClock()
        let start = clock.now
        let settings = request.settings
        let prompt = try promptTokens(request)
        let wanted = SamplingRequest(
            prompt: prompt, maximumTokens: settings.maxTokens, temperature: Float(settings.temperature),
            topP: Float(settings.topP), topK: settings.topK, repetitionPenalty: Float(settings.repetitionPenalty),
            stopTokens: tokenizer.stopTokens, seed: Seeds.seed(.evaluation, root: UInt64(settings.seed ?? 0)),
            stream: UInt64(request.problem) << 16 | UInt64(request.sample))
        do {
            let found = try await sampler.sample(
                [wanted], weights: policy.weights, options: .init(version: policy.version.number))
            guard let sequence = found.first else { throw SampleFault.stopped("the sampler gave nothing") }
            return SampledAnswer(
                text: tokenizer.responseText(sequence.tokens),
                finishReason: sequence.finishReason == .stop ? .stop : .length, promptTokens: prompt.count,
                responseTokens: sequence.tokens.count, seconds: (clock.now - start).milliseconds / 1_000)
        } catch let error as ModelError {
            try Task.checkCancellation()
            if error.code == .invalidInput { throw SampleFault.refused("\(error)") }
            throw SampleFault.stopped("\(error)")
        }
    }

    private func promptTokens(_ request: SampleRequest) throws -> [Int32] {
        let tokens: [Int32]
        do {
            switch request.content {
            case .text: tokens = try tokenizer.promptTokens(request.content)
            case .messages(let messages):
                tokens = try tokenizer.promptTokens(.messages(messages), thinking: request.settings.isThinking ?? true)
            }
        } catch {
            throw SampleFault.refused("the prompt cannot be put into tokens: \(error)")
        }
        let length = policy.weights.configuration.maximumPositions
        guard !tokens.isEmpty, tokens.count + request.settings.maxTokens <= length else {
            throw SampleFault.refused(
                "a prompt of \(tokens.count) tokens and an answer of \(request.settings.maxTokens) do not fit the "
                    + "context of \(length)")
        }
        return tokens
    }
}
