// The server and openapi.yaml hold each other: every operation has a route and every route an operation; every example
// is sent and its answer fits the declared schema; every error declared is produced, and none that is not.
import Domain
import HTTPTypes
@testable import HTTPAPI
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite struct ContractTests {
    @Test func `every operation has a route and every route an operation`() throws {
        let declared = Set(try Contract().operations.map { "\($0.method) \($0.path)" })
        let routed = Set(
            apiEndpoints(ScriptedService(), counters: RequestCounters()).map { "\($0.method.rawValue) \($0.path)" })
        #expect(declared.subtracting(routed).sorted() == [])
        #expect(routed.subtracting(declared).sorted() == [])
    }

    @Test func `operations that need no key are those declared so`() throws {
        let declared = Set(try Contract().operations.filter(\.isOpen).map { "\($0.method) \($0.path)" })
        let open = apiEndpoints(ScriptedService(), counters: RequestCounters()).filter {
            if case .open = $0.access { true } else { false }
        }
        #expect(Set(open.map { "\($0.method.rawValue) \($0.path)" }) == declared)
    }

    @Test func `operations need the roles that are declared, in the order of their power`() throws {
        let declared = try Contract().operations.map { "\($0.method) \($0.path) \($0.roles.joined(separator: ","))" }
        let needed = apiEndpoints(ScriptedService(), counters: RequestCounters()).map { endpoint -> String in
            var roles: [String] = []
            if case .roles(let needed) = endpoint.access {
                roles = KeyRole.allCases.filter(needed.contains).map(\.rawValue)
            }
            return "\(endpoint.method.rawValue) \(endpoint.path) \(roles.joined(separator: ","))"
        }
        #expect(Set(needed).symmetricDifference(declared).sorted() == [])
    }

    @Test func `what changes something under admin is audited or writes its own line`() {
        for endpoint in apiEndpoints(ScriptedService(), counters: RequestCounters())
        where endpoint.path.hasPrefix("/admin/") && endpoint.method != .get {
            var isAudited = false
            if case .members = endpoint.audit { isAudited = true }
            // Keys are audited in the transaction that changes them.
            #expect(isAudited || endpoint.path.hasPrefix("/admin/keys"), "\(endpoint.path)")
        }
    }

    @Test func `the served description is the file itself`() async throws {
        try await withServer { client in
            let served = await client.send("GET", "/openapi.yaml")
            let document = try parseYAML(served?.text ?? "")
            let contract = try Contract()
            #expect(document == contract.validator.document)
            #expect(served?.headers["content-type"] == "application/yaml")
        }
    }

    @Test func `every example fits its own schema`() throws {
        let contract = try Contract()
        for operation in contract.operations {
            for example in operation.examples {
                let faults = contract.validator.faults(example.value, example.schema)
                #expect(faults == [], "\(operation.method) \(operation.path) \(example.name)")
            }
        }
    }

    @Test func `every operation answers its examples as declared`() async throws {
        let contract = try Contract()
        try await withServer { client in
            // Prompts before rollouts before all the rest, so that what the examples name is there.
            let order = ["/v1/prompts", "/v1/rollouts", "/v1/leases"]
            let sorted = contract.operations.enumerated().sorted { a, b in
                func rank(_ item: (offset: Int, element: ContractOperation)) -> Int {
                    (order.firstIndex(of: item.element.path) ?? 9) * 1000 + item.offset
                }
                return rank(a) < rank(b)
            }.map(\.element)
            for operation in sorted {
                let answers = await answers(to: operation, client)
                #expect(!answers.isEmpty)
                for (name, answer) in answers { try check(answer, operation, contract, name: name) }
            }
        }
    }

    private func answers(to operation: ContractOperation, _ client: HTTPClient) async -> [(String, HTTPAnswer?)] {
        var values: [String: String] = [:]
        if operation.path.hasPrefix("/v1/leases/") {
            let lease = await client.send("POST", "/v1/leases", json: #"{"kind":"score","worker":"w"}"#)
            values["id"] = lease?.json["lease_id"]?.string
        }
        guard !operation.examples.isEmpty else {
            return [("no body", await client.send(operation.method, operation.target(values)))]
        }
        var answers: [(String, HTTPAnswer?)] = []
        for example in operation.examples {
            let text = example.mediaType == "application/json" ? example.value.text : example.value.string ?? ""
            answers.append(
                (
                    example.name,
                    await client.send(
                        operation.method, operation.target(values), json: text,
                        headers: ["content-type": example.mediaType])
                ))
        }
        return answers
    }

    private func check(
        _ answer: HTTPAnswer?, _ operation: ContractOperation, _ contract: Contract, name: String
    ) throws {
        let title: Comment =
            "\(operation.method) \(operation.path) \(name): \(answer?.status ?? 0) \(answer?.text.prefix(300) ?? "")"
        let answer = try #require(answer, title)
        #expect((200..<300).contains(answer.status), title)
        let declared = try #require(operation.responses[answer.status], title)
        guard let contents = declared["content"]?.members, !contents.isEmpty else {
            #expect(answer.body.isEmpty, title)
            return
        }
        let type = answer.headers["content-type"]?.split(separator: ";").first.map(String.init)
        let content = try #require(contents.first { $0.name == type }, title)
        if content.name == "application/json" {
            #expect(contract.validator.faults(answer.json, content.value["schema"] ?? .null) == [], title)
        }
    }

    @Test func `every error declared is produced, with the declared form`() async throws {
        let contract = try Contract()
        for operation in contract.operations {
            for status in operation.responses.keys.filter({ $0 >= 400 }).sorted() where operation.path != "/readyz" {
                let answer = try await provoke(status, operation)
                let title: Comment =
                    "\(operation.method) \(operation.path): \(answer?.status ?? 0) instead of \(status)"
                #expect(answer?.status == status, title)
                let schema = contract.validator.resolve("#/components/schemas/Error")
                #expect(contract.validator.faults(answer?.json ?? .null, schema) == [], title)
                #expect([429, 503].contains(status) == (answer?.headers["retry-after"] != nil), title)
            }
        }
    }

    @Test func `no error is produced that is not declared`() async throws {
        // 404 and 409 come from what is stored; forcing them where nothing is looked up would prove nothing.
        let general = [400, 401, 403, 408, 413, 415, 422, 429, 500, 503]
        for operation in try Contract().operations {
            for status in general where operation.responses[status] == nil {
                guard let answer = try await provoke(status, operation) else { continue }
                #expect(
                    answer.status < 400 || operation.responses[answer.status] != nil,
                    "\(operation.method) \(operation.path) answers \(answer.status), which is not declared")
            }
        }
    }

    /// Tries to make an operation answer with a status.
    private func provoke(_ status: Int, _ operation: ContractOperation) async throws -> HTTPAnswer? {
        let service = ScriptedService()
        var headers: [String: String] = [:]
        var body = operation.examples.first.map { Array($0.value.text.utf8) }
        var target = operation.target()
        switch status {
        case 400:
            if operation.method == "GET" {
                target = operation.target(["id": "%zz", "version": "%zz"])
            } else {
                body = Array("{".utf8)
            }
        case 403: headers["origin"] = "http://evil.example"
        case 404: service.fail(InputError(.notFound, "there is none"))
        case 409: service.fail(InputError(.conflict, "another one is there"))
        case 413: body = Array(repeating: 0x20, count: 5_000)
        case 415:
            headers["content-type"] = "text/plain"
            body = body ?? Array("{}".utf8)
        case 422:
            if operation.method == "GET" {
                target =
                    operation.path.contains("{")
                    ? operation.target(["id": "a%20b", "version": "a%20b"]) : operation.target(query: "zzz=1")
            } else {
                body = Array(#"{"zzz":1}"#.utf8)
            }
        case 429:
            // What asks no use case is held back by the key's quota.
            if ["/metrics", "/admin/status", "/", "/v1/learner", "/v1/rollouts/export"].contains(operation.path) {
                let key = service.addKey([.admin], KeyQuotas(requestsPerSecond: 0.001))
                headers["authorization"] = "Bearer " + key
            }
            service.fail(ServiceError(.overloaded, "full"))
        case 500: service.fail(ServiceError(.internal, "broken"))
        case 503: service.fail(ServiceError(.unavailable, "away"))
        default: break
        }
        // What fails only once something is there must find it.
        if status == 409, operation.path == "/v1/learner" {
            service.fail(nil)
            service.state.withLock { $0.phase = .off }
            body = Array(#"{"state":"paused"}"#.utf8)
        }
        let answer = Mutex<HTTPAnswer?>(nil)
        let sent = (target: target, headers: headers, body: body)
        try await withServer(
            service,
            configure: { configuration in
                if status == 401 { configuration.apiKeys = ["k"] }
                if status == 413 { configuration.bodyBytesMax = 4_000 }
                if status == 408 { configuration.readSecondsMax = 0.1 }
            }
        ) { client in
            if status == 408 {
                let received = await client.exchange { connection -> HTTPAnswer? in
                    connection.write(
                        "\(operation.method) \(sent.target) HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
                    return connection.readAnswer()
                }
                answer.withLock { $0 = received }
            } else {
                if sent.headers["authorization"] != nil {
                    _ = await client.send("GET", "/v1/models", headers: sent.headers)
                }
                let received = await client.send(operation.method, sent.target, headers: sent.headers, body: sent.body)
                answer.withLock { $0 = received }
            }
        }
        return answer.withLock { $0 }
    }
}
