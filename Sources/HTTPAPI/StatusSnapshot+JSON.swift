// The status page's data as JSON: GET /admin/status.
import Domain
import Service
import StrictJSON

extension StatusSnapshot {
    /// Updates and evaluations in the answer; the rest is under /v1/updates and /v1/evaluations.
    private static let recent = 32

    /// Everything of a snapshot, the curves cut to their last points.
    package var json: JSONValue {
        .members([
            "started_at": .string(startedAt.rfc3339), "now": .string(now.rfc3339), "learner": learner,
            "policy_version": policyVersion.map { .integer(Int64($0.number)) } ?? .null,
            "objective": .string(objective),
            "stage": stage.map { .string($0) } ?? .null,
            "switches": switches.json, "scoring": .string(isScoring ? "on" : "off"),
            "scoring_trouble": scoringTrouble.map { .string($0) } ?? .null, "model": model.map(\.json) ?? .null,
            "ledger": counts.map(\.json) ?? .null,
            "kinds": .array(kinds.map(\.json)), "alarms": .array(alarms.map { .string($0) }),
            "sandbox": .string(sandboxTier), "database": .string(databasePath),
            "storage": storageJSON, "operations": operationsJSON,
            "resident_bytes": .integer(Int64(residentBytes)),
            "updates": .array(updates.suffix(StatusSnapshot.recent).map(\.json)),
            "evaluations": .array(evaluations.suffix(StatusSnapshot.recent).map(\.json)),
        ])
    }

    private var storageJSON: JSONValue {
        guard let storage else { return .null }
        return .members([
            "file_bytes": .integer(storage.size.fileBytes), "used_bytes": .integer(storage.size.usedBytes),
            "packed_rollouts": .integer(Int64(counts?.packed ?? 0)),
            "deleted_rollouts": .integer(Int64(counts?.deleted ?? 0)),
            "retention_days": storage.policy.days.map { .double($0) } ?? .null,
            "retention_bytes": storage.policy.bytes.map { .integer(Int64($0)) } ?? .null,
            "retention_updates": storage.policy.updates.map { .integer(Int64($0)) } ?? .null,
            "compact_after_hours": storage.policy.compactAfterHours.map { .double($0) } ?? .null,
            "intake_refusal": storage.intakeRefusal.map { .string($0) } ?? .null,
        ])
    }

    private var learner: JSONValue {
        .members([
            "phase": .string(phase.rawValue), "detail": phaseDetail.map { .string($0) } ?? .null,
            "cold_start_progress": coldStartProgress.map { .finite($0) } ?? .null,
            "learning_seconds": .finite(learningSeconds),
        ])
    }
}

extension ModelDescription {
    fileprivate var json: JSONValue {
        .members([
            "name": .string(name), "parameters": .integer(Int64(parameterCount)),
            "vocabulary": .integer(Int64(vocabularySize)), "context_length": .integer(Int64(contextLength)),
        ])
    }
}

extension LedgerCounts {
    fileprivate var json: JSONValue {
        let statuses = RolloutStatus.allCases.map { JSONMember($0.rawValue, .integer(Int64(rollouts[$0, default: 0]))) }
        let kinds = verdicts.keys.sorted().map { type in
            JSONMember(
                type,
                .object(
                    Verdict.Outcome.allCases.map { outcome in
                        JSONMember(outcome.rawValue, .integer(Int64(verdicts[type]?[outcome] ?? 0)))
                    }))
        }
        return .members([
            "prompts": .integer(Int64(prompts)), "rollouts": .object(statuses), "verdicts": .object(kinds),
            "open_groups": .integer(Int64(openGroups)), "leased_groups": .integer(Int64(leasedGroups)),
        ])
    }
}

extension KindStatus {
    fileprivate var json: JSONValue {
        .members([
            "kind": .string(kind), "accuracy": .finite(accuracy), "varied_groups": .finite(variedGroups),
            "asleep": .bool(isAsleep),
        ])
    }
}
