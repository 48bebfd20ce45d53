// The log as JSON lines: time, level, message, then what the line is about, for programs that collect logs.
import Domain
import Foundation
import Logging
import StrictJSON
import Synchronization

/// Writes one JSON object a line.
struct JSONLogHandler: LogHandler {
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let clock: WallClock
    private let write: @Sendable (String) -> Void

    /// - Parameter write: Takes a whole line with its end; called from any thread.
    init(label: String, clock: WallClock, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.clock = clock
        self.write = write
    }

    /// Writes to standard error, a line at a time.
    static func standardError(label: String) -> JSONLogHandler {
        JSONLogHandler(label: label, clock: .system, write: { line in StandardErrorLines.write(line) })
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var members = [
            JSONMember("time", .string(clock.now().rfc3339)), JSONMember("level", .string("\(event.level)")),
            JSONMember("message", .string("\(event.message)")), JSONMember("logger", .string(label)),
        ]
        if let error = event.error { members.append(JSONMember("error", .string("\(error)"))) }
        let taken = Set(members.map(\.name))
        for (key, value) in all.sorted(by: { $0.key < $1.key }) where !taken.contains(key) {
            members.append(JSONMember(key, Self.json(value)))
        }
        write(JSONValue.object(members).text + "\n")
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
        switch value {
        case .string(let text): return .string(text)
        case .array(let values): return .array(values.map(json))
        case .dictionary(let values):
            return .object(values.sorted { $0.key < $1.key }.map { JSONMember($0.key, json($0.value)) })
        case .stringConvertible(let value):
            if let number = value as? any BinaryInteger, let whole = Int64(exactly: number) { return .integer(whole) }
            if let number = value as? Double, number.isFinite { return .double(number) }
            if let flag = value as? Bool { return .bool(flag) }
            return .string("\(value)")
        }
    }
}

/// Standard error for lines of several threads: none is cut by another.
private enum StandardErrorLines {
    private static let lock = Mutex(())

    static func write(_ line: String) {
        lock.withLock { _ in FileHandle.standardError.write(Data(line.utf8)) }
    }
}
