// POST and GET /admin/backup: copies of the ledger and its checkpoints, made while the service runs.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Making backups and listing them.
func backupEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/admin/backup", audit: .members(["name", "keep"])) { call in
            let request = try await call.readOptionalBody(BackupRequest.init(json:))
            let record = try await service.backUp(name: request.name, keep: request.keep)
            return jsonResponse(record.json, status: .created)
        },
        Endpoint(.get, "/admin/backup") { call in
            _ = try call.query([])
            return jsonResponse(.members(["backups": .array(try service.backups().map(\.json))]))
        },
    ]
}

/// The body of `POST /admin/backup`.
private struct BackupRequest: Sendable {
    var name: String?
    var keep: Int?

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["name", "keep"])
        name = try fields.optionalString("name", bytes: 1...Limits.backupNameBytesMax)
        keep = try fields.optionalInteger("keep", in: 1...Limits.backupsMax)
    }
}

extension BackupRecord {
    /// As the wire shows it.
    fileprivate var json: JSONValue {
        .members([
            "name": .string(name), "path": .string(path), "bytes": .integer(Int64(bytes)),
            "checkpoints": .integer(Int64(checkpoints)), "created_at": .string(createdAt.rfc3339),
        ])
    }
}
