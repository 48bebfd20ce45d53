// Sampling from the in-process model on request.
import Domain
import Modeling

/// Requests that were admitted: what is sampled, from which policy, and the places that are held meanwhile.
private struct AdmittedCompletions: Sendable {
    let works: [CompletionWork]
    let policy: PublishedPolicy
    let tokenizer: Tokenizer
    let place: CompletionPlace
}

extension RolloutService {
    /// Samples completions of prompts, all from one policy. A cancelled task gives its places back at the next step.
    ///
    /// Log-probs are of the processed distribution (after repetition penalty, temperature, top-k, top-p and min-p); at
    /// temperature 1 with nothing penalised or cut, or 0, that is the policy itself. Those of an echoed prompt are the
    /// policy's own. The requests name one version.
    package func complete(_ requests: [CompletionRequest]) async throws -> [CompletionResult] {
        guard !requests.isEmpty else { return [] }
        let admitted = try await admit(requests)
        let samples = try await sampled(admitted)
        let echoed = try await promptLogprobs(admitted)
        var rest = samples[...]
        return zip(admitted.works, echoed).map { work, logprobs in
            defer { rest = rest.dropFirst(work.request.count) }
            return work.result(
                Array(rest.prefix(work.request.count)), promptLogprobs: logprobs, policy: admitted.policy,
                tokenizer: admitted.tokenizer)
        }
    }

    /// The same, told while it is sampled. What would refuse the requests is thrown here; the places are held as long as the
    /// stream lives.
    package func stream(_ requests: [CompletionRequest]) async throws -> CompletionStream {
        let admitted = try await admit(requests)
        let echoed = try await promptLogprobs(admitted)
        let prompts = zip(admitted.works, echoed).map { work, logprobs in
            work.result([], promptLogprobs: logprobs, policy: admitted.policy, tokenizer: admitted.tokenizer)
        }
        return CompletionStream(prompts: prompts) { deliver in try await sample(admitted, deliver) }
    }

    /// Samples, and delivers what was drawn since the last delivery.
    private func sample(
        _ admitted: AdmittedCompletions, _ deliver: (CompletionPiece) async throws -> Void
    ) async throws {
        var choices = admitted.works.enumerated().flatMap { index, work in
            (0..<work.request.count).map {
                GrowingChoice(work, request: index, choice: $0, tokenizer: admitted.tokenizer)
            }
        }
        let limits = admitted.works.flatMap { Array(repeating: $0.request.maximumTokens, count: $0.request.count) }
        for (choice, most) in zip(choices, limits) where most == 0 { try await deliver(choice.empty) }
        let drawn = DrawnTokens()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { drawn.end() }
                _ = try await sampled(admitted) { drawn.put($0) }
            }
            for await _ in drawn.wakes {
                var touched = Set<Int>()
                for token in drawn.take() {
                    choices[token.request].take(token)
                    touched.insert(token.request)
                }
                for index in touched.sorted() {
                    if let piece = choices[index].piece() { try await deliver(piece) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Checks the requests and takes their places, after a pause if there is one.
    private func admit(_ requests: [CompletionRequest]) async throws -> AdmittedCompletions {
        try refuseWhenStopping()
        try await waitWhileSamplingIsPaused()
        let policy = try await pinned(requests.first?.version)
        guard let tokenizer = policies.tokenizer else { throw PolicyStore.notYet }
        let works = try requests.map { request in
            CompletionWork(
                request, prompt: try promptTokens(request.input, tokenizer: tokenizer, weights: policy.weights),
                seed: request.seed ?? Seeds.fromIdentifier(identifiers.make("smp")))
        }
        for work in works { try checkLength(work, policy.weights) }
        let place = try completions.take(works.reduce(0) { $0 + $1.request.count })
        // A pause that came meanwhile would not know of these; from here on it does.
        if switches.reason(.sampling) != nil { return try await admit(requests) }
        return AdmittedCompletions(works: works, policy: policy, tokenizer: tokenizer, place: place)
    }

    private func pinned(_ version: PolicyVersion?) async throws -> PublishedPolicy {
        do {
            return try await policies.policy(version)
        } catch var error as InputError {
            error.field = error.field ?? "model"
            throw error
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
        _ admitted: AdmittedCompletions, onToken: (@Sendable (DrawnToken) -> Void)? = nil
    ) async throws -> [SampledSequence] {
        // The sampler may hold the closures longer than the request holds its places.
        let (learner, completions, endings, policy) = (learner, completions, admitted.place.endings, admitted.policy)
        defer { withExtendedLifetime(admitted.place) {} }
        do {
            return try await sampler.sample(
                admitted.works.flatMap { $0.samplingRequests(stopTokens: admitted.tokenizer.stopTokens) },
                weights: policy.weights,
                options: .init(
                    version: policy.version.number, comesFirst: true, tokenBytes: admitted.tokenizer, onToken: onToken),
                isCancelled: { learner.isStopping || completions.endings != endings })
        } catch let error as ModelError where error.code == .cancelled {
            try Task.checkCancellation()
            try refuseWhenStopping()
            guard completions.endings != endings else { throw error }
            throw ServiceError(
                .unavailable, "sampling was paused, and what was under way was ended",
                hint: "send the same request again", retryAfterSeconds: 1)
        } catch let error as ModelError where error.code == .invalidInput {
            throw InputError(.tooLarge, error.message, field: "max_tokens", hint: error.hint)
        }
    }

    /// ln p of the prompts' own tokens where they are asked for; the first of a prompt has none.
    private func promptLogprobs(_ admitted: AdmittedCompletions) async throws -> [[Float?]?] {
        let (works, policy) = (admitted.works, admitted.policy)
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
