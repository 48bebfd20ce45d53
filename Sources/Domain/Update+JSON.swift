// Updates, evaluations and policies as they stand on the wire.
import StrictJSON

extension UpdateRecord {
    /// `{"version","created_at","objective","metrics":{...}}`; a metric that is not finite is null.
    package var json: JSONValue {
        .members([
            "version": .integer(Int64(version.number)), "created_at": .string(createdAt.rfc3339),
            "objective": .string(objective),
            "metrics": .object(metrics.map { JSONMember($0.name, .finite($0.value)) }),
        ])
    }
}

extension EvaluationRecord {
    /// One measurement on held-out prompts; what was not sampled is null.
    package var json: JSONValue {
        .members([
            "version": .integer(Int64(version.number)), "kind": .string(kind), "prompts": .integer(Int64(prompts)),
            "samples": .integer(Int64(samples)), "greedy_accuracy": .finite(greedyAccuracy),
            "average_accuracy": averageAccuracy.map { .finite($0) } ?? .null,
            "pass_at_k": passAtK.map { .finite($0) } ?? .null, "undetermined": .integer(Int64(undetermined)),
            "learning_seconds": .finite(learningSeconds), "created_at": .string(createdAt.rfc3339),
        ])
    }
}

extension PolicyRecord {
    /// `{"version","created_at","has_weights"}`.
    package var json: JSONValue {
        .members([
            "version": .integer(Int64(version.number)), "created_at": .string(createdAt.rfc3339),
            "has_weights": .bool(hasCheckpoint),
        ])
    }
}

extension JSONValue {
    /// A double, or null when it is not finite (JSON has no word for it).
    package static func finite(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }
}
