// The four calls of the API that a judge on another host needs, and what can go wrong with each. What a server answers is
// strangers' bytes: it is bounded, read strictly where it matters, and never trusted to be of our version.
import Domain
import Outbound
import StrictJSON

/// Why a call to the server did not give what was asked for.
package enum ServerFault: Error, Sendable, Equatable {
    /// The key is missing, unknown, or may not score; nothing will work until a person changes that.
    case denied(String)
    /// The lease is over or unknown: its work belongs to somebody else by now.
    case leaseOver(String)
    /// The same call may pass later; the server may have said when, in seconds.
    case temporary(String, retryAfter: Double?)
    /// The server does not take this request, or its answer cannot be read; the same again will not help.
    case refused(String)
}

/// One answer to one posted verdict.
package enum VerdictAnswer: Sendable, Equatable {
    case taken
    /// The work was judged or handed out again before: the verdict is dropped.
    case late(String)
    case refused(String)
}

/// Work to be judged, as a lease of kind `score` brings it.
package struct ScoringLease: Sendable, Equatable {
    package var id: LeaseID
    package var rollouts: [ScoringWork]
}

/// A verdict on one piece of a lease's work.
package struct JudgedWork: Sendable, Equatable {
    package var rolloutID: RolloutID
    package var attempt: Int
    package var verdict: Verdict
}

/// Speaks to one server.
package struct ScoringServer: Sendable {
    private let client: OutboundClient
    private let base: String
    private let headers: [(name: String, value: String)]

    /// - Parameters:
    ///   - url: As `http://host:8080`, with or without a slash at the end.
    ///   - key: An API key; nil for a server without keys.
    package init(client: OutboundClient, url: String, key: String?) {
        self.client = client
        base = String(url.reversed().drop { $0 == "/" }.reversed())
        headers =
            [("content-type", "application/json"), ("accept", "application/json")]
            + (key.map { [("authorization", "Bearer \($0)")] } ?? [])
    }

    /// Takes work, waiting for it up to `waitSeconds`; nil when there is none.
    package func lease(
        worker: String, max: Int, waitSeconds: Double, leaseSeconds: Double
    ) async throws(ServerFault) -> ScoringLease? {
        let body = JSONValue.members([
            "kind": .string("score"), "worker": .string(worker), "max": .integer(Int64(max)),
            "wait_seconds": .double(waitSeconds), "lease_seconds": .double(leaseSeconds),
        ])
        let answer = try await send("/v1/leases", body, waitSeconds: waitSeconds)
        if answer.status == 204 { return nil }
        let json = try readJSON(answer, expecting: 200)
        do {
            return try ScoringLease(json: json)
        } catch {
            // Work that cannot be read must not wait for its deadline.
            if let id = json["lease_id"]?.string, isValidIdentifier(id) { try? await release(LeaseID(id)) }
            throw .refused("the lease cannot be read (\(error)); is the server of another version?")
        }
    }

    /// Moves a lease's deadline to so many seconds from now.
    package func heartbeat(_ id: LeaseID, leaseSeconds: Double) async throws(ServerFault) {
        let answer = try await send(
            path(id, "heartbeat"), .members(["lease_seconds": .double(leaseSeconds)]), waitSeconds: 0)
        _ = try readJSON(answer, expecting: 200)
    }

    /// Gives a lease's unfinished work back.
    package func release(_ id: LeaseID) async throws(ServerFault) {
        _ = try readJSON(try await send(path(id, "release"), .object([]), waitSeconds: 0), expecting: 200)
    }

    /// Posts verdicts; one answer for each, in order.
    package func post(_ work: [JudgedWork], lease: LeaseID) async throws(ServerFault) -> [VerdictAnswer] {
        let items = work.map { item in
            JSONValue.members([
                "rollout_id": .string(item.rolloutID.text), "attempt": .integer(Int64(item.attempt)),
                "verdict": item.verdict.json,
            ])
        }
        let answer = try await send(
            path(lease, "verdicts"), .members(["verdicts": .array(items)]), waitSeconds: 0)
        // When none was taken the status is the first one's fault, and the list is there all the same.
        if let json = try? JSONValue.parse(answer.body), let entries = json["verdicts"]?.elements,
            entries.count == work.count
        {
            return entries.map(VerdictAnswer.init(json:))
        }
        _ = try readJSON(answer, expecting: 200)
        throw .refused(
            "the answer to \(work.count) verdicts has not as many entries; is the server of another version?")
    }

    // MARK: Exchanges

    private func path(_ id: LeaseID, _ verb: String) -> String {
        // The one character of an identifier that a path would cut it at, and those that a URL gives a meaning.
        let escaped = id.text.replacing("/", with: "%2F").replacing("#", with: "%23")
        return "/v1/leases/\(escaped)/\(verb)"
    }

    private func send(_ path: String, _ body: JSONValue, waitSeconds: Double) async throws(ServerFault)
        -> OutboundAnswer
    {
        do {
            return try await client.send(
                OutboundRequest(
                    .post, base + path, headers: headers, body: body.serialized(),
                    totalSeconds: waitSeconds + Limits.workerRequestSecondsMax,
                    answerBytesMax: Limits.leaseAnswerBytesMax))
        } catch let error as OutboundError {
            throw error.isTemporary ? .temporary("\(error)", retryAfter: nil) : .refused("\(error)")
        } catch {
            throw .temporary("the request was given up", retryAfter: nil)
        }
    }

    private func readJSON(_ answer: OutboundAnswer, expecting status: Int) throws(ServerFault) -> JSONValue {
        guard answer.status == status else { throw ServerFault(answer) }
        do {
            return try JSONValue.parse(
                answer.body, limits: JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.leaseAnswerBytesMax))
        } catch {
            throw .refused("the server's answer is no JSON: \(error)")
        }
    }
}

extension ServerFault {
    /// A status that was not asked for, in words.
    init(_ answer: OutboundAnswer) {
        let error = (try? JSONValue.parse(answer.body))?["error"]
        let said = error?["message"]?.string.map { shown($0) } ?? "no reason given"
        let text = "\(answer.status): \(said)"
        switch answer.status {
        case 401, 403: self = .denied(text)
        case 404, 409: self = .leaseOver(text)
        case 408, 425, 429, 500...599:
            let seconds = answer.headers["retry-after"].flatMap { Double($0) }
            self = .temporary(text, retryAfter: seconds.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil })
        default: self = .refused(text)
        }
    }
}

extension VerdictAnswer {
    /// One entry of the answer to `POST /v1/leases/{id}/verdicts`.
    init(json: JSONValue) {
        guard let error = json["error"] else {
            self = .taken
            return
        }
        let said = shown(error["message"]?.string ?? "no reason given")
        let isLate = ["stale_lease", "not_found", "conflict"].contains(error["code"]?.string)
        self = isLate ? .late(said) : .refused(said)
    }
}

extension ScoringLease {
    /// Reads a lease of kind `score`. Fields that this version does not know are passed over; what it knows is held to
    /// the limits, and two pieces of work cannot be one rollout.
    package init(json: JSONValue) throws(InputError) {
        guard case .object(let members) = json else {
            throw InputError(.wrongType, "expected an object, found \(json.kind)")
        }
        let fields = try JSONFields(json, known: members.map(\.name))
        let id = try fields.identifier("lease_id", LeaseID.self)
        var rollouts: [ScoringWork] = []
        var seen = Set<RolloutID>()
        for (index, element) in try fields.array("rollouts", count: 0...Limits.leaseItemsMax).enumerated() {
            do throws(InputError) {
                let work = try ScoringWork(json: element)
                guard seen.insert(work.rolloutID).inserted else {
                    throw InputError(.invalidValue, "comes twice", field: "rollout_id")
                }
                rollouts.append(work)
            } catch { throw error.inside("rollouts[\(index)]") }
        }
        self.init(id: id, rollouts: rollouts)
    }
}

extension ScoringWork {
    /// Reads one piece of work of a lease; unknown fields are passed over.
    package init(json: JSONValue) throws(InputError) {
        guard case .object(let members) = json else {
            throw InputError(.wrongType, "expected an object, found \(json.kind)")
        }
        let fields = try JSONFields(json, known: members.map(\.name))
        self.init(
            rolloutID: try fields.identifier("rollout_id", RolloutID.self),
            response: try fields.string("response", bytes: 0...Limits.responseBytesMax),
            task: try fields.nested("task", VerificationTask.init(json:)),
            attempt: try fields.integer("attempt", in: 1...Int(Int32.max)))
    }
}

/// A stranger's text as a line for a terminal: short, and without control characters.
func shown(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(300).map { $0.value < 0x20 || 0x7F...0x9F ~= $0.value ? " " : $0 }))
}
