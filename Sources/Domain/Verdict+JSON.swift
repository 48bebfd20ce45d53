// Verdicts as they stand on the wire and in the ledger: the result object of the contract.
import StrictJSON

extension Verdict {
    /// `{"verdict","reason","extracted","tests","error"}`; the last two only when there are any.
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
        if let failure { members.append(JSONMember("error", failure.json)) }
        return members
    }

    /// Reads what `json` writes; an undetermined verdict must say why, the others must not.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["verdict", "reason", "extracted", "tests", "error"])
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

extension TestSummary {
    /// `{"passed","total","cases":[{"outcome","time_ms"}]}`.
    package var json: JSONValue {
        let cases = cases.map { test in
            JSONValue.members(["outcome": .string(test.outcome.rawValue), "time_ms": .double(test.timeMilliseconds)])
        }
        return .members([
            "passed": .integer(Int64(passed)), "total": .integer(Int64(total)), "cases": .array(cases),
        ])
    }

    /// Reads what `json` writes.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["passed", "total", "cases"])
        let total = try fields.integer("total", in: 0...Limits.codeTestsMax)
        let passed = try fields.integer("passed", in: 0...total)
        var cases: [Case] = []
        for (index, element) in try fields.array("cases", count: 0...total).enumerated() {
            do throws(InputError) { cases.append(try Case(json: element)) } catch {
                throw error.inside("cases[\(index)]")
            }
        }
        self.init(passed: passed, total: total, cases: cases)
    }
}

extension TestSummary.Case {
    fileprivate init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(json, known: ["outcome", "time_ms"])
        self.init(
            outcome: try fields.choice("outcome", TestSummary.Outcome.self),
            timeMilliseconds: try fields.optionalNumber("time_ms", in: 0...Double(Int32.max)) ?? 0)
    }
}
