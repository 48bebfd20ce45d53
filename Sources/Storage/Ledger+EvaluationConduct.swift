// Who carries an evaluation out: what a server is to do by itself, the hold of the process that is at it, and how it ended.
import Domain
import GRDB
import StrictJSON

extension Ledger {
    /// Has a server carry an evaluation out; its place in the order is the one of the first call. How it stands then.
    package func want(_ id: EvaluationID, concurrency: Int) async throws -> EvaluationRun {
        try await change(id) { db, now in
            try db.run(
                """
                UPDATE evaluation_runs SET wanted_at = CASE WHEN is_wanted = 1 THEN wanted_at ELSE ?2 END,
                    is_wanted = 1, concurrency = ?3, fault = NULL
                WHERE id = ?1
                """, [id.text, now.milliseconds, concurrency])
        }
    }

    /// Has no server carry it out any more, after a restart neither.
    package func unwant(_ id: EvaluationID) async throws -> EvaluationRun {
        try await change(id) { db, _ in
            try db.run(
                "UPDATE evaluation_runs SET is_wanted = 0, wanted_at = NULL WHERE id = ? AND is_wanted = 1", [id.text])
        }
    }

    /// Says why a server does not carry out what it should; the next start tries again.
    package func refuse(_ id: EvaluationID, _ fault: String) async throws {
        _ = try await change(id) { db, _ in
            try db.run(
                "UPDATE evaluation_runs SET fault = ?2 WHERE id = ?1 AND is_wanted = 1 AND holder IS NULL",
                [id.text, cut(fault)])
        }
    }

    /// Evaluations that a server is to carry out and that no command has, in the order of their turn.
    package func queuedEvaluations(limit: Int) async throws -> [EvaluationRun] {
        try await read { [clock] db in
            try db.rows(
                """
                SELECT * FROM evaluation_runs INDEXED BY evaluation_runs_wanted
                WHERE is_wanted = 1 AND fault IS NULL
                    AND (holder IS NULL OR holder = ?1 OR held_until <= ?2)
                ORDER BY wanted_at, seq LIMIT ?3
                """, [EvaluationConduct.server, clock.now().milliseconds, max(0, limit)]
            ).map(decodeRun)
        }
    }

    /// Takes back what a server had that was killed, and lets what was refused be tried again; once, before a server begins.
    package func reclaimEvaluations() async throws {
        try await write { db in
            try db.run(
                "UPDATE evaluation_runs SET holder = NULL, held_until = NULL WHERE holder = ?",
                [EvaluationConduct.server])
            try db.run("UPDATE evaluation_runs SET fault = NULL WHERE is_wanted = 1 AND fault IS NOT NULL")
        }
    }

    /// Takes an evaluation for a process, unless another has it or a client stopped it meanwhile; whether it was taken, and how
    /// it stands.
    ///
    /// `gone` names a holder that is known to be no more.
    package func claimEvaluation(
        _ id: EvaluationID, by holder: String, insteadOf gone: String? = nil
    ) async throws -> (isClaimed: Bool, run: EvaluationRun) {
        let run = try await change(id) { db, now in
            try db.run(
                """
                UPDATE evaluation_runs SET holder = ?2, held_until = ?3, fault = NULL
                WHERE id = ?1 AND (holder IS NULL OR holder IN (?2, ?5) OR held_until <= ?4)
                    AND (is_wanted = 1 OR ?2 <> ?6)
                """, [id.text, holder, heldUntil(now), now.milliseconds, gone, EvaluationConduct.server])
        }
        return (run.conduct.holder == holder, run)
    }

    /// Adds to the time that an evaluation has taken, and says that its holder still has it; nil when it has not.
    package func note(seconds: Double, of id: EvaluationID, by holder: String) async throws -> EvaluationRun? {
        let run = try await change(id) { db, now in
            try db.run(
                """
                UPDATE evaluation_runs SET seconds = seconds + ?2, held_until = ?3 WHERE id = ?1 AND holder = ?4
                """, [id.text, max(0, seconds), heldUntil(now), holder])
        }
        return run.conduct.holder == holder ? run : nil
    }

    /// Lets an evaluation go and stores how it ended; nothing when another process has it.
    package func end(_ id: EvaluationID, by holder: String, _ ending: EvaluationEnding) async throws -> EvaluationRun {
        try await change(id) { db, _ in
            var isWanted = "is_wanted"
            var fault: String?
            var figures: String?
            switch ending {
            case .interrupted: break
            case .failed(let reason): (isWanted, fault) = ("0", cut(reason))
            case .complete(let found): (isWanted, figures) = ("0", found.json.text)
            }
            try db.run(
                """
                UPDATE evaluation_runs SET holder = NULL, held_until = NULL, is_wanted = \(isWanted), fault = ?3,
                    figures = coalesce(?4, figures)
                WHERE id = ?1 AND holder = ?2
                """, [id.text, holder, fault, figures])
        }
    }

    /// Versions of policies whose weights an evaluation needs that a server is to carry out.
    package func evaluatedVersions() async throws -> Set<PolicyVersion> {
        try await read { db in
            let rows = try db.rows(
                "SELECT json_extract(settings, '$.policy_version') AS version FROM evaluation_runs WHERE is_wanted = 1")
            return Set(rows.compactMap { ($0["version"] as Int?).map { PolicyVersion($0) } })
        }
    }

    /// Changes one evaluation, and keeps an event when it begins or comes to an end by that.
    private func change(
        _ id: EvaluationID, _ body: @escaping @Sendable (Database, Timestamp) throws -> Void
    ) async throws -> EvaluationRun {
        try await write { [clock] db in
            func row() throws -> EvaluationRun {
                guard let row = try db.row("SELECT * FROM evaluation_runs WHERE id = ?", [id.text]) else {
                    throw noEvaluation(id)
                }
                return try decodeRun(row)
            }
            let now = clock.now()
            let before = try row()
            try body(db, now)
            let after = try row()
            if let event = turn(from: before, to: after, now) {
                try db.run(
                    "INSERT INTO events (type, at, detail) VALUES (?, ?, ?)",
                    [event.type.rawValue, now.milliseconds, event.data.text])
            }
            return after
        }
    }
}

/// What watchers hear of a change: another holder begins, or nobody goes on. One that a stopping server lets go is still wanted, and
/// not at its end.
private func turn(
    from before: EvaluationRun, to after: EvaluationRun, _ now: Timestamp
) -> (type: EventType, data: JSONValue)? {
    func isResting(_ run: EvaluationRun) -> Bool {
        run.conduct.holder == nil && (!run.conduct.isWanted || run.conduct.fault != nil)
    }
    if let holder = after.conduct.holder, holder != before.conduct.holder {
        return (.evaluationStarted, .object(after.eventMembers))
    }
    guard isResting(after), !isResting(before) else { return nil }
    let end = [
        JSONMember("status", .string(after.state(at: now).rawValue)),
        JSONMember("detail", after.conduct.fault.map { .string($0) } ?? .null),
        JSONMember("seconds", .finite(after.seconds)), JSONMember("figures", after.figures?.json ?? .null),
    ]
    return (.evaluationFinished, .object(after.eventMembers + end))
}

private func heldUntil(_ now: Timestamp) -> Int64 {
    now.adding(seconds: Limits.evaluationHoldSeconds).milliseconds
}

/// A reason of a bounded length.
private func cut(_ reason: String) -> String { String(reason.prefix(Limits.codeExcerptBytesMax)) }
