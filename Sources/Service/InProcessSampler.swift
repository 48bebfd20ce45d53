// The in-process generator: samples planned groups from the current policy and posts them like any other generator.
import Domain
import Logging
import Modeling
import Storage

/// Samples groups and stores the rollouts.
struct InProcessSampler: Sendable {
    /// Its name on rollouts.
    static let name = "rolloutd"
    /// Rollouts posted in one call.
    private static let postMax = Limits.rolloutsPerRequestMax

    let ledger: Ledger
    let counters: Counters
    let changes: ChangeSignal
    let logger: Logger
    let sampler: Sampler
    let seed: UInt64

    /// Samples all members of the groups and returns once they are durable.
    ///
    /// Code first: its verdicts take longest, and come in while the rest is sampled.
    func sample(
        _ groups: [PlannedGroup], policy: PublishedPolicy, tokenizer: Tokenizer, settings: SamplingSettings,
        isCancelled: @escaping @Sendable () -> Bool
    ) async throws {
        for part in [groups.filter(\.isCode), groups.filter { !$0.isCode }] where !part.isEmpty {
            try await samplePart(
                part, policy: policy, tokenizer: tokenizer, settings: settings, isCancelled: isCancelled)
        }
    }

    private func samplePart(
        _ groups: [PlannedGroup], policy: PublishedPolicy, tokenizer: Tokenizer, settings: SamplingSettings,
        isCancelled: @escaping @Sendable () -> Bool
    ) async throws {
        let stepSeed = Seeds.seed(.sampling, index: policy.version.number, root: seed)
        var requests: [SamplingRequest] = []
        var members: [(group: PlannedGroup, member: Int)] = []
        for group in groups {
            let prompt = try tokenizer.promptTokens(group.prompt)
            guard !prompt.isEmpty, prompt.count <= settings.promptTokensMax else { continue }
            for member in group.firstMember..<group.firstMember + group.rollouts {
                members.append((group, member))
                requests.append(
                    SamplingRequest(
                        prompt: prompt, maximumTokens: settings.responseTokensMax, temperature: settings.temperature,
                        topP: settings.topP, topK: 0, stopTokens: tokenizer.stopTokens, seed: stepSeed,
                        stream: Seeds.fromIdentifier("\(group.promptID)#\(member)")))
            }
        }
        let sampled = try await sampler.sample(
            requests, weights: policy.weights, options: .init(version: policy.version.number), isCancelled: isCancelled)
        guard sampled.count == requests.count, !isCancelled() else { throw CancellationError() }
        let submissions = zip(members, sampled).map { member, sequence in
            submission(member.group, member: member.member, sequence: sequence, version: policy.version, tokenizer)
        }
        try await post(submissions, version: policy.version, groupSize: settings.groupSize)
        counters.increment(.rolloutsSampled, by: sampled.count)
        counters.increment(.tokensSampled, by: sampled.reduce(0) { $0 + $1.tokens.count })
    }

    private func submission(
        _ group: PlannedGroup, member: Int, sequence: SampledSequence, version: PolicyVersion, _ tokenizer: Tokenizer
    ) -> RolloutSubmission {
        RolloutSubmission(
            id: group.rolloutID(version: version, member: member), promptID: group.promptID, groupID: nil,
            response: tokenizer.responseText(sequence.tokens),
            tokenIDs: sequence.tokens, logprobs: sequence.logprobs, policyVersion: version,
            finishReason: sequence.finishReason == .stop ? .stop : .length, generator: Self.name, attempt: nil)
    }

    private func post(_ submissions: [RolloutSubmission], version: PolicyVersion, groupSize: Int) async throws {
        let admission = RolloutAdmission(currentVersion: version, groupSize: groupSize)
        var rest = submissions[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.postMax))
            rest = rest.dropFirst(batch.count)
            let receipts = try await ledger.submit(
                rollouts: batch, admission: admission, lane: KeyLane.inProcess)
            for receipt in receipts where try receipt.get().isNew { counters.increment(.rolloutsAccepted) }
            logger.accepted(receipts)
            changes.notify()
        }
    }
}

/// How rollouts of one update are sampled.
struct SamplingSettings: Sendable {
    var groupSize: Int
    var promptTokensMax: Int
    var responseTokensMax: Int
    var temperature: Float
    var topP: Float
}
