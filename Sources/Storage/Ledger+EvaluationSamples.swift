// The samples of evaluations: stored as they come, judged after, never asked for twice.
import Compressing
import Domain
import Foundation
import GRDB

extension Ledger {
    /// All samples of an evaluation, by problem and number.
    package func evaluationSamples(of id: EvaluationID) async throws -> [EvaluationSample] {
        try await read { db in
            try db.rows(
                """
                SELECT s.prompt_seq, s.sample, s.outcome, s.failure, s.extracted, s.finish_reason, s.prompt_tokens,
                    s.response_tokens, s.seconds
                FROM evaluation_runs r JOIN evaluation_samples s ON s.run_seq = r.seq
                WHERE r.id = ? ORDER BY s.prompt_seq, s.sample LIMIT ?
                """, [id.text, Limits.evaluationAnswersMax]
            ).map { row in
                EvaluationSample(
                    problem: row["prompt_seq"], index: row["sample"],
                    outcome: try (row["outcome"] as String?).map { try storedCase($0, "evaluation_samples.outcome") },
                    failure: row["failure"], extracted: row["extracted"],
                    isTruncated: row["finish_reason"] == FinishReason.length.rawValue,
                    promptTokens: row["prompt_tokens"], responseTokens: row["response_tokens"],
                    seconds: row["seconds"])
            }
        }
    }

    /// The text of one sample, or nil.
    package func evaluationText(
        of id: EvaluationID, problem: EvaluationProblem, sample: Int
    ) async throws -> String? {
        try await read { db in
            try db.row(
                """
                SELECT b.text_bytes, b.body FROM evaluation_runs r JOIN evaluation_samples s ON s.run_seq = r.seq
                    JOIN evaluation_bodies b ON b.sample_seq = s.seq
                WHERE r.id = ? AND s.prompt_seq = ? AND s.sample = ?
                """, [id.text, problem.seq, sample]
            ).map(unpackedText)
        }
    }

    /// Stores an answer and returns once it is durable; false when the sample was there already.
    @discardableResult
    package func record(
        answer: SampledAnswer, of id: EvaluationID, problem: Int64, sample: Int
    ) async throws -> Bool {
        let body = try await onQueue(codecQueue) { try packed(answer.text) }
        return try await write(.intake, bytes: body.count) { [clock] db in
            let changes = try db.run(
                """
                INSERT INTO evaluation_samples
                    (run_seq, prompt_seq, sample, finish_reason, prompt_tokens, response_tokens, seconds, created_at)
                SELECT seq, ?, ?, ?, ?, ?, ?, ? FROM evaluation_runs WHERE id = ?
                ON CONFLICT (run_seq, prompt_seq, sample) DO NOTHING
                """,
                [
                    problem, sample, answer.finishReason.rawValue, answer.promptTokens, answer.responseTokens,
                    max(0, answer.seconds), clock.now().milliseconds, id.text,
                ])
            guard changes > 0 else { return false }
            try db.run(
                "INSERT INTO evaluation_bodies VALUES (?, ?, ?)",
                [db.lastInsertedRowID, answer.text.utf8.count, body])
            return true
        }
    }

    /// The share of right samples of each problem that has a decided one, in the order of the problems.
    package func evaluationShares(of id: EvaluationID) async throws -> [Double] {
        try await read { db in
            try db.rows(
                """
                SELECT CAST(sum(outcome = 'passed') AS REAL) / count(*) AS share FROM evaluation_samples
                WHERE run_seq = (SELECT seq FROM evaluation_runs WHERE id = ?) AND outcome IN ('passed', 'failed')
                GROUP BY prompt_seq ORDER BY prompt_seq
                """, [id.text]
            ).map { $0["share"] }
        }
    }

    /// Sends undetermined samples back to the judges; how many. What a complete evaluation found is then open again.
    package func requeueUndetermined(of id: EvaluationID) async throws -> Int {
        try await write { db in
            try db.run(
                "UPDATE evaluation_runs SET figures = NULL WHERE id = ? AND undetermined > 0 AND figures IS NOT NULL",
                [id.text])
            return try db.run(
                """
                UPDATE evaluation_samples SET outcome = NULL, failure = NULL, reason = NULL, verifier = NULL
                WHERE run_seq = (SELECT seq FROM evaluation_runs WHERE id = ?) AND outcome = 'undetermined'
                """, [id.text])
        }
    }

    /// The next samples without a verdict after a row, oldest first.
    ///
    /// - Parameters:
    ///   - bytes: Of tasks and texts; only the first may be larger, where `isFirstFree`.
    package func unjudgedSamples(
        of id: EvaluationID, after seq: Int64 = 0, limit: Int, bytes bytesMax: Int = Limits.evaluationWorkBytesMax,
        isFirstFree: Bool = true
    ) async throws -> [EvaluationWork] {
        try await read { db in
            let rows = try Row.fetchCursor(
                try db.cachedStatement(
                    sql: """
                        SELECT s.seq, s.prompt_seq, e.text_bytes, e.body
                        FROM evaluation_samples s INDEXED BY evaluation_samples_unjudged
                            JOIN evaluation_bodies e ON e.sample_seq = s.seq
                        WHERE s.run_seq = (SELECT seq FROM evaluation_runs WHERE id = ?) AND s.outcome IS NULL AND s.seq > ?
                        ORDER BY s.seq LIMIT ?
                        """), arguments: [id.text, seq, max(0, limit)])
            var works: [EvaluationWork] = []
            // The samples of a problem come together and share its task, so that a long one keeps more than one judge busy.
            var tasks: [Int64: VerificationTask] = [:]
            var (bytes, textBytes) = (0, 0)
            while let row = try rows.next() {
                let prompt: Int64 = row["prompt_seq"]
                textBytes += row["text_bytes"] as Int
                let isShared = tasks[prompt] != nil
                let own = (row["text_bytes"] as Int) + (isShared ? 0 : try db.taskBytes(ofPrompt: prompt))
                bytes += own
                if (isShared ? textBytes : bytes) > bytesMax, !(works.isEmpty && isFirstFree) { break }
                let task = try tasks[prompt] ?? db.task(ofPrompt: prompt)
                tasks[prompt] = task
                works.append(
                    EvaluationWork(seq: row["seq"], response: try unpackedText(row), task: task, bytes: own))
            }
            return works
        }
    }

    /// Stores the verdicts of samples, by their rows; one that has a verdict already keeps it.
    package func record(sampleVerdicts verdicts: [(seq: Int64, verdict: Verdict)]) async throws {
        try await write { db in
            for (seq, verdict) in verdicts {
                try db.run(
                    """
                    UPDATE evaluation_samples SET outcome = ?, failure = ?, extracted = ?, reason = ?, verifier = ?
                    WHERE seq = ? AND outcome IS NULL
                    """,
                    [
                        verdict.outcome.rawValue, verdict.failure?.code.rawValue, verdict.extracted,
                        String(verdict.reason.prefix(Limits.codeExcerptBytesMax)), verdict.verifier, seq,
                    ])
            }
        }
    }
}

/// Text compresses to a fifth even at the lowest level, and judging reads it once.
private func packed(_ text: String) throws -> Data {
    var text = text
    return try text.withUTF8 { bytes in
        do {
            return Data(try zstdCompressed(UnsafeRawBufferPointer(bytes), level: 3))
        } catch {
            throw LedgerError.inputOutput("an answer cannot be packed: \(error)")
        }
    }
}

private func unpackedText(_ row: Row) throws -> String {
    let count: Int = row["text_bytes"]
    guard (0...2 * Limits.evaluationAnswerBytesMax).contains(count) else {
        throw LedgerError.corrupt("evaluation_bodies holds a length of \(count)")
    }
    let body: Data = row["body"]
    var text = [UInt8](repeating: 0, count: count)
    do {
        try body.withUnsafeBytes { input in
            try text.withUnsafeMutableBytes { try zstdDecompress(input, filling: $0) }
        }
    } catch {
        throw LedgerError.corrupt("evaluation_bodies holds a frame that cannot be read")
    }
    return String(decoding: text, as: UTF8.self)
}
