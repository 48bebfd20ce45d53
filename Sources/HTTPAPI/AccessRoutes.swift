// GET and POST /admin/keys, POST /admin/keys/{id}/revoke, GET /admin/audit.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Keys and the audit log, for admins. The use cases write the log's lines about keys, in the key's own transaction.
func accessEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/admin/keys") { call in
            _ = try call.query([])
            return jsonResponse(.members(["keys": .array(try await service.keys().map(\.json))]))
        },
        Endpoint(.post, "/admin/keys", audit: .nothing) { call in
            let now = service.status().now
            let request = try await call.readBody { json in try KeyRequest(json: json, now: now) }
            let issued = try await service.createKey(request, by: call.caller, requestID: call.id)
            guard case .object(let members) = issued.record.json else { throw ServiceError(.internal, "no record") }
            return jsonResponse(.object([JSONMember("key", .string(issued.text))] + members), status: .created)
        },
        Endpoint(.post, "/admin/keys/{id}/revoke", audit: .nothing) { call in
            try await call.readNothing()
            let id = try call.identifier("id", KeyID.self)
            return jsonResponse(try await service.revokeKey(id, by: call.caller, requestID: call.id).json)
        },
        Endpoint(.get, "/admin/audit") { call in
            let query = try call.query(["before", "limit"])
            let limit = try query.limit()
            let before = try query.integer("before", in: 1...Limits.cursorMax).map { Int64($0) }
            let entries = try await service.auditEntries(before: before, limit: limit)
            let next = entries.count == limit ? entries.last.map { JSONValue.integer($0.seq) } ?? .null : .null
            return jsonResponse(.members(["entries": .array(entries.map(\.json)), "next_before": next]))
        },
    ]
}

extension AuditEntry {
    fileprivate var json: JSONValue {
        .members([
            "seq": .integer(seq), "created_at": .string(createdAt.rfc3339), "actor": .string(actor),
            "action": .string(action), "target": .string(target),
            "detail": (try? JSONValue.parse(text: detail)) ?? .null,
            "request_id": requestID.map { .string($0) } ?? .null,
        ])
    }
}
