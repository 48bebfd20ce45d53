// Prompts: intake by content, listing.
import Domain
import Foundation
import GRDB
import StrictJSON

extension Ledger {
    /// Stores prompts; one result each, in order.
    ///
    /// The same id with the same content is a no-op; with other content a `conflict` whose message holds both hashes.
    package func submit(prompts: [PromptSubmission]) async throws -> [Result<PromptReceipt, InputError>] {
        let prepared = try await onQueue(codecQueue) { try prompts.map(PreparedPrompt.prepare) }
        let bytes = prepared.reduce(0) { $0 + ((try? $1.get().bytes) ?? 0) }
        return try await write(.intake, bytes: bytes) { [clock, identifiers] db in
            let now = clock.now()
            return try prepared.map { item in
                switch item {
                case .failure(let fault): .failure(fault)
                case .success(let prompt):
                    try prompt.store(in: db, id: { PromptID(identifiers.make("prm")) }, now: now)
                }
            }
        }
    }

    /// A prompt by id, or nil.
    package func prompt(_ id: PromptID) async throws -> Prompt? {
        try await read { db in
            try db.row(promptColumns + " WHERE p.id = ?", [id.text]).map(decodePrompt)
        }
    }

    /// Prompts in order of intake, after the one named: at most `limit`, and as many as `bytes` of tasks allow, at least
    /// one. An unknown `after` throws `InputError.notFound`.
    package func prompts(
        dataset: String?, after: PromptID?, limit: Int, bytes most: Int = Limits.promptPageBytesMax
    ) async throws -> PromptPage {
        try await read { db in
            let start = try db.row(of: "prompt", named: after?.text)
            let scope = ScopeCondition(PromptScope(dataset: dataset))
            let rows = try Row.fetchCursor(
                try db.cachedStatement(
                    sql: promptColumns + " WHERE p.seq > ? \(scope.sql) ORDER BY p.seq LIMIT ?"),
                arguments: [start] + scope.arguments + [max(0, limit) + 1])
            var prompts: [Prompt] = []
            var bytes = 0
            while let row = try rows.next() {
                bytes += row["task_bytes"] as Int? ?? (row["task"] as String).utf8.count
                let isFull = prompts.count == limit || !prompts.isEmpty && bytes > most
                if isFull { return PromptPage(prompts: prompts, nextAfter: prompts.last?.id) }
                prompts.append(try decodePrompt(row))
            }
            return PromptPage(prompts: prompts, nextAfter: nil)
        }
    }

    /// Prompts to be asked in order of intake, after the one named, with the families of their tasks; an unknown `after` throws
    /// `InputError.notFound`.
    package func askedPrompts(
        in scope: PromptScope, after: PromptID?, limit: Int
    ) async throws -> [(prompt: AskedPrompt, family: String)] {
        try await read { db in
            let start = try db.row(of: "prompt", named: after?.text)
            let scope = ScopeCondition(scope)
            return try db.rows(
                askedPromptColumns + " WHERE p.seq > ? \(scope.sql) ORDER BY p.seq LIMIT ?",
                [start] + scope.arguments + [max(0, limit)]
            ).map { (try decodeAskedPrompt($0), $0["task_type"]) }
        }
    }

    /// A prompt as it is asked, or nil.
    package func askedPrompt(_ id: PromptID) async throws -> AskedPrompt? {
        try await read { db in try db.row(askedPromptColumns + " WHERE p.id = ?", [id.text]).map(decodeAskedPrompt) }
    }

    /// How many prompts there are, of one data set or of all.
    package func promptCount(dataset: String?) async throws -> Int {
        try await read { db in
            let count =
                if let dataset {
                    try db.integer("SELECT prompt_count FROM datasets WHERE name = ?", [dataset])
                } else {
                    try db.integer("SELECT sum(prompt_count) FROM datasets")
                }
            return Int(count ?? 0)
        }
    }
}

/// Which prompts `p` are meant, as a piece of SQL that begins with AND.
struct ScopeCondition {
    var sql = ""
    var arguments: StatementArguments = []

    init(_ scope: PromptScope) {
        if let dataset = scope.dataset {
            sql += " AND p.dataset_seq = (SELECT seq FROM datasets WHERE name = ?)"
            arguments += [dataset]
        }
        if let taskType = scope.taskType {
            sql += " AND p.task_type = ?"
            arguments += [taskType]
        }
    }
}

/// A query that gives what `decodePrompt` reads; conditions are appended.
let promptColumns = """
    SELECT p.seq, p.id AS prompt_id, d.name AS dataset, b.content, \(taskColumns), b.metadata AS prompt_metadata,
        p.created_at AS prompt_created_at
    FROM prompts p CROSS JOIN prompt_bodies b ON b.prompt_seq = p.seq CROSS JOIN datasets d ON d.seq = p.dataset_seq
        \(packedTaskJoin)
    """

/// A prompt from a row of `promptColumns`.
func decodePrompt(_ row: Row) throws -> Prompt {
    Prompt(
        id: PromptID(row["prompt_id"]), dataset: row["dataset"],
        content: try stored(row["content"], "prompt_bodies.content", PromptContent.init(json:)),
        task: try decodeTask(row), metadata: try storedJSON(row["prompt_metadata"], "prompt_bodies.metadata"),
        createdAt: Timestamp(milliseconds: row["prompt_created_at"]))
}

/// A query that gives what `decodeAskedPrompt` reads; conditions are appended.
let askedPromptColumns = """
    SELECT p.id AS prompt_id, p.task_type, d.name AS dataset, b.content, b.metadata AS prompt_metadata
    FROM prompts p CROSS JOIN prompt_bodies b ON b.prompt_seq = p.seq CROSS JOIN datasets d ON d.seq = p.dataset_seq
    """

/// A prompt as it is asked, from a row of `askedPromptColumns`.
func decodeAskedPrompt(_ row: Row) throws -> AskedPrompt {
    AskedPrompt(
        id: PromptID(row["prompt_id"]), dataset: row["dataset"],
        content: try stored(row["content"], "prompt_bodies.content", PromptContent.init(json:)),
        metadata: try storedJSON(row["prompt_metadata"], "prompt_bodies.metadata"))
}

/// A prompt in the form of its rows, made before the writer is asked for.
struct PreparedPrompt: Sendable {
    let submission: PromptSubmission
    let content: String
    let task: PackedTask
    let metadata: String
    let hash: ContentHash
    var bytes: Int { content.utf8.count + task.bytes + metadata.utf8.count }

    static func prepare(_ submission: PromptSubmission) throws -> Result<PreparedPrompt, InputError> {
        if let id = submission.id, let fault = identifierFault(id.text, field: "id") { return .failure(fault) }
        if let fault = nameFault(submission.dataset, field: "dataset") { return .failure(fault) }
        let contentJSON = submission.content.json
        let taskJSON = submission.task.json
        do {
            // What could not be read back must not be stored.
            _ = try PromptContent(json: contentJSON)
            _ = try VerificationTask(json: taskJSON, bounds: .imported)
        } catch {
            return .failure(error)
        }
        let content = contentJSON.text
        let task = taskJSON.text
        let metadata = submission.metadata.text
        var hasher = Blake2b()
        for field in [submission.dataset, content, task, metadata] { hasher.absorb(field: field) }
        return .success(
            PreparedPrompt(
                submission: submission, content: content, task: try PackedTask(task), metadata: metadata,
                hash: ContentHash(bytes: hasher.digest())))
    }

    func store(
        in db: Database, id makeID: () -> PromptID, now: Timestamp
    ) throws -> Result<PromptReceipt, InputError> {
        if let id = submission.id, let known = try db.known("prompt", id.text, hash) {
            return known.map { PromptReceipt(id: id, isNew: false) }
        }
        let id = submission.id ?? makeID()
        try db.addDataset(submission.dataset)
        try db.run(
            """
            INSERT INTO prompts (id, dataset_seq, task_type, content_hash, created_at)
            VALUES (?, (SELECT seq FROM datasets WHERE name = ?), ?, ?, ?)
            """,
            [id.text, submission.dataset, submission.task.family, Data(hash.bytes), now.milliseconds])
        let seq = db.lastInsertedRowID
        try db.run("INSERT INTO prompt_bodies VALUES (?, ?, ?, ?)", [seq, content, task.text, metadata])
        if let frame = task.frame {
            try db.run("INSERT INTO packed_tasks VALUES (?, ?, ?)", [seq, task.taskBytes, frame])
        }
        return .success(PromptReceipt(id: id, isNew: true))
    }
}

extension Database {
    /// Whether a prompt or demonstration (`what`) of this name is stored: nil when not, a conflict when its content differs.
    func known(_ what: String, _ id: String, _ hash: ContentHash) throws -> Result<Void, InputError>? {
        let found = try Data.fetchOne(
            cachedStatement(sql: "SELECT content_hash FROM \(what)s WHERE id = ?"), arguments: [id])
        guard let found else { return nil }
        let old = ContentHash(bytes: Array(found))
        return old == hash ? .success(()) : .failure(conflictFault(what, id, stored: old, sent: hash))
    }

    /// The row number of a prompt or demonstration (`what`), after which a page begins; 0 without a name. Throws
    /// `InputError.notFound` for an unknown name.
    func row(of what: String, named id: String?) throws -> Int64 {
        guard let id else { return 0 }
        guard let found = try integer("SELECT seq FROM \(what)s WHERE id = ?", [id]) else {
            throw InputError(.notFound, "there is no \(what) \(id)", field: "after")
        }
        return found
    }

    /// Makes sure that a data set has a row.
    func addDataset(_ name: String) throws {
        try run("INSERT INTO datasets (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [name])
    }
}

/// What is wrong with a client's identifier, or nil.
func identifierFault(_ text: String, field: String) -> InputError? {
    guard !isValidIdentifier(text) else { return nil }
    return InputError(
        .invalidValue, "an identifier has 1 to \(Limits.identifierBytesMax) letters, digits or -_.:/@#", field: field)
}

/// The fault of a second submission under an id whose content differs.
func conflictFault(_ what: String, _ id: String, stored: ContentHash, sent: ContentHash) -> InputError {
    InputError(
        .conflict,
        "\(what) \(id) exists with other content (stored \(stored.hexadecimal), sent \(sent.hexadecimal))",
        field: "id", hint: "use another id, or send the same content")
}
