// GET and PATCH /v1/learner, GET /v1/learner/changes, GET /v1/updates.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// The learner and its updates.
func learnerEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/v1/learner") { call in
            _ = try call.query([])
            return jsonResponse(json(of: service.learnerReport()))
        },
        // The values of hyper-parameters are in the history of changes; here their names are enough.
        Endpoint(
            .patch, "/v1/learner", access: .roles([.train]), audit: .members(["state", "rollback_to"])
        ) { call in try await changeLearner(call, service) },
        Endpoint(.get, "/v1/learner/changes") { call in
            let query = try call.query(["limit"])
            let changes = try await service.learnerChanges(limit: try query.limit())
            return jsonResponse(.members(["changes": .array(changes.map(\.json))]))
        },
        Endpoint(.get, "/v1/updates") { call in
            let query = try call.query(["before", "limit"])
            let limit = try query.limit()
            let updates = try await service.updates(before: try query.version("before"), limit: limit)
            let next: JSONValue =
                updates.count == limit ? updates.last.map { .integer(Int64($0.version.number)) } ?? .null : .null
            return jsonResponse(.members(["updates": .array(updates.map(\.json)), "next_before": next]))
        },
    ]
}

/// What a client can make the learner do.
private enum WantedState: String, CaseIterable, Sendable { case running, paused }

/// A change of the learner: a state, an earlier policy, hyper-parameters, or any of them together.
private struct LearnerChange: Sendable {
    var state: WantedState?
    var rollback: RollbackTarget?
    var settings: [JSONMember]

    init(json: JSONValue) throws(InputError) {
        guard case .object(let members) = json else {
            throw InputError(.wrongType, "expected an object, found \(json.kind)")
        }
        guard !members.isEmpty else {
            throw InputError(
                .invalidValue, "nothing to change", hint: "as {\"state\":\"paused\"} or {\"learning_rate\":5e-5}")
        }
        let own: Set = ["state", "rollback_to"]
        settings = members.filter { !own.contains($0.name) }
        let fields = try JSONFields(.object(members.filter { own.contains($0.name) }), known: own.sorted())
        state = try fields.optionalChoice("state", WantedState.self)
        if fields.value("rollback_to")?.string == "best" {
            rollback = .best
        } else {
            rollback = try fields.optionalInteger("rollback_to", in: 0...Int(Int32.max)).map {
                .version(PolicyVersion($0))
            }
        }
    }
}

private func changeLearner(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let change = try await call.readBody(LearnerChange.init(json:))
    if let state = change.state, service.learnerReport().phase == .off {
        // Refused before anything is changed: all of a request or none.
        try service.setLearner(isPaused: state == .paused)
    }
    var target: PolicyVersion?
    if let wanted = change.rollback { target = try await service.keptVersion(of: wanted) }
    if !change.settings.isEmpty { try await service.changeLearner(change.settings) }
    if let target { service.rollBackLearner(to: target) }
    if let state = change.state { try service.setLearner(isPaused: state == .paused) }
    return jsonResponse(json(of: service.learnerReport()))
}

/// Flat, as it is changed: `state`, then each hyper-parameter under its name, then what they mean.
private func json(of report: LearnerReport) -> JSONValue {
    let state: String =
        switch report.phase {
        case .off: "off"
        case .failed: "failed"
        default: report.isPaused ? "paused" : "running"
        }
    var members = [
        JSONMember("state", .string(state)), JSONMember("phase", .string(report.phase.rawValue)),
        JSONMember("detail", report.detail.map { .string($0) } ?? .null),
        JSONMember("policy_version", report.policyVersion.map { .integer(Int64($0.number)) } ?? .null),
    ]
    members.append(
        JSONMember("rolling_back_to", report.pendingRollback.map { .integer(Int64($0.number)) } ?? .null))
    members.append(JSONMember("stage", report.stage.map { .string($0) } ?? .null))
    members += report.fields.map { JSONMember($0.name, $0.value) }
    let help = report.fields.map { field in
        JSONValue.members([
            "name": .string(field.name), "allowed": .string(field.allowed), "summary": .string(field.summary),
        ])
    }
    members.append(JSONMember("settings", .array(help)))
    return .object(members)
}
