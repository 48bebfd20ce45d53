// What the audit log gets of a request that succeeded: who, what, to what, and of the body only what the operation allows.
import Domain
import HTTPTypes
import Hummingbird
import Logging
import Service
import StrictJSON
import Synchronization

/// Keeps the allowed part of one request's body while it is read.
final class AuditNote: Sendable {
    private let allowed: Set<String>
    private let kept = Mutex<[JSONMember]>([])
    /// Longest text that is kept; what is longer is no setting.
    private static let textBytesMax = 200

    /// A note for an operation; nil when it is not audited.
    init?(_ endpoint: Endpoint) {
        guard case .members(let names) = endpoint.audit else { return nil }
        allowed = Set(names)
    }

    /// Takes the body: plain values of allowed members, and the names of the others.
    func keep(_ body: JSONValue) {
        guard case .object(let members) = body else { return }
        var kept = members.filter { allowed.contains($0.name) && AuditNote.isPlain($0.value) }
        let others = members.filter { member in !kept.contains { $0.name == member.name } }.map(\.name)
        if !others.isEmpty {
            let names = others.prefix(32).map { JSONValue.string(String($0.prefix(60))) }
            kept.append(JSONMember("others", .array(Array(names))))
        }
        self.kept.withLock { $0 = kept }
    }

    /// What was kept, as a JSON object.
    var detail: String { JSONValue.object(kept.withLock { $0 }).text }

    private static func isPlain(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool, .integer, .double: true
        case .string(let text): text.utf8.count <= textBytesMax
        default: false
        }
    }
}

/// Writes the lines.
struct AuditTrail: Sendable {
    private let now: @Sendable () -> Timestamp
    private let append: @Sendable (AuditEntry) async throws -> Void

    /// A trail into a service's log.
    init(_ service: some ServiceFacade) {
        now = { service.status().now }
        append = { try await service.append(audit: $0) }
    }

    /// Adds a line for an audited operation that succeeded. When it cannot be written the answer stands, for what was asked
    /// is done, and the server's own log has the line.
    func record(_ endpoint: Endpoint, _ call: Call, _ response: Response) async {
        guard let note = call.audited, response.status.code < 400 else { return }
        let path = (call.request.head.path ?? "").prefix { $0 != "?" }
        let entry = AuditEntry(
            createdAt: now(), actor: call.caller.actor, action: "\(endpoint.method.rawValue) \(endpoint.path)",
            target: String(path.prefix(200)), detail: note.detail, requestID: call.id)
        do { try await append(entry) } catch {
            call.logger.error(
                "the audit log could not be written",
                metadata: ["error": "\(error)", "actor": .string(entry.actor), "action": .string(entry.action)])
        }
    }
}
