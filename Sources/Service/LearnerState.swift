// What the learner must remember besides weights and moments, committed with each checkpoint as JSON text.
import BuiltinData
import Domain
import StrictJSON

/// The learner's memory between updates; with the weights it determines all that follows.
struct LearnerState: Sendable, Equatable {
    /// Verdicts after which an old one counts 1/e of a new one in the running accuracy.
    static let accuracyMemory = 96.0

    /// The stage of the last update, in a run with stages.
    var stage: String?
    /// Seconds spent sampling, scoring and updating.
    var learningSeconds = 0.0
    /// The next problem of each kind.
    var nextProblem: [BuiltinKind: Int] = [:]
    /// The last of the clients' prompts that was sampled; the next update goes on after it.
    var lastPrompt: PromptID?
    /// What the curriculum goes by.
    var accuracy = RunningAccuracy(memory: accuracyMemory)
    /// Updates in a row in which no rollout of a kind was right.
    var updatesWithoutReward: [BuiltinKind: Int] = [:]

    /// The state as JSON text.
    var text: String {
        func object(_ values: [BuiltinKind: JSONValue]) -> JSONValue {
            .object(BuiltinKind.allCases.compactMap { kind in values[kind].map { JSONMember(kind.rawValue, $0) } })
        }
        return JSONValue.members([
            "stage": stage.map { .string($0) } ?? .null,
            "learning_seconds": .double(learningSeconds),
            "next_problem": object(nextProblem.mapValues { .integer(Int64($0)) }),
            "last_prompt": lastPrompt.map { .string($0.text) } ?? .null,
            "accuracy": object(accuracy.byKind.mapValues { .double($0) }),
            "updates_without_reward": object(updatesWithoutReward.mapValues { .integer(Int64($0)) }),
        ]).text
    }

    init() {}

    /// Reads what `text` wrote; anything missing starts anew.
    init(text: String) throws {
        let json = try JSONValue.parse(text: text, limits: .standard)
        stage = json["stage"]?.string
        learningSeconds = json["learning_seconds"]?.number ?? 0
        lastPrompt = json["last_prompt"]?.string.map { PromptID($0) }
        var means: [BuiltinKind: Double] = [:]
        for kind in BuiltinKind.allCases {
            nextProblem[kind] = json["next_problem"]?[kind.rawValue]?.integer.map(Int.init)
            means[kind] = json["accuracy"]?[kind.rawValue]?.number
            updatesWithoutReward[kind] = json["updates_without_reward"]?[kind.rawValue]?.integer.map(Int.init)
        }
        accuracy = RunningAccuracy(memory: Self.accuracyMemory, byKind: means)
    }
}
