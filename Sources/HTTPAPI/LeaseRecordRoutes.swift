// GET /v1/leases, one lease, the workers, and the attempts at a rollout.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// Looking at leases.
func leaseRecordEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/v1/leases") { call in
            let query = try call.query(["kind", "state", "worker", "before", "limit"])
            let filter = LeaseFilter(
                kind: try query.choice("kind", LeaseKind.self),
                isAlive: try query.choice("state", LeaseState.self).map { $0 == .alive },
                worker: try query.name("worker"))
            let page = try await service.leases(
                matching: filter, before: try query.integer("before", in: 0...Limits.cursorMax).map { Int64($0) },
                limit: try query.limit())
            return jsonResponse(
                .members([
                    "leases": .array(page.leases.map(\.json)),
                    "next_before": page.nextCursor.map { .integer($0) } ?? .null,
                ]))
        },
        Endpoint(.get, "/v1/leases/{id}") { call in
            _ = try call.query([])
            return jsonResponse(try await service.leaseDetail(try call.identifier("id", LeaseID.self)).json)
        },
        Endpoint(.get, "/v1/workers") { call in
            let query = try call.query(["kind", "limit"])
            let workers = try await service.workers(
                kind: try query.choice("kind", LeaseKind.self), limit: try query.limit())
            return jsonResponse(.members(["workers": .array(workers.map(\.json))]))
        },
        Endpoint(.get, "/v1/rollouts/{id}/history") { call in
            _ = try call.query([])
            let id = try call.identifier("id", RolloutID.self)
            _ = try await service.rollout(id, waitSeconds: 0)
            let attempts = try await service.attempts(of: id)
            return jsonResponse(.members(["attempts": .array(attempts.map(\.json))]))
        },
    ]
}

/// Whether a lease still runs.
private enum LeaseState: String, CaseIterable, Sendable { case alive, ended }
