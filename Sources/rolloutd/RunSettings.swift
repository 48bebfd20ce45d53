// Where settings come from: flags win over the environment, the environment over the config file, the file over defaults.
import ArgumentParser
import BuiltinData
import Domain
import Foundation
import HTTPAPI
import Learning
import Service
import StrictJSON

/// Flags that `serve`, `train` and `evaluate` share.
struct RunOptions: ParsableArguments {
    @Option(help: "The SQLite database file; made if missing. Checkpoints lie beside it. [ROLLOUTD_DATABASE]")
    var database: String?

    @Option(help: "A JSON file with any of these settings; see deploy/config.example.json. [ROLLOUTD_CONFIG]")
    var config: String?

    @Option(help: "A Hugging Face checkpoint directory (Qwen3). Without it a small model is made. [ROLLOUTD_MODEL]")
    var model: String?

    @OptionGroup var modelOptions: ModelOptions

    @Option(help: "The root of all randomness in learning. [ROLLOUTD_SEED]")
    var seed: UInt64?

    @Option(help: "Threads that sample and train. [ROLLOUTD_THREADS]")
    var threads: Int?

    @Option(help: "Programs judged at once in the sandbox. [ROLLOUTD_SANDBOX_SLOTS]")
    var sandboxSlots: Int?

    @Option(
        help:
            "Begin with these hyper-parameters: default, or the paper's: klear-sft, klear-math, klear-code. [ROLLOUTD_PRESET]"
    )
    var preset: String?

    @Option(name: .customLong("set"), help: "A hyper-parameter as name=value, repeatable; GET /v1/learner lists them.")
    var assignments: [String] = []
}

/// All settings of a run, by name, from every source.
struct RunSettings {
    /// Every setting that the environment (`ROLLOUTD_` and the name in capitals) and the config file may hold.
    static let names =
        [
            "host", "port", "database", "model", "learner", "seed", "threads", "sandbox_slots", "preset", "api_keys",
            "updates", "log_level", "cold_start", "precision", "lora_rank", "lora_alpha", "lora_targets", "backups",
            "tls_certificate", "tls_key", "behind_proxy", "dialects", "scoring", "shutdown_seconds", "log_format",
            "evaluation_endpoints", "evaluation_ca_file", "runs",
        ] + RetentionOptions.names

    private var values: [String: String] = [:]
    private var hyperparameters: [String: SettingValue] = [:]
    private var stages: [StageText] = []

    init(_ options: RunOptions, flags: [String: String?], environment: [String: String]) throws {
        if let path = options.config ?? environment["ROLLOUTD_CONFIG"] { try readFile(path) }
        for name in Self.names {
            if let value = environment["ROLLOUTD_" + name.uppercased()] { values[name] = value }
        }
        let own: [String: String?] = [
            "database": options.database, "model": options.model, "seed": options.seed.map(String.init),
            "threads": options.threads.map(String.init), "sandbox_slots": options.sandboxSlots.map(String.init),
            "preset": options.preset,
        ]
        let given = own.merging(options.modelOptions.values, uniquingKeysWith: { $1 })
        for (name, value) in given.merging(flags, uniquingKeysWith: { $1 }) { if let value { values[name] = value } }
        for assignment in options.assignments {
            guard let equals = assignment.firstIndex(of: "=") else {
                throw ValidationError("--set \(assignment): write it as name=value")
            }
            hyperparameters[String(assignment[..<equals])] = SettingValue(
                parsing: String(assignment[assignment.index(after: equals)...]))
        }
    }

    private mutating func readFile(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("the config file \(path) cannot be read")
        }
        guard case .object(let members) = try JSONValue.parse(Array(data), limits: .standard) else {
            throw ValidationError("the config file \(path) must hold one JSON object")
        }
        for member in members {
            switch (member.name, member.value) {
            case ("hyperparameters", .object(let inner)): hyperparameters = try LearnerSettingsText.values(inner)
            case ("stages", .array(let elements)):
                stages = try elements.enumerated().map { index, element in
                    try StageText(json: element, path: "\(path): stages[\(index)]")
                }
            case (let name, .string(let text)) where Self.names.contains(name): values[name] = text
            case (let name, .integer(let number)) where Self.names.contains(name): values[name] = String(number)
            case (let name, _):
                let known = (Self.names + ["hyperparameters", "stages"]).joined(separator: ", ")
                throw ValidationError(
                    "\(path): \"\(name)\" is no setting or has the wrong type; the settings are \(known)")
            }
        }
    }

    /// A setting's text, or nil.
    subscript(_ name: String) -> String? { values[name] }

    /// A whole number within a range.
    func integer(_ name: String, _ range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = values[name] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw ValidationError(
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return number
    }

    /// `on` or `off`.
    func isOn(_ name: String, default fallback: Bool) throws -> Bool {
        switch values[name] {
        case nil: fallback
        case "on": true
        case "off": false
        case let other?: throw ValidationError("\(name) must be on or off, not \(other)")
        }
    }

    /// The service's settings.
    func service() throws -> ServiceSettings {
        guard let seed = UInt64(values["seed"] ?? String(BuiltinRecipe.seed)) else {
            throw ValidationError("seed must be a whole number from 0, not \(values["seed"] ?? "")")
        }
        let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
        var settings = ServiceSettings(
            databasePath: values["database"] ?? "data/rolloutd.sqlite", modelDirectory: values["model"],
            model: try ModelOptions.settings(self), isLearning: try isOn("learner", default: true),
            isScoring: try isOn("scoring", default: true),
            shutdownSeconds: Double(
                try integer("shutdown_seconds", 1...Int(Limits.shutdownSecondsMax), default: 30)),
            computeThreads: try integer("threads", 1...256, default: min(cores, 2)),
            sandboxSlots: try integer("sandbox_slots", 1...64, default: min(cores, 4)), seed: seed,
            learner: try learner(), plan: try plan(), coldStart: try isOn("cold_start", default: true),
            updatesMax: try values["updates"].map { _ in try integer("updates", 0...1_000_000_000, default: 0) })
        settings.retention = try RetentionOptions.policy(self)
        settings.securelyDeletes = try isOn("secure_delete", default: false)
        return settings
    }

    /// The hyper-parameters: preset, then the recipe of the built-in model, then what was set by name.
    private func learner() throws -> LearnerSettings {
        try preset(values["preset"]).applying(hyperparameters)
    }

    /// The stages: each begins with the run's settings, or its own preset and the run's hyper-parameters over it.
    private func plan() throws -> TrainingPlan {
        try TrainingPlan(
            try stages.map { stage in
                let base = try preset(stage.preset ?? values["preset"]).applying(hyperparameters)
                return TrainingStage(
                    name: stage.name, updates: stage.updates, settings: try base.applying(stage.hyperparameters))
            })
    }

    /// A preset, or the recipe of the model that learns.
    private func preset(_ name: String?) throws -> LearnerSettings {
        var settings = LearnerSettings()
        switch name {
        case nil, "default":
            if values["model"] == nil {
                settings = try settings.applying(BuiltinRecipe.learnerSettings.mapValues { .number($0) })
            }
        case let name?:
            guard let preset = LearnerPreset(rawValue: name) else {
                let known = LearnerPreset.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("preset must be default or one of \(known), not \(name)")
            }
            settings = LearnerSettings(preset)
        }
        return settings
    }
}

/// A stage as the config file writes it.
private struct StageText {
    var name: String
    var updates: Int?
    var preset: String?
    var hyperparameters: [String: SettingValue]

    init(json: JSONValue, path: String) throws {
        do {
            let fields = try JSONFields(json, known: ["name", "updates", "preset", "hyperparameters"])
            name = try fields.name("name")
            updates = try fields.optionalInteger("updates", in: 1...1_000_000_000)
            preset = try fields.optionalName("preset")
            hyperparameters =
                if case .object(let members)? = fields.value("hyperparameters") {
                    try LearnerSettingsText.values(members)
                } else { [:] }
        } catch {
            throw ValidationError("\(path): \(error)")
        }
    }
}
