// Where the in-process sampler's prompts come from. Two sources: the built-in data, or the prompts that clients left.
import BuiltinData
import Domain
import StrictJSON

/// One prompt to be sampled for an update.
struct PlannedGroup: Sendable {
    var promptID: PromptID
    var prompt: PromptContent
    /// The built-in kind, for the curriculum; nil for clients' prompts.
    var kind: BuiltinKind?
    /// Whether its answers go to the sandbox; those are sampled first, so that judging overlaps with sampling.
    var isCode: Bool
    /// The leased group; nil lets the ledger find or make the prompt's group of this version.
    var groupID: GroupID?
    var attempt: Int?
    /// How many rollouts the group still lacks.
    var rollouts: Int

    /// The identifier of one of its rollouts: the same after a restart, so that sampling again stores nothing twice.
    func rolloutID(version: PolicyVersion, member: Int) -> RolloutID {
        RolloutID("\(promptID)@\(version)#\(member)")
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
                    promptID: id, prompt: content, kind: kind, isCode: kind.family == .code, groupID: nil,
                    attempt: nil, rollouts: groupSize))
        }
        return (planned, submissions, state)
    }
}
