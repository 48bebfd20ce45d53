// Evaluations of data sets: opening one, and what it is made of. Its samples are in Ledger+EvaluationSamples.
import Domain
import Foundation
import GRDB
import StrictJSON

extension Ledger {
    /// The evaluation with these settings: the stored one, or a new one over the prompts that the data set has now.
    ///
    /// Throws `InputError` when the data set has no prompts, or more than an evaluation may ask.
    package func openEvaluation(_ settings: EvaluationSettings) async throws -> EvaluationRun {
        let text = settings.json.text
        return try await write(.intake, bytes: text.utf8.count) { [clock, identifiers] db in
            if let row = try db.row("SELECT * FROM evaluation_runs WHERE settings = ?", [text]) {
                return try decodeRun(row)
            }
            let scope = try db.row(
                """
                SELECT dataset_seq, max(seq) AS last, count(*) AS problems FROM prompts
                WHERE dataset_seq = (SELECT seq FROM datasets WHERE name = ?)
                """, [settings.dataset])
            guard let scope, let last = scope["last"] as Int64?, let dataset = scope["dataset_seq"] as Int64? else {
                throw InputError(
                    .notFound, "there are no prompts of the data set \"\(settings.dataset)\"", field: "dataset",
                    hint: "rolloutd import brings them in")
            }
            let problems: Int = scope["problems"]
            guard problems <= Limits.evaluationProblemsMax,
                problems * settings.samples <= Limits.evaluationAnswersMax
            else {
                throw InputError(
                    .tooLarge, "\(problems) problems with \(settings.samples) samples each", field: "samples",
                    hint: "at most \(Limits.evaluationProblemsMax) problems and \(Limits.evaluationAnswersMax) samples")
            }
            let id = identifiers.make("evl")
            try db.run(
                """
                INSERT INTO evaluation_runs (id, settings, dataset_seq, last_prompt_seq, problems, seconds, created_at)
                VALUES (?, ?, ?, ?, ?, 0, ?)
                """, [id, text, dataset, last, problems, clock.now().milliseconds])
            return EvaluationRun(
                id: EvaluationID(id), settings: settings, problems: problems, progress: EvaluationProgress(),
                seconds: 0, createdAt: clock.now())
        }
    }

    /// An evaluation, or `InputError.notFound`.
    package func evaluationRun(_ id: EvaluationID) async throws -> EvaluationRun {
        try await read { db in
            guard let row = try db.row("SELECT * FROM evaluation_runs WHERE id = ?", [id.text]) else {
                throw noEvaluation(id)
            }
            return try decodeRun(row)
        }
    }

    /// The last evaluations, newest first.
    package func evaluationRuns(limit: Int) async throws -> [EvaluationRun] {
        try await read { db in
            try db.rows("SELECT * FROM evaluation_runs ORDER BY seq DESC LIMIT ?", [max(0, limit)]).map(decodeRun)
        }
    }

    /// The prompts of an evaluation in the order in which they came, without texts and tasks.
    package func evaluationProblems(of id: EvaluationID) async throws -> [EvaluationProblem] {
        try await read { db in
            try db.rows(
                """
                SELECT p.seq, p.id, p.task_type, \(labelColumn("difficulty")) AS difficulty,
                    coalesce(\(labelColumn("subject")), \(labelColumn("kind"))) AS subject
                FROM evaluation_runs r JOIN prompts p ON p.dataset_seq = r.dataset_seq AND p.seq <= r.last_prompt_seq
                    JOIN prompt_bodies b ON b.prompt_seq = p.seq
                WHERE r.id = ? ORDER BY p.seq LIMIT ?
                """, [id.text, Limits.evaluationProblemsMax]
            ).map { row in
                EvaluationProblem(
                    seq: row["seq"], id: PromptID(row["id"]), taskType: row["task_type"],
                    difficulty: label(row["difficulty"]), subject: label(row["subject"]))
            }
        }
    }

    /// What a prompt of an evaluation says.
    package func evaluationContent(_ problem: EvaluationProblem) async throws -> PromptContent {
        try await read { db in
            guard let text = try db.string("SELECT content FROM prompt_bodies WHERE prompt_seq = ?", [problem.seq])
            else { throw LedgerError.corrupt("prompt_bodies lacks a row of prompt \(problem.id)") }
            return try stored(text, "prompt_bodies.content", PromptContent.init(json:))
        }
    }
}

/// The fault of a name that no evaluation has.
func noEvaluation(_ id: EvaluationID) -> InputError { InputError(.notFound, "there is no evaluation \(id)") }

/// An evaluation as its row has it.
func decodeRun(_ row: Row) throws -> EvaluationRun {
    EvaluationRun(
        id: EvaluationID(row["id"]),
        settings: try stored(row["settings"], "evaluation_runs.settings", EvaluationSettings.init(json:)),
        problems: row["problems"],
        progress: EvaluationProgress(
            sampled: row["sampled"], judged: row["judged"], undetermined: row["undetermined"]),
        seconds: row["seconds"], createdAt: Timestamp(milliseconds: row["created_at"]),
        conduct: EvaluationConduct(
            isWanted: row["is_wanted"], concurrency: row["concurrency"], holder: row["holder"],
            heldUntil: (row["held_until"] as Int64?).map { Timestamp(milliseconds: $0) }, fault: row["fault"]),
        figures: try (row["figures"] as String?).map {
            EvaluationFigures(json: try storedJSON($0, "evaluation_runs.figures"))
        })
}

/// A member of the metadata of `prompt_bodies b` that may be a label; arrays, objects and fractions are none.
private func labelColumn(_ name: String) -> String {
    "CASE WHEN json_type(b.metadata, '$.\(name)') IN ('text', 'integer') THEN json_extract(b.metadata, '$.\(name)') END"
}

/// A value of metadata as a label: text as it is, a whole number in digits; others are none.
private func label(_ value: DatabaseValue) -> String? {
    switch value.storage {
    case .string(let text): text.isEmpty ? nil : String(text.prefix(Limits.nameLengthMax))
    case .int64(let number): String(number)
    default: nil
    }
}
