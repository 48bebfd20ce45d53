// Prompts and rollouts in, and reading them back.
import Domain
import Learning
import Logging
import Storage

extension RolloutService {
    /// Stores prompts; one answer for each, in order.
    package func submit(prompts: [PromptSubmission]) async throws -> [Result<PromptReceipt, InputError>] {
        try refuseWhenStopping()
        try refuseWhenPaused(.intake)
        for (index, prompt) in prompts.enumerated() {
            try refuseReserved(prompt.id?.text, field: "prompts[\(index)].id")
            try refuseReserved(prompt.dataset + "/", field: "prompts[\(index)].dataset")
        }
        let receipts = try await inLedger { try await $0.submit(prompts: prompts) }
        changes.notify()
        return receipts
    }

    /// Stores rollouts and returns once they are durable; one answer for each, in order.
    package func submit(
        rollouts: [RolloutSubmission], by caller: Caller = .loopback
    ) async throws -> [Result<RolloutReceipt, InputError>] {
        try refuseWhenStopping()
        try refuseWhenPaused(.intake)
        try access.admitScoring(caller)
        if let index = rollouts.firstIndex(where: { $0.generator == InProcessSampler.name }) {
            throw InputError(
                .invalidValue, "\"\(InProcessSampler.name)\" is the in-process sampler's own name",
                field: "rollouts[\(index)].generator", hint: "name your generator differently, as \"vllm-a\"")
        }
        for (index, rollout) in rollouts.enumerated() {
            try refuseReserved(rollout.id?.text, field: "rollouts[\(index)].id")
        }
        let admission = RolloutAdmission(
            currentVersion: policies.newestVersion ?? PolicyVersion(0), groupSize: learner.settings.groupSize)
        let receipts = try await inLedger {
            try await $0.submit(
                rollouts: rollouts, admission: admission, lane: caller.lane, laneMax: caller.quotas.rolloutsWaiting)
        }
        let accepted = receipts.reduce(0) { count, receipt in (try? receipt.get().isNew) == true ? count + 1 : count }
        counters.increment(.rolloutsAccepted, by: accepted)
        logger.accepted(receipts)
        changes.notify()
        return receipts
    }

    /// A prompt, or a `not_found` error.
    package func prompt(_ id: PromptID) async throws -> Prompt {
        guard let prompt = try await inLedger({ try await $0.prompt(id) }) else {
            throw InputError(.notFound, "there is no prompt \(id)", hint: "submit it with POST /v1/prompts first")
        }
        return prompt
    }

    /// A prompt without its task, or a `not_found` error.
    package func askedPrompt(_ id: PromptID) async throws -> AskedPrompt {
        guard let prompt = try await inLedger({ try await $0.askedPrompt(id) }) else {
            throw InputError(.notFound, "there is no prompt \(id)", hint: "submit it with POST /v1/prompts first")
        }
        return prompt
    }

    /// A page of prompts in the order of their ids.
    package func prompts(dataset: String?, after: PromptID?, limit: Int) async throws -> PromptPage {
        try await inLedger { try await $0.prompts(dataset: dataset, after: after, limit: limit) }
    }

    /// A rollout; waits up to `waitSeconds` until it is judged.
    package func rollout(_ id: RolloutID, waitSeconds: Double = 0) async throws -> Rollout {
        let deadline = ContinuousClock.now + .seconds(min(max(0, waitSeconds), Limits.waitSecondsMax))
        let settled = waiters.enter(id)
        defer { waiters.leave(id) }
        while true {
            let seen = settled.generation
            guard let rollout = try await inLedger({ try await $0.rollout(id) }) else {
                throw InputError(
                    .notFound, "there is no rollout \(id)", hint: "ids are in the answer of POST /v1/rollouts")
            }
            let isWaiting = rollout.status == .queued || rollout.status == .scoring
            let remaining = (deadline - ContinuousClock.now).milliseconds / 1000
            if !isWaiting || remaining <= 0 || learner.isStopping { return rollout }
            await settled.wait(beyond: seen, seconds: remaining)
        }
    }

    /// A page of rollouts, newest first.
    package func rollouts(matching filter: RolloutFilter, before cursor: Int64?, limit: Int) async throws -> RolloutPage
    {
        try await inLedger { try await $0.rollouts(matching: filter, before: cursor, limit: limit) }
    }

    /// A page of a listing, newest first.
    package func listRollouts(
        matching filter: RolloutFilter, before cursor: Int64?, limit: Int
    ) async throws -> RolloutListing {
        try await inLedger { try await $0.listRollouts(matching: filter, before: cursor, limit: limit) }
    }

    /// A page of rollouts, oldest first, for export; begin with cursor 0.
    package func exportRollouts(
        matching filter: RolloutFilter, from cursor: Int64, limit: Int, shape: ExportShape
    ) async throws -> ExportPage {
        try await inLedger { try await $0.exportPage(matching: filter, from: cursor, limit: limit, shape: shape) }
    }

    /// Names of the built-in data are made by the service itself; a client that took one would stand in its way.
    private func refuseReserved(_ name: String?, field: String) throws {
        guard let name, name.hasPrefix(BuiltinSource.dataset + "/") else { return }
        throw InputError(
            .invalidValue, "names of the built-in data set are the service's own", field: field,
            hint: "choose one that does not begin with \"\(BuiltinSource.dataset)/\"")
    }

    /// Throws when the service is stopping, so that nothing new begins.
    func refuseWhenStopping() throws {
        guard learner.isStopping else { return }
        throw ServiceError(
            .shuttingDown, "the service is stopping", hint: "try again in a few seconds", retryAfterSeconds: 5)
    }
}
