// Sampling from the in-process model on request.
import Domain
import Modeling

extension RolloutService {
    /// Samples completions of prompts, all from one policy. A cancelled task gives its places back at the next step.
    ///
    /// Log-probs are of the processed distribution (after repetition penalty, temperature, top-k, top-p and min-p); at
    /// temperature 1 with nothing penalised or cut, or 0, that is the policy itself. Those of an echoed prompt are the
    /// policy's own. The requests name one version.
    package func complete(_ requests: [CompletionRequest]) async throws -> [CompletionResult] {
        try refuseWhenStopping()
        guard let first = requests.first else { return [] }
        let policy = try await policies.policy(first.version)
        guard let tokenizer = policies.tokenizer else { throw PolicyStore.notYet }
        let works = try requests.map { request in
            CompletionWork(
                request, prompt: try promptTokens(request.input, tokenizer: tokenizer, weights: policy.weights),
                seed: request.seed ?? Seeds.fromIdentifier(identifiers.make("smp")))
        }
        for work in works { try checkLength(work, policy.weights) }
        let sequences = works.reduce(0) { $0 + $1.request.count }
        return try await completions.hold(sequences) {
            let samples = try await sampled(works, policy: policy, tokenizer: tokenizer)
            let echoed = try await promptLogprobs(works, policy: policy)
            var rest = samples[...]
            return zip(works, echoed).map { work, logprobs in
                defer { rest = rest.dropFirst(work.request.count) }
                return work.result(
                    Array(rest.prefix(work.request.count)), promptLogprobs: logprobs, policy: policy,
                    tokenizer: tokenizer)
            }
        }
    }

    private func checkLength(_ work: CompletionWork, _ weights: ModelWeights) throws {
        let length = weights.configuration.maximumPositions
        guard work.prompt.count + work.request.maximumTokens <= length else {
            throw InputError(
                .tooLarge,
                "prompt (\(work.prompt.count) tokens) and max_tokens (\(work.request.maximumTokens)) exceed the context",
                field: "max_tokens", hint: "the model's context is \(length) tokens")
        }
    }

    /// The samples of all requests, in order.
    private func sampled(
        _ works: [CompletionWork], policy: PublishedPolicy, tokenizer: Tokenizer
    ) async throws -> [SampledSequence] {
        let learner = learner
        do {
            return try await sampler.sample(
                works.flatMap { $0.samplingRequests(stopTokens: tokenizer.stopTokens) }, weights: policy.weights,
                options: .init(version: policy.version.number, comesFirst: true, tokenBytes: tokenizer),
                isCancelled: { learner.isStopping })
        } catch let error as ModelError where error.code == .cancelled {
            try Task.checkCancellation()
            try refuseWhenStopping()
            throw error
        } catch let error as ModelError where error.code == .invalidInput {
            throw InputError(.tooLarge, error.message, field: "max_tokens", hint: error.hint)
        }
    }

    /// ln p of the prompts' own tokens where they are asked for; the first of a prompt has none.
    private func promptLogprobs(_ works: [CompletionWork], policy: PublishedPolicy) async throws -> [[Float?]?] {
        let echoing = works.filter(\.request.echo)
        guard !echoing.isEmpty else { return works.map { _ in nil } }
        let threads = settings.computeThreads
        var scored = try await ComputeThread.run("score") {
            try policy.weights.score(
                echoing.map { TrainingSequence(tokens: $0.prompt, promptLength: 1) }, threads: threads)
        }[...]
        return works.map { work in
            guard work.request.echo else { return nil }
            return [nil] + (scored.popFirst()?.logprobs ?? []).map { Optional($0) }
        }
    }

    /// The text of each token under the in-process model's tokenizer; empty when they are not its tokens.
    package func tokenTexts(_ ids: [Int32]) -> [String] {
        guard let tokenizer = policies.tokenizer, ids.allSatisfy({ $0 >= 0 && $0 < tokenizer.vocabularySize }) else {
            return []
        }
        return ids.map { tokenizer.tokenText($0) }
    }

    /// The tokens of a completion's input: text as it is, token ids checked, conversations as ChatML.
    private func promptTokens(
        _ input: CompletionRequest.Input, tokenizer: Tokenizer, weights: ModelWeights
    ) throws -> [Int32] {
        let tokens: [Int32]
        switch input {
        case .text(let text): tokens = try tokenizer.promptTokens(.text(text))
        case .messages(let messages, let thinking):
            tokens = try tokenizer.promptTokens(.messages(messages), thinking: thinking)
        case .tokens(let ids): tokens = ids
        }
        let vocabularySize = weights.configuration.vocabularySize
        if let bad = tokens.firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw InputError(
                .invalidValue, "token \(tokens[bad]) at position \(bad) is not in the vocabulary", field: "prompt",
                hint: "ids run from 0 to \(vocabularySize - 1)")
        }
        guard !tokens.isEmpty else {
            throw InputError(.invalidValue, "the prompt has no tokens", field: "prompt", hint: "send at least one")
        }
        return tokens
    }
}
