// A run in stages, as the paper's: SFT, then math RL, then code RL. A stage is a number of updates under settings of its
// own; which one an update belongs to follows from its version alone, so a restart goes on in the right one.
import Domain
import Learning
import Storage

/// A number of updates under the same settings.
package struct TrainingStage: Sendable, Equatable {
    package var name: String
    /// Updates of the stage; nil, of the last one alone, goes on for ever.
    package var updates: Int?
    /// The settings with which it begins; people may change them while it runs.
    package var settings: LearnerSettings

    package init(name: String, updates: Int?, settings: LearnerSettings) {
        self.name = name
        self.updates = updates
        self.settings = settings
    }
}

/// The stages of a run, in order; none when the run has no stages.
package struct TrainingPlan: Sendable, Equatable {
    package let stages: [TrainingStage]

    /// - Throws: `InputError` when there are too many stages, two have one name, or one before the last has no end.
    package init(_ stages: [TrainingStage]) throws(InputError) {
        guard stages.count <= Limits.stagesMax else {
            throw InputError(.tooLarge, "\(stages.count) stages", field: "stages", hint: "at most \(Limits.stagesMax)")
        }
        guard Set(stages.map(\.name)).count == stages.count else {
            throw InputError(.invalidValue, "two stages have the same name", field: "stages")
        }
        if let endless = stages.dropLast().first(where: { $0.updates == nil }) {
            throw InputError(
                .invalidValue, "stage \"\(endless.name)\" has no end, so nothing after it would run", field: "stages",
                hint: "give it a number of updates")
        }
        self.stages = stages
    }

    /// No stages.
    package static let none = TrainingPlan()
    private init() { stages = [] }

    /// The stage of the update that makes a version, with the version that the stage starts from; nil without stages and
    /// after the last one.
    package func stage(making version: PolicyVersion) -> (stage: TrainingStage, start: PolicyVersion)? {
        var start = 0
        for stage in stages {
            guard let updates = stage.updates else { return (stage, PolicyVersion(start)) }
            if version.number <= start + updates { return (stage, PolicyVersion(start)) }
            start += updates
        }
        return nil
    }

    /// The version that the last stage ends with; nil without stages and when the last has no end.
    package var lastVersion: PolicyVersion? {
        guard let last = stages.last, last.updates != nil else { return nil }
        return PolicyVersion(stages.reduce(0) { $0 + ($1.updates ?? 0) })
    }
}

extension LearningSession {
    /// Begins the stage of the next update when it is another than that of the last: its settings hold from now on, and
    /// stay over restarts like those that a person changed.
    mutating func enterStage() async throws {
        guard let (stage, start) = context.settings.plan.stage(making: version.next), stage.name != state.stage else {
            return
        }
        var settings = stage.settings
        settings.scheduleStart = start.number
        try await context.ledger.keep(settings, instead: context.learner.settings, cause: .stage)
        context.learner.replace(settings)
        state.stage = stage.name
        recent = []
        context.board.update { $0.stage = stage.name }
        context.events(.stage(stage.name, from: start, updates: stage.updates))
    }
}
