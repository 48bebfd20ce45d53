// The model of the service in memory: completions told bit by bit, and which policies are kept.
import Domain
import HTTPAPI
@testable import Service
import StrictJSON
import Synchronization

extension ScriptedService {
    /// A piece for each token of what `complete` answers, `pieceDelay` after the one before; fails after `piecesMax`.
    func stream(_ requests: [CompletionRequest]) async throws -> CompletionStream {
        let results = try await complete(requests)
        let (delay, most) = state.withLock { ($0.pieceDelay, $0.piecesMax) }
        let prompts = results.map { result in
            var prompt = result
            prompt.choices = []
            return prompt
        }
        return CompletionStream(prompts: prompts) { deliver in
            var told = 0
            for (request, result) in results.enumerated() {
                for place in 0..<2 {
                    for (index, choice) in result.choices.enumerated() {
                        if let delay {
                            do { try await Task.sleep(for: delay) } catch {
                                self.state.withLock { $0.cancelled += 1 }
                                throw error
                            }
                        }
                        if told == most { throw ServiceError(.internal, "broken on the way") }
                        told += 1
                        let top = choice.topLogprobs.isEmpty ? [] : [choice.topLogprobs[place]]
                        let more = CompletionResult.Choice(
                            text: choice.tokenTexts[place], tokenIDs: [choice.tokenIDs[place]],
                            logprobs: [choice.logprobs[place]], tokenTexts: [choice.tokenTexts[place]],
                            topLogprobs: top,
                            finishReason: .length)
                        try await deliver(
                            CompletionPiece(
                                request: request, choice: index, more: more,
                                finishReason: place == 1 ? choice.finishReason : nil))
                    }
                }
            }
        }
    }

    func weights(of version: PolicyVersion) async throws -> PolicyWeights {
        try await enter()
        guard version <= currentVersion else { throw InputError(.notFound, "there is no policy \(version)") }
        return PolicyWeights(version: version, safetensors: [1, 2, 3, 250], configuration: "{}")
    }

    func settleCompletions(_ how: CompletionSettling) async throws {
        try await enter()
        state.withLock { $0.settled.append(how) }
    }

    func keptPolicies(limit: Int) async throws -> [PolicyRecord] {
        try await policyRecords(before: nil, limit: limit).filter(\.hasCheckpoint)
    }
}

extension ScriptedService {
    /// The length of the sample, unless there is no sandbox.
    func grade(_ grader: Grader, sample: String, item: JSONValue, by caller: Caller) async throws -> GraderReport {
        try await enter()
        if sample.contains("undetermined") {
            return .undecided(InfrastructureFailure(code: .sandboxUnavailable, message: "no sandbox"))
        }
        return .graded(GraderResult(value: Double(sample.utf8.count)))
    }
}
