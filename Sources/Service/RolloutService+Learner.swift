// The learner seen from outside: its settings, its state, its updates and policies.
import Domain
import Learning
import Modeling
import Storage
import StrictJSON

/// The learner as `GET /v1/learner` shows it.
package struct LearnerView: Sendable {
    package var phase: LearnerPhase
    package var detail: String?
    package var isPaused: Bool
    package var policyVersion: PolicyVersion?
    /// The version to go back to at the next update boundary.
    package var pendingRollback: PolicyVersion?
    /// The stage of the run, when it has stages.
    package var stage: String?
    package var settings: [(name: String, value: SettingValue, summary: String, allowed: String)]
}

/// The name under which the ledger keeps changed hyper-parameters.
let learnerSettingName = "learner.settings"

extension RolloutService {
    /// The learner's state and hyper-parameters.
    package func learnerView() -> LearnerView {
        let snapshot = board.snapshot()
        let settings = learner.settings
        return LearnerView(
            phase: snapshot.phase, detail: snapshot.phaseDetail, isPaused: learner.isPaused,
            policyVersion: policies.newestVersion, pendingRollback: learner.pendingRollback,
            stage: snapshot.stage,
            settings: LearnerSettings.fields.map { ($0.name, $0.get(settings), $0.summary, $0.allowed) })
    }

    /// Changes hyper-parameters from the next update on, and keeps them over restarts; all or none.
    package func changeLearner(_ changes: [String: SettingValue]) async throws {
        let present = learner.settings
        let next = try present.applying(changes)
        try await inLedger { try await $0.keep(next, instead: present, cause: .request) }
        learner.replace(next)
    }

    /// Pauses or resumes learning after the step it is in.
    package func setLearner(isPaused: Bool) throws {
        guard settings.isLearning else {
            throw ServiceError(.conflict, "the learner is off", hint: "start the service with --learner on")
        }
        if isPaused { learner.pause("paused by request") } else { learner.resume() }
    }

    /// The last changes of the hyper-parameters, newest first.
    package func learnerChanges(limit: Int) async throws -> [LearnerChangeRecord] {
        try await inLedger { try await $0.learnerChanges(limit: limit) }
    }

    /// A page of updates, newest first.
    package func updates(before: PolicyVersion?, limit: Int) async throws -> [UpdateRecord] {
        try await inLedger { try await $0.updates(before: before, limit: limit) }
    }

    /// The last evaluations.
    package func evaluations(limit: Int) async throws -> [EvaluationRecord] {
        try await inLedger { try await $0.evaluations(limit: limit) }
    }

    /// A page of policies, newest first.
    package func policyRecords(before: PolicyVersion?, limit: Int) async throws -> [PolicyRecord] {
        try await inLedger { try await $0.policies(limit: limit, before: before) }
    }

    /// Policies whose weights are kept, newest first.
    package func keptPolicies(limit: Int) async throws -> [PolicyRecord] {
        try await inLedger { try await $0.keptPolicies(limit: limit) }
    }

    /// The weights of a version as a Hugging Face `model.safetensors`.
    package func weights(of version: PolicyVersion) async throws -> PolicyWeights {
        let policy = try await policies.policy(version)
        let checkpoints = CheckpointDirectory(path: settings.checkpointDirectory)
        let name = identifiers.make("export")
        return try await ComputeThread.run("export-weights") { try checkpoints.export(policy, name: name) }
    }

    /// The in-process models: the newest policy, and its pinned form `policy@12`.
    package func modelDescription() -> ModelDescription? { policies.description }
}

extension Ledger {
    /// Keeps hyper-parameters over restarts, and what differs from those before.
    func keep(
        _ settings: LearnerSettings, instead before: LearnerSettings, cause: LearnerChangeRecord.Cause
    ) async throws {
        let changes = LearnerSettings.fields.compactMap { field -> LearnerChangeRecord.Change? in
            let (old, new) = (field.get(before), field.get(settings))
            guard old != new else { return nil }
            return .init(
                name: field.name, before: LearnerSettingsText.json(of: old), after: LearnerSettingsText.json(of: new))
        }
        try await change(
            setting: learnerSettingName, to: LearnerSettingsText.write(settings), changes: changes, cause: cause)
    }
}

/// Hyper-parameters as the ledger keeps them: a flat JSON object of all fields.
package enum LearnerSettingsText {
    /// All fields of the settings.
    package static func write(_ settings: LearnerSettings) -> String {
        JSONValue.object(LearnerSettings.fields.map { JSONMember($0.name, json(of: $0.get(settings))) }).text
    }

    /// Reads what `write` wrote over some defaults; fields that this version does not know are an error.
    package static func read(_ text: String, over defaults: LearnerSettings) throws -> LearnerSettings {
        guard case .object(let members) = try JSONValue.parse(text: text, limits: .standard) else {
            throw InputError(.wrongType, "settings must be an object", hint: "as {\"learning_rate\": 6e-5}")
        }
        return try defaults.applying(try values(members))
    }

    /// Named values from JSON members.
    package static func values(_ members: [JSONMember]) throws(InputError) -> [String: SettingValue] {
        var values: [String: SettingValue] = [:]
        for member in members {
            switch member.value {
            case .null: values[member.name] = SettingValue.none
            case .bool(let flag): values[member.name] = .flag(flag)
            case .integer(let number): values[member.name] = .number(Double(number))
            case .double(let number): values[member.name] = .number(number)
            case .string(let text): values[member.name] = .text(text)
            default:
                throw InputError(
                    .wrongType, "must be a number, a word, a boolean or null, not \(member.value.kind)",
                    field: member.name)
            }
        }
        return values
    }

    /// One value as JSON.
    package static func json(of value: SettingValue) -> JSONValue {
        switch value {
        case .number(let number): Int64(exactly: number).map { .integer($0) } ?? .double(number)
        case .text(let text): .string(text)
        case .flag(let flag): .bool(flag)
        case .none: .null
        }
    }
}
