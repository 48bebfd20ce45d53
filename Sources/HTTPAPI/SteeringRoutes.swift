// POST /admin/requeue, /discard, /leases/{id}/revoke, /pause, /resume, /drain, and GET /admin/drain.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// What operators do to work and to the service.
func steeringEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(
            .post, "/admin/requeue",
            audit: .members(["status", "dataset", "prompt_id", "group_id", "policy_version", "limit"])
        ) { call in
            let selection = try await call.readBody(WorkSelection.init(json:))
            return jsonResponse(try await service.requeue(selection).json)
        },
        Endpoint(
            .post, "/admin/discard",
            audit: .members(["status", "dataset", "prompt_id", "group_id", "policy_version", "limit"])
        ) { call in
            let selection = try await call.readBody(WorkSelection.init(json:))
            return jsonResponse(try await service.discard(selection).json)
        },
        Endpoint(.post, "/admin/leases/{id}/revoke") { call in
            try await call.readNothing()
            return jsonResponse(try await service.revoke(try call.identifier("id", LeaseID.self)).json)
        },
        Endpoint(.post, "/admin/pause", audit: .members(["reason"])) { call in
            let request = try await call.readBody { json in try SwitchRequest(json: json, takesReason: true) }
            try await service.pause(request.parts, reason: request.reason ?? "by request")
            return jsonResponse(service.switchState().json)
        },
        Endpoint(.post, "/admin/resume") { call in
            let request = try await call.readBody { json in try SwitchRequest(json: json, takesReason: false) }
            try await service.resume(request.parts)
            return jsonResponse(service.switchState().json)
        },
        Endpoint(.post, "/admin/drain") { call in
            try await call.readNothing()
            return jsonResponse(try await service.drain().json, status: .accepted)
        },
        Endpoint(.get, "/admin/drain") { call in
            _ = try call.query([])
            return jsonResponse(try await service.drainReport().json)
        },
    ]
}

extension WorkSelection {
    private static let known = ["ids", "status", "dataset", "prompt_id", "group_id", "policy_version", "limit"]

    /// Reads which work is meant; at least one field besides `limit` must say so.
    fileprivate init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: WorkSelection.known)
        guard WorkSelection.known.contains(where: { $0 != "limit" && fields.has($0) }) else {
            throw InputError(
                .missingField, "nothing says which work is meant", field: "ids",
                hint: "send one of " + WorkSelection.known.dropLast().joined(separator: ", "))
        }
        var ids: [RolloutID] = []
        let elements = try fields.optionalArray("ids", count: 1...Limits.steeredIDsMax) ?? []
        for (index, element) in elements.enumerated() {
            guard let text = element.string, isValidIdentifier(text) else {
                throw InputError(.invalidValue, "not an identifier", field: "ids[\(index)]")
            }
            ids.append(RolloutID(text))
        }
        self.init(
            rolloutIDs: ids,
            filter: RolloutFilter(
                status: try fields.optionalChoice("status", RolloutStatus.self),
                dataset: try fields.optionalName("dataset"),
                promptID: try fields.optionalIdentifier("prompt_id", PromptID.self),
                groupID: try fields.optionalIdentifier("group_id", GroupID.self),
                policyVersion: try fields.optionalInteger("policy_version", in: 0...Int(Int32.max)).map {
                    PolicyVersion($0)
                }), limit: try fields.optionalInteger("limit", in: 1...Limits.rescoreMax) ?? 1_000)
    }
}

/// Which parts are to rest or to work.
private struct SwitchRequest: Sendable {
    var parts: Set<ServicePart>
    var reason: String?

    init(json: JSONValue, takesReason: Bool) throws(InputError) {
        let fields = try JSONFields(json, known: takesReason ? ["what", "reason"] : ["what"])
        let names = ServicePart.allCases.map(\.rawValue)
        parts = []
        for (index, element) in try fields.array("what", count: 1...ServicePart.allCases.count).enumerated() {
            guard let part = element.string.flatMap(ServicePart.init(rawValue:)) else {
                throw InputError(
                    .invalidValue, "no part of the service", field: "what[\(index)]",
                    hint: "one of " + names.joined(separator: ", "))
            }
            parts.insert(part)
        }
        reason = try fields.optionalName("reason")
    }
}

extension ServiceSwitchState {
    /// `{"paused":{PART: REASON},"draining"}`.
    package var json: JSONValue {
        .members([
            "paused": .object(
                paused.sorted { $0.key < $1.key }.map { JSONMember($0.key.rawValue, .string($0.value)) }),
            "draining": .bool(isDraining),
        ])
    }
}

extension DrainReport {
    /// `{"state","waiting","judging","leased_groups","learner_resting"}`.
    fileprivate var json: JSONValue {
        .members([
            "state": .string(isDrained ? "drained" : isDraining ? "draining" : "running"),
            "waiting": .integer(Int64(waiting)), "judging": .integer(Int64(judging)),
            "leased_groups": .integer(Int64(leasedGroups)), "learner_resting": .bool(isLearnerResting),
        ])
    }
}
