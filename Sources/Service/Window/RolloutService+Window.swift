// What the pages of learning show beyond the listings: curves over any range, tokens beyond the clip range, and what an update
// made of each token of one rollout.
import Domain
import Learning
import Logging
import Modeling
import Storage

extension RolloutService {
    /// Updates from one version to another (nil: from the first, to the newest), evenly thinned to `points`.
    package func updateSeries(from: Int?, to: Int?, points: Int) async throws -> UpdateSeries {
        try await inLedger { try await $0.updateSeries(from: from, to: to, points: points) }
    }

    /// The evaluations of policies from one version to another, oldest first.
    package func evaluations(from: PolicyVersion, to: PolicyVersion, limit: Int) async throws -> [EvaluationRecord] {
        try await inLedger { try await $0.evaluations(from: from, to: to, limit: limit) }
    }

    /// The names of data sets that have prompts, in the order of the alphabet.
    package func datasetNames(limit: Int) async throws -> [String] {
        try await inLedger { try await $0.datasetNames(limit: limit) }
    }

    /// The runs that can be compared: the ledgers of the directory named at the start, and this one.
    package func runCatalogue() async throws -> RunCatalogue {
        try await inLedger { try await library.catalogue(own: $0) }
    }

    /// Some numbers of some of these runs from one version to another, at most so many points of each.
    package func runCurves(
        of runs: [RunSummary], metrics: [String], from: Int?, to: Int?, points: Int
    ) async -> [RunCurves] {
        await library.curves(of: runs, metrics: metrics, from: from, to: to, points: points, own: ledger)
    }

    /// Tokens beyond the clip range as the updates before `before` recorded them, newest update first, whole updates.
    package func keptTokens(before: PolicyVersion?, limit: Int) async throws -> [KeptTokenRecord] {
        try await inLedger { try await $0.keptTokens(before: before, limit: limit) }
    }

    /// The recorded tokens of one rollout, in order of their place.
    package func keptTokens(of id: RolloutID) async throws -> [KeptTokenRecord] {
        try await inLedger { try await $0.keptTokens(of: id) }
    }

    /// The numbers of a rollout's tokens under the weights that its update began with or left; computed at the first call
    /// for it, which may find them pending.
    ///
    /// An approximation where the update took several steps, whose weights between are not kept.
    package func tokenReport(of rollout: Rollout, prompt: AskedPrompt, basis: TokenBasis) async throws -> TokenReport {
        guard !rollout.tokenIDs.isEmpty, rollout.tokenIDs.count == rollout.logprobs.count else {
            return TokenReport(.missing("it was posted without tokens and log-probs"))
        }
        guard let newest = policies.newestVersion else {
            return TokenReport(.missing("there is no model in this process to compute with"))
        }
        var version = newest
        var settings = learner.settings
        if let update = rollout.consumedByUpdate {
            version = PolicyVersion(basis == .before ? update - 1 : update)
            let record = try await inLedger { try await $0.update(PolicyVersion(update)) }
            if let provenance = record?.provenance {
                settings = (try? LearnerSettingsText.read(provenance.settings, over: LearnerSettings())) ?? settings
            }
        }
        let key = TokenReports.Key(rollout: rollout.id, version: version, update: rollout.consumedByUpdate)
        return await tokenReports.report(key) { [version, settings] in
            await computed(rollout, prompt, version: version, settings: settings)
        }
    }

    private func computed(
        _ rollout: Rollout, _ prompt: AskedPrompt, version: PolicyVersion, settings: LearnerSettings
    ) async -> TokenReport {
        do {
            guard !learner.isStopping else { return TokenReport(.missing("the service is stopping"), version: version) }
            let policy = try await policies.policy(version)
            guard let tokenizer = policies.tokenizer else { throw PolicyStore.notYet }
            let front = try tokenizer.promptTokens(prompt.content)
            let sequence = TrainingSequence(tokens: front + rollout.tokenIDs, promptLength: front.count)
            let statistics = try await ComputeThread.run("read-tokens") {
                try policy.weights.score([sequence], threads: 1)
            }
            guard let own = statistics.first, own.logprobs.count == rollout.logprobs.count,
                own.logprobs.allSatisfy(\.isFinite)
            else { return TokenReport(.missing("policy \(version) gives its tokens no numbers"), version: version) }
            return TokenReport(rollout, own, version: version, settings: settings)
        } catch let error as InputError {
            return TokenReport(.missing(error.message), version: version)
        } catch let error as ModelError {
            return TokenReport(.missing(error.message), version: version)
        } catch let error as ServiceError {
            return TokenReport(.missing(error.message), version: version)
        } catch {
            logger.error("token numbers could not be computed", metadata: ["error": "\(error)"])
            return TokenReport(.missing("the weights of policy \(version) could not be read"), version: version)
        }
    }
}
