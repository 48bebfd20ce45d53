// POST /v1/leases and what follows a lease: heartbeat, release, verdicts.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Handing out work and taking it back.
func leaseEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/v1/leases", access: .roles([.generate, .score])) { call in try await lease(call, service) },
        Endpoint(.post, "/v1/leases/{id}/heartbeat", access: .roles([.generate, .score])) { call in
            let seconds = try await call.readOptionalBody { json in
                try leaseSeconds(try JSONFields(json, known: ["lease_seconds"]))
            }
            let lease = try await service.heartbeat(try call.identifier("id", LeaseID.self), seconds: seconds)
            return jsonResponse(
                .members([
                    "lease_id": .string(lease.id.text), "expires_at": .string(lease.expiresAt.rfc3339),
                    "attempt": .integer(Int64(lease.attempt)),
                ]))
        },
        Endpoint(.post, "/v1/leases/{id}/release", access: .roles([.generate, .score])) { call in
            try await call.readNothing()
            let id = try call.identifier("id", LeaseID.self)
            try await service.release(id)
            return jsonResponse(.members(["lease_id": .string(id.text), "released": .bool(true)]))
        },
        Endpoint(.post, "/v1/leases/{id}/verdicts", access: .roles([.score])) { call in
            try await recordVerdicts(call, service)
        },
    ]
}

extension LeaseRequest {
    /// Reads the body of `POST /v1/leases`.
    fileprivate init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["kind", "worker", "max", "wait_seconds", "dataset", "lease_seconds"])
        self.init(
            kind: try fields.choice("kind", LeaseKind.self),
            worker: try fields.name("worker"),
            max: try fields.optionalInteger("max", in: 1...Limits.leaseItemsMax) ?? 1,
            waitSeconds: try fields.optionalNumber("wait_seconds", in: 0...Limits.waitSecondsMax) ?? 0,
            dataset: try fields.optionalName("dataset"),
            leaseSeconds: try HTTPAPI.leaseSeconds(fields))
    }
}

/// How long a lease is to live without a heartbeat; nil is the default.
private func leaseSeconds(_ fields: JSONFields) throws(InputError) -> Double? {
    try fields.optionalNumber("lease_seconds", in: 1...Limits.leaseSecondsMax)
}

/// A verdict as a worker posts it.
private struct PostedVerdict: Sendable {
    var rolloutID: RolloutID
    var attempt: Int
    var verdict: Verdict

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["rollout_id", "attempt", "verdict"])
        rolloutID = try fields.identifier("rollout_id", RolloutID.self)
        attempt = try fields.integer("attempt", in: 1...Int(Int32.max))
        verdict = try fields.nested("verdict", Verdict.init(json:))
        try refuseContradiction()
    }

    /// A worker's word is trusted, but not against itself: a program that passed has passed all its tests.
    private func refuseContradiction() throws(InputError) {
        guard let tests = verdict.tests else { return }
        let isWhole = tests.passed == tests.total
        guard verdict.outcome != .passed || isWhole else {
            throw InputError(
                .invalidValue, "passed, but only \(tests.passed) of \(tests.total) tests",
                field: "verdict.tests.passed",
                hint: "send \"failed\" with the tests that failed")
        }
    }
}

/// The work, or 204 when there was none in the time allowed.
private func lease(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let request = try await call.readBody(LeaseRequest.init(json:))
    try call.require(anyOf: request.kind == .generate ? [.generate] : [.score])
    guard let lease = try await service.lease(request) else { return Response(status: .noContent) }
    return jsonResponse(lease.json)
}

private func recordVerdicts(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let id = try call.identifier("id", LeaseID.self)
    let items = try await call.readItems(
        "verdicts", count: 1...Limits.leaseItemsMax, linesMax: Limits.leaseItemsMax, PostedVerdict.init(json:))
    let accepted = items.compactMap { try? $0.get() }
    let answers =
        accepted.isEmpty
        ? []
        : try await service.record(
            verdicts: accepted.map { (rolloutID: $0.rolloutID, attempt: $0.attempt, verdict: $0.verdict) }, lease: id)
    let entries = merge(items, with: answers, in: "verdicts")
    let json = zip(items, entries).map { item, entry in
        entry.map { status in
            JSONValue.members([
                "rollout_id": .string((try? item.get().rolloutID.text) ?? ""), "status": .string(status.rawValue),
            ])
        }
    }
    return batchResponse("verdicts", json, success: .ok)
}

extension Call {
    /// Reads a body that may be empty or `{}`.
    func readNothing() async throws {
        try await readOptionalBody { json in _ = try JSONFields(json, known: []) }
    }
}
