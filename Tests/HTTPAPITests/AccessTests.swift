// Keys, roles, quotas and the audit log over the wire.
import Domain
import HTTPTypes
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

private let prompt = #"{"prompts":[{"id":"p-1","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#

@Suite struct AccessTests {
    private func bearer(_ key: String) -> [String: String] { ["authorization": "Bearer " + key] }

    @Test func `a key does what its roles may, and a 403 names the role that is missing`() async throws {
        let service = ScriptedService()
        let generate = service.addKey([.generate])
        try await withServer(service) { client in
            #expect(await client.send("POST", "/v1/prompts", json: prompt)?.status == 401)
            #expect(await client.send("POST", "/v1/prompts", json: prompt, headers: bearer(generate))?.status == 201)
            #expect(await client.send("GET", "/v1/updates", headers: bearer(generate))?.status == 200)
            let score = await client.send("POST", "/v1/score", json: "{}", headers: bearer(generate))
            #expect(score?.status == 403 && score?.json["error"]?["code"] == .string("forbidden"))
            #expect(score?.json["error"]?["message"]?.string?.contains("role score") == true)
            let paused = #"{"state":"paused"}"#
            #expect(await client.send("PATCH", "/v1/learner", json: paused, headers: bearer(generate))?.status == 403)
            #expect(service.state.withLock { !$0.isPaused && $0.scored.isEmpty && $0.audit.isEmpty })
            for path in ["/admin/keys", "/admin/audit", "/v1/rollouts/export"] {
                #expect(await client.send("GET", path, headers: bearer(generate))?.status == 403, "\(path)")
            }
            // The kind of a lease decides, and only the body has it.
            let leases = [("generate", 200), ("score", 403)]
            for (kind, status) in leases {
                let body = #"{"kind":"\#(kind)","worker":"w"}"#
                let answer = await client.send("POST", "/v1/leases", json: body, headers: bearer(generate))
                #expect(answer?.status == status, "\(kind)")
            }
        }
    }

    @Test func `an admin's key does everything`() async throws {
        let service = ScriptedService()
        let key = service.addKey([.admin])
        try await withServer(service) { client in
            for path in ["/admin/keys", "/admin/audit", "/v1/rollouts/export", "/", "/metrics"] {
                #expect(await client.send("GET", path, headers: bearer(key))?.status == 200, "\(path)")
            }
            #expect(await client.send("POST", "/v1/prompts", json: prompt, headers: bearer(key))?.status == 201)
        }
    }

    @Test func `a server on loopback asks for a key from the first one on, and another address asks in any case`()
        async throws
    {
        let service = ScriptedService()
        try await withServer(service) { client in
            #expect(await client.send("GET", "/v1/updates")?.status == 200)
            let key = service.addKey([.train])
            #expect(await client.send("GET", "/v1/updates")?.status == 401)
            #expect(await client.send("GET", "/v1/updates", headers: bearer(key))?.status == 200)
            // With keys other sites' pages may call, for they have none.
            let origin = bearer(key).merging(["origin": "http://elsewhere.example"]) { $1 }
            #expect(await client.send("GET", "/v1/updates", headers: origin)?.status == 200)
        }
        try await withServer(ScriptedService(), configure: { $0.host = "0.0.0.0" }) { client in
            #expect(await client.send("GET", "/v1/updates")?.status == 401)
            #expect(await client.send("GET", "/healthz")?.status == 200)
        }
    }

    @Test func `odd forms of the header open nothing`() async throws {
        let service = ScriptedService()
        let key = service.addKey([.admin])
        try await withServer(service, configure: { $0.apiKeys = ["configured"] }) { client in
            for value in [
                key, "Bearer", "Bearer ", "Bearer\t" + key, "Basic " + key, "Token " + key, "Bearer " + key + " x",
                "Bearer " + key.uppercased(), "Bearer rld_", "Bearer rld__", "Bearer " + String(key.dropLast()),
                "Bearer " + key + "0", "Bearer \(key), Bearer \(key)", "Bearer ,", "Basic :", "Basic Og==",
            ] {
                let answer = await client.send("GET", "/v1/updates", headers: ["authorization": value])
                #expect(answer?.status == 401 || answer?.status == 429, "\(value): \(answer?.status ?? 0)")
            }
            for value in ["bEARER " + key, "Bearer   " + key] {
                let answer = await client.send("GET", "/v1/updates", headers: ["authorization": value])
                #expect(answer?.status == 200, "\(value)")
            }
        }
    }

    @Test func `who guesses is told to wait, and shuts out no holder of a stored key`() async throws {
        let service = ScriptedService()
        let key = service.addKey([.generate])
        try await withServer(service, configure: { $0.apiKeys = ["configured"] }) { client in
            for _ in 0..<Limits.failedAttemptsMax {
                #expect(await client.send("GET", "/v1/updates", headers: bearer("wrong"))?.status == 401)
            }
            let answer = await client.send("GET", "/v1/updates", headers: bearer("wrong"))
            #expect(answer?.status == 429 && answer?.json["error"]?["code"] == .string("too_many_failures"))
            #expect(answer?.headers["retry-after"].flatMap { Int($0) } == 6)
            #expect(await client.send("GET", "/v1/updates", headers: bearer(key))?.status == 200)
            // A configured key may be short, so that its guess could be right.
            #expect(await client.send("GET", "/v1/updates", headers: bearer("configured"))?.status == 429)
            // No key at all is no guess.
            #expect(await client.send("GET", "/v1/updates")?.status == 401)
            let metrics = await client.send("GET", "/metrics", headers: bearer(key))
            #expect(metrics?.text.contains("rolloutd_refused_keys_total 12\n") == true)
        }
    }

    @Test func `behind a proxy the client is the last address that it names`() async throws {
        let service = ScriptedService()
        _ = service.addKey([.generate])
        try await withServer(service, configure: { $0.isBehindProxy = true }) { client in
            for index in 0..<(Limits.failedAttemptsMax + 2) {
                let headers = bearer("wrong").merging(["x-forwarded-for": "10.0.0.\(index), 192.0.2.1"]) { $1 }
                let answer = await client.send("GET", "/v1/updates", headers: headers)
                #expect(answer?.status == (index < Limits.failedAttemptsMax ? 401 : 429))
            }
            let other = bearer("wrong").merging(["x-forwarded-for": "192.0.2.1, 192.0.2.2"]) { $1 }
            #expect(await client.send("GET", "/v1/updates", headers: other)?.status == 401)
        }
    }

    @Test func `a quota that is used up says which, how much and until when`() async throws {
        let service = ScriptedService()
        let key = service.addKey([.generate], KeyQuotas(requestsPerSecond: 0.5, bodyBytesPerDay: 100))
        try await withServer(service) { client in
            let first = await client.send("GET", "/v1/models", headers: bearer(key))
            #expect(
                first?.headers["ratelimit-policy"]
                    == #""requests";q=1;w=2, "body_bytes";q=100;w=86400;qu="content-bytes""#)
            #expect(first?.headers["ratelimit"]?.hasPrefix(#""requests";r=0;t="#) == true)
            let second = await client.send("GET", "/v1/models", headers: bearer(key))
            let error = second?.json["error"]
            #expect(second?.status == 429 && error?["code"] == .string("quota_exceeded"))
            #expect(error?["quota"]?["name"] == .string("requests") && error?["quota"]?["limit"] == .double(1))
            #expect((error?["quota"]?["available_in_seconds"]?.number ?? 0) > 0)
            #expect(second?.headers["retry-after"] != nil && second?.headers["ratelimit"] != nil)
        }
        let large = service.addKey([.generate], KeyQuotas(bodyBytesPerDay: 100))
        try await withServer(service) { client in
            #expect(await client.send("POST", "/v1/prompts", json: prompt, headers: bearer(large))?.status == 201)
            let refused = await client.send("POST", "/v1/prompts", json: prompt, headers: bearer(large))
            #expect(refused?.status == 429)
            #expect(refused?.json["error"]?["quota"]?["name"] == .string("body_bytes"))
            #expect(await client.send("GET", "/v1/prompts", headers: bearer(large))?.status == 200)
        }
    }

    @Test func `bodies of one key leave room for another's`() {
        let budget = BodyBudget(100)
        #expect(budget.reserve(40, 1) && budget.reserve(30, 1))
        #expect(!budget.reserve(20, 1), "one key must not take everything")
        #expect(budget.reserve(20, 2))
        #expect(!budget.reserve(20, 3), "there is no more")
        budget.release(70, 1)
        budget.release(20, 2)
        // Whoever has no stored key is one another's business, as before there were keys.
        #expect(budget.reserve(60) && budget.reserve(40) && !budget.reserve(1))
        budget.release(100)
        #expect(budget.reserve(500, 3), "a body beyond the budget passes alone")
        #expect(!budget.reserve(1, 1))
        budget.release(500, 3)
        #expect(budget.reserve(1, 1))
    }

    @Test
    func `changes of the learner are in the audit log with the request, by name, without what they must not hold`()
        async throws
    {
        let service = ScriptedService()
        let key = service.addKey([.train])
        try await withServer(service) { client in
            let headers = bearer(key).merging(["x-request-id": "req-7"]) { $1 }
            let change = #"{"state":"paused","learning_rate":0.001}"#
            #expect(await client.send("PATCH", "/v1/learner", json: change, headers: headers)?.status == 200)
            #expect(
                await client.send("PATCH", "/v1/learner", json: #"{"nonsense":1}"#, headers: headers)?.status == 422)
            #expect(await client.send("POST", "/v1/rescore", json: #"{"limit":3}"#, headers: headers)?.status == 202)
        }
        let log = service.state.withLock { $0.audit }
        #expect(log.map(\.action) == ["PATCH /v1/learner", "POST /v1/rescore"])
        #expect(log.first?.actor == "010101010101" && log.first?.requestID == "req-7")
        #expect(log.first?.detail == #"{"state":"paused","others":["learning_rate"]}"#)
        #expect(log.last?.detail == #"{"limit":3}"#)
        #expect(log.allSatisfy { !$0.detail.contains("rld_") && !$0.target.contains("rld_") })
    }

    @Test func `an operation whose roles were forgotten is an admin's, and under admin it is audited`() {
        let endpoint = Endpoint(.post, "/admin/things") { _ in jsonResponse(.null) }
        guard case .roles([.admin]) = endpoint.access, case .members([]) = endpoint.audit else {
            Issue.record("open or unaudited")
            return
        }
        guard case .roles([.admin]) = Endpoint(.post, "/v1/things", { _ in jsonResponse(.null) }).access else {
            Issue.record("open")
            return
        }
    }
}
