// Verdicts as they stand on the wire and in the ledger: the result object of the contract.
import StrictJSON

extension Verdict {
    /// `{"verdict","reason","extracted","tests","error","verifier","sandbox"}`; the last four only when there are any.
    package var json: JSONValue { .object([outcomeMember] + detailMembers) }

    /// The result object of `POST /v1/score`: the verdict with its reward and how long it took.
    package func resultJSON(reward: Double?, elapsedMilliseconds: Double) -> JSONValue {
        .object(
            [outcomeMember, JSONMember("reward", reward.map { .double($0) } ?? .null)] + detailMembers
                + [JSONMember("elapsed_ms", .double((elapsedMilliseconds * 1000).rounded() / 1000))])
    }

    private var outcomeMember: JSONMember { JSONMember("verdict", .string(outcome.rawValue)) }

    private var detailMembers: [JSONMember] {
        var members = [
            JSONMember("reason", .string(reason)), JSONMember("extracted", extracted.map { .string($0) } ?? .null),
        ]
        if let tests { members.append(JSONMember("tests", tests.json)) }
        if let score { members.append(JSONMember("score", .double(score))) }
        if let failure { members.append(JSONMember("error", failure.json)) }
        if let verifier { members.append(JSONMember("verifier", .string(verifier))) }
        if let sandbox { members.append(JSONMember("sandbox", sandbox.json)) }
        return members
    }

    /// Reads what `json` writes; an undetermined verdict must say why, the others must not.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(
            json, known: ["verdict", "reason", "extracted", "tests", "score", "error", "verifier", "sandbox"])
        let outcome = try fields.choice("verdict", Outcome.self)
        let reason = try fields.optionalString("reason", bytes: 0...Limits.extractedBytesMax) ?? ""
        let extracted = try fields.optionalString("extracted", bytes: 0...Limits.extractedBytesMax)
        let tests = fields.has("tests") ? try fields.nested("tests", TestSummary.init(json:)) : nil
        guard fields.has("error") == (outcome == .undetermined) else {
            throw InputError(
                .invalidValue, "an undetermined verdict has an error, and no other has one", field: "error",
                hint: "send error with verdict \"undetermined\" only")
        }
        switch outcome {
        case .passed: self = .passed(reason, extracted: extracted, tests: tests)
        case .failed: self = .failed(reason, extracted: extracted, tests: tests)
        case .undetermined:
            self = .undetermined(
                try fields.nested("error", InfrastructureFailure.init(json:)), extracted: extracted, tests: tests)
        }
        score = try fields.optionalNumber("score", in: -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)
        verifier = try fields.optionalName("verifier")
        if fields.has("sandbox") { sandbox = try fields.nested("sandbox", SandboxUse.init(json:)) }
    }
}

extension InfrastructureFailure {
    /// `{"code","message"}`.
    package var json: JSONValue { .members(["code": .string(code.rawValue), "message": .string(message)]) }

    /// Reads what `json` writes.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["code", "message"])
        self.init(
            code: try fields.choice("code", Code.self),
            message: try fields.string("message", bytes: 0...Limits.extractedBytesMax))
    }
}

extension SandboxUse {
    /// `{"tier","queue_ms","remembered","retries"}`.
    package var json: JSONValue {
        .members([
            "tier": .string(tier), "queue_ms": .double((queueMilliseconds * 1000).rounded() / 1000),
            "remembered": .bool(isRemembered), "retries": .integer(Int64(retries)),
        ])
    }

    /// Reads what `json` writes.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["tier", "queue_ms", "remembered", "retries"])
        self.init(
            tier: try fields.name("tier"),
            queueMilliseconds: try fields.optionalNumber("queue_ms", in: 0...Double(Int32.max)) ?? 0)
        isRemembered = try fields.optionalBool("remembered") ?? false
        retries = try fields.optionalInteger("retries", in: 0...Int(Int32.max)) ?? 0
    }
}

extension TestSummary {
    /// `{"passed","total","cases":[{"outcome","time_ms","memory_mb"}],"output","log"}`; the last two, and a test's
    /// memory, only when there are any.
    package var json: JSONValue {
        var members = [
            JSONMember("passed", .integer(Int64(passed))), JSONMember("total", .integer(Int64(total))),
            JSONMember("cases", .array(cases.map(\.json))),
        ]
        if let output { members.append(JSONMember("output", .string(output))) }
        if let log { members.append(JSONMember("log", .string(log))) }
        return .object(members)
    }

    /// Reads what `json` writes.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["passed", "total", "cases", "output", "log"])
        let total = try fields.integer("total", in: 0...Limits.codeCasesMax)
        let passed = try fields.integer("passed", in: 0...total)
        var cases: [Case] = []
        for (index, element) in try fields.array("cases", count: 0...total).enumerated() {
            do throws(InputError) { cases.append(try Case(json: element)) } catch {
                throw error.inside("cases[\(index)]")
            }
        }
        let excerpt = 0...Limits.codeExcerptBytesMax
        self.init(
            passed: passed, total: total, cases: cases, output: try fields.optionalString("output", bytes: excerpt),
            log: try fields.optionalString("log", bytes: excerpt))
    }
}

extension TestSummary.Case {
    fileprivate var json: JSONValue {
        var members = [
            JSONMember("outcome", .string(outcome.rawValue)), JSONMember("time_ms", .double(timeMilliseconds)),
        ]
        if let memoryMegabytes { members.append(JSONMember("memory_mb", .double(memoryMegabytes))) }
        return .object(members)
    }

    fileprivate init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["outcome", "time_ms", "memory_mb"])
        self.init(
            outcome: try fields.choice("outcome", TestSummary.Outcome.self),
            timeMilliseconds: try fields.optionalNumber("time_ms", in: 0...Double(Int32.max)) ?? 0,
            memoryMegabytes: try fields.optionalNumber("memory_mb", in: 0...Double(Int32.max)))
    }
}
