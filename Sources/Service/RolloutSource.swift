// Where the in-process sampler's prompts come from. Two sources: the built-in data, or the prompts that clients left.
//
// Both plan as a pure function of what is committed, so that a killed service samples the same again.
import BuiltinData
import Domain
import Storage
import StrictJSON

/// One prompt to be sampled for an update.
struct PlannedGroup: Sendable {
    var promptID: PromptID
    var prompt: PromptContent
    /// The built-in kind, for the curriculum; nil for clients' prompts.
    var kind: BuiltinKind?
    /// Whether its answers go to the sandbox; those are sampled first, so that judging overlaps with sampling.
    var isCode: Bool
    /// The number of its first rollout among those that the update samples of its prompt.
    var firstMember = 0
    /// How many rollouts to sample.
    var rollouts: Int

    /// The identifiers of all its rollouts.
    func rolloutIDs(version: PolicyVersion) -> [RolloutID] {
        (firstMember..<firstMember + rollouts).map { rolloutID(version: version, member: $0) }
    }

    /// The identifier of one of its rollouts: the same after a restart, so that sampling again stores nothing twice.
    ///
    /// A prompt whose own identifier leaves no room is named by its beginning and its digest.
    func rolloutID(version: PolicyVersion, member: Int) -> RolloutID {
        let place = "@\(version)#\(member)"
        guard promptID.text.utf8.count + place.utf8.count > Limits.identifierBytesMax else {
            return RolloutID("\(promptID)\(place)")
        }
        return RolloutID("\(promptID.text.prefix(100))/\(ContentHash.of(promptID.text.utf8).hexadecimal)\(place)")
    }
}

/// The prompts that clients submitted, in the order in which they came, again and again.
struct SubmittedSource: Sendable {
    let ledger: Ledger
    let scope: PromptScope

    /// The prompts of the next update, and the state after drawing them; no groups while there is no prompt.
    ///
    /// With fewer prompts than groups a prompt gets several groups.
    ///
    /// - Parameter sampled: Rollouts of each prompt that the update has already, so that the next have other names.
    func plan(
        groups wanted: Int, groupSize: Int, state: LearnerState, sampled: [PromptID: Int]
    ) async throws -> (groups: [PlannedGroup], state: LearnerState, sampled: [PromptID: Int]) {
        var prompts = try await prompts(after: state.lastPrompt, limit: wanted)
        while prompts.count < wanted {
            let again = try await self.prompts(after: nil, limit: wanted - prompts.count)
            guard !again.isEmpty else { return ([], state, sampled) }
            prompts += again
        }
        var state = state
        state.lastPrompt = prompts.last?.prompt.id
        var members = sampled
        let planned = prompts.map { prompt, family in
            let first = members[prompt.id, default: 0]
            members[prompt.id] = first + groupSize
            return PlannedGroup(
                promptID: prompt.id, prompt: prompt.content, kind: nil, isCode: family == "code",
                firstMember: first, rollouts: groupSize)
        }
        return (planned, state, members)
    }

    /// Prompts in order of arrival, by pages.
    private func prompts(after: PromptID?, limit: Int) async throws -> [(prompt: AskedPrompt, family: String)] {
        var found: [(prompt: AskedPrompt, family: String)] = []
        var last = after
        while found.count < limit {
            let page = try await ledger.askedPrompts(
                in: scope, after: last, limit: min(limit - found.count, Limits.pageRowsMax))
            guard let end = page.last else { break }
            found += page
            last = end.prompt.id
        }
        return found
    }
}

/// The prompts of the built-in training split, by the curriculum.
struct BuiltinSource: Sendable {
    /// The data set's name in the ledger.
    static let dataset = "builtin"

    let data: BuiltinDataset
    let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        data = .training(seed: seed)
    }

    /// The prompts of the update that makes `version`, and the state after drawing them.
    ///
    /// A pure function of seed, version and state: a killed service plans the same prompts again.
    func plan(
        making version: PolicyVersion, groups: Int, groupSize: Int, curriculum: Curriculum, state: LearnerState
    ) -> (groups: [PlannedGroup], problems: [PromptSubmission], state: LearnerState) {
        var state = state
        var generator = SeededGenerator(seed: Seeds.seed(.promptChoice, index: version.number, root: seed))
        let kinds = curriculum.kinds(count: groups, accuracy: state.accuracy.byKind, using: &generator)
        var planned: [PlannedGroup] = []
        var submissions: [PromptSubmission] = []
        for kind in kinds {
            let index = state.nextProblem[kind, default: 0]
            state.nextProblem[kind] = index + 1
            let problem = data.problem(kind, index: index)
            let id = PromptID("builtin/\(seed)/\(kind.rawValue)/\(index)")
            let content = PromptContent.text(BuiltinPromptFormat.modelInput(problem.prompt))
            submissions.append(
                PromptSubmission(
                    id: id, dataset: Self.dataset, content: content, task: problem.task,
                    metadata: .members(["kind": .string(kind.rawValue)])))
            planned.append(
                PlannedGroup(
                    promptID: id, prompt: content, kind: kind, isCode: kind.family == .code, rollouts: groupSize))
        }
        return (planned, submissions, state)
    }
}
