// A prompt's task in its rows: short ones as JSON in the prompt's body, long ones as a Zstandard frame in a table of their own.
import Compressing
import Domain
import Foundation
import GRDB
import StrictJSON

/// A task's JSON, ready to be stored: packed where it is long.
struct PackedTask: Sendable {
    /// Tests of contests are numbers in decimal; higher levels take several times as long for a tenth less.
    private static let level = 3
    /// What stands in `prompt_bodies.task` when the task is packed.
    private static let elsewhere = "null"

    /// What goes into `prompt_bodies.task`.
    let text: String
    /// The frame, when it is long.
    let frame: Data?
    /// Bytes of the JSON.
    let taskBytes: Int

    /// Bytes that it takes in the database.
    var bytes: Int { text.utf8.count + (frame?.count ?? 0) }

    init(_ json: String) throws {
        taskBytes = json.utf8.count
        guard taskBytes >= Limits.packedTaskBytesMin else {
            (text, frame) = (json, nil)
            return
        }
        var json = json
        do {
            frame = try json.withUTF8 { Data(try zstdCompressed(UnsafeRawBufferPointer($0), level: Self.level)) }
        } catch {
            throw LedgerError.inputOutput("a task cannot be packed: \(error)")
        }
        text = Self.elsewhere
    }
}

/// The columns that `decodeTask` reads, of `prompt_bodies b` and `packedTaskJoin`.
let taskColumns = "b.task, t.task_bytes, t.body AS packed_task"

/// Joins `packed_tasks t` to `prompt_bodies b`; only tasks that are packed are looked up.
let packedTaskJoin = "LEFT JOIN packed_tasks t ON b.task = 'null' AND t.prompt_seq = b.prompt_seq"

/// The task of a row with `taskColumns`; throws `LedgerError.corrupt`.
func decodeTask(_ row: Row) throws -> VerificationTask {
    let value: JSONValue
    if let frame = row["packed_task"] as Data? {
        value = try unpackedTask(frame, bytes: row["task_bytes"])
    } else {
        value = try storedJSON(row["task"], "prompt_bodies.task")
    }
    do {
        return try VerificationTask(json: value, bounds: .imported)
    } catch {
        throw LedgerError.corrupt("prompt_bodies.task: \(error)")
    }
}

extension Database {
    /// The task of the prompt in a row; throws `LedgerError.corrupt` when it has none.
    func task(ofPrompt seq: Int64) throws -> VerificationTask {
        let row = try row("SELECT \(taskColumns) FROM prompt_bodies b \(packedTaskJoin) WHERE b.prompt_seq = ?", [seq])
        guard let row else { throw LedgerError.corrupt("prompt_bodies lacks a row") }
        return try decodeTask(row)
    }

    /// Bytes of the JSON of that task.
    func taskBytes(ofPrompt seq: Int64) throws -> Int {
        let bytes = try integer(
            """
            SELECT coalesce(t.task_bytes, length(CAST(b.task AS BLOB))) FROM prompt_bodies b \(packedTaskJoin)
            WHERE b.prompt_seq = ?
            """, [seq])
        return Int(bytes ?? 0)
    }
}

/// Bounds of a task's JSON: as many bytes as all its tests may have.
let taskLimits = JSONLimits(depth: JSONLimits.standard.depth, bytes: Limits.taskTextBytesMax)

private func unpackedTask(_ frame: Data, bytes count: Int) throws -> JSONValue {
    guard (1...Limits.taskTextBytesMax).contains(count) else {
        throw LedgerError.corrupt("packed_tasks holds a length of \(count)")
    }
    var text = [UInt8](repeating: 0, count: count)
    do {
        try frame.withUnsafeBytes { input in
            try text.withUnsafeMutableBytes { try zstdDecompress(input, filling: $0) }
        }
    } catch {
        throw LedgerError.corrupt("packed_tasks holds a frame that cannot be read")
    }
    do {
        return try JSONValue.parse(text, limits: taskLimits)
    } catch {
        throw LedgerError.corrupt("packed_tasks holds no JSON: \(error)")
    }
}
