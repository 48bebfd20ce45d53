// From one ledger into another and back: the same bytes, whatever was packed, judged again or consumed before.
import Domain
import Foundation
import StrictJSON
import Testing

@testable import Storage

struct RolloutImportTests {
    private static let everything = try? ExportShape(format: .ndjson, fields: nil, include: "prompt,judgements")

    private func export(_ ledger: Ledger) async throws -> String {
        let shape = try #require(Self.everything)
        var writer = ExportWriter(shape)
        var cursor: Int64? = 0
        while let from = cursor {
            let page = try await ledger.exportPage(matching: RolloutFilter(), from: from, limit: 3, shape: shape)
            for row in page.rows { writer.append(row) }
            cursor = page.nextCursor
        }
        return String(decoding: writer.take(isLast: true), as: UTF8.self)
    }

    private func read(_ lines: String) throws -> [ImportedRollout] {
        try lines.split(separator: "\n").map { try ImportedRollout(json: try JSONValue.parse(text: String($0))) }
    }

    /// Counts a ledger's identifiers on, so that they are not those of the ledger it takes rollouts from.
    private func distinguish(_ fixture: Fixture) { for _ in 0..<100 { _ = fixture.identifiers.make("") } }

    /// Rollouts of every fate.
    private func fill(_ ledger: Ledger) async throws {
        try await consumedGroup(ledger, "used", members: 3, tokens: 300)
        _ = try await ledger.compact(createdBefore: Timestamp(milliseconds: .max / 2))
        try await ledger.addPrompt(codePrompt("ready"))
        for index in 0..<2 { try await ledger.addRollout(longRollout("ready/\(index)", of: "ready", tokens: 9)) }
        try await ledger.passAll()
        _ = try await ledger.requestRescore(matching: RolloutFilter(promptID: PromptID("ready")), limit: 1)
        let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 9, seconds: 60))
        let failure = InfrastructureFailure(code: .beyondCaps, message: "too long")
        _ = try await ledger.record(
            results: [
                ScoringResult(
                    rolloutID: RolloutID("ready/0"), attempt: 2, verdict: .undetermined(failure), reward: nil)
            ], lease: lease.id)
        try await ledger.addPrompt(mathPrompt("waiting"))
        try await ledger.addRollout(longRollout("waiting/0", of: "waiting", tokens: 0))
    }

    @Test func `export, import and export give the same bytes, but for what had become of the rollouts`() async throws {
        try await withLedger { first, _ in
            try await fill(first)
            let exported = try await export(first)
            try await withLedger { second, _ in
                let results = try await second.importRollouts(try read(exported))
                #expect(results == Array(repeating: .success(true), count: 6))
                let again = try await export(second)
                let lines = zip(exported.split(separator: "\n"), again.split(separator: "\n"))
                for (before, after) in lines {
                    let expected = before.replacing(
                        #""advantage":0.5,"consumed_by_update":1"#, with: #""advantage":null,"consumed_by_update":null"#
                    ).replacing(
                        #""advantage":null,"consumed_by_update":1"#,
                        with: #""advantage":null,"consumed_by_update":null"#
                    ).replacing(#""status":"consumed""#, with: #""status":"scored""#)
                        .replacing(#/"rescore_id":"[^"]*"/#, with: #""rescore_id":null"#)
                    #expect(after.replacing(originPattern, with: "") == expected)
                    #expect(
                        before.contains("consumed\"")
                            == after.contains(#""origin":{"status":"consumed","consumed_by_update":1"#))
                }
                // Once more changes nothing, here and in the ledger that it came from.
                #expect(
                    try await second.importRollouts(try read(exported)) == Array(repeating: .success(false), count: 6))
                #expect(
                    try await first.importRollouts(try read(exported)) == Array(repeating: .success(false), count: 6))
                #expect(try await export(second) == again)
                // And from the second into a third: the same to the last byte.
                try await withLedger { third, _ in
                    _ = try await third.importRollouts(try read(again))
                    #expect(try await export(third) == again)
                }
            }
        }
    }

    private var originPattern: Regex<Substring> { #/,"origin":\{[^}]*\}/# }

    @Test func `imported rollouts are scored, can be judged again, and are no food for the learner`() async throws {
        try await withLedger { first, _ in
            try await fill(first)
            let lines = try read(try await export(first))
            try await withLedger { second, fixture in
                distinguish(fixture)
                _ = try await second.importRollouts(lines)
                let used = try #require(try await second.rollout(RolloutID("used/0")))
                #expect(used.status == .scored && used.consumedByUpdate == nil && used.reward == 1)
                #expect(used.origin == RolloutOrigin(status: .consumed, consumedByUpdate: 1, advantage: 0.5))
                #expect(try await second.readyGroups(oldestVersion: PolicyVersion(0), limit: 9).groups == [])
                #expect(try await second.readyGroupCount(oldestVersion: PolicyVersion(0)) == 0)
                #expect(try await second.retireStale(olderThan: PolicyVersion(9)) == 0)
                // The one that had no verdict is judged here.
                #expect(try await second.counts().queueLength == 1)
                #expect(try await second.requestRescore(matching: RolloutFilter(), limit: 9) == 5)
                try await second.passAll()
                #expect(try await second.counts().rollouts[.scored] == 6)
                // Retention takes them by the day they came.
                try await consumedGroup(second, "own", members: 1, tokens: 5)
                #expect(try await second.retain(RetentionPolicy(days: 1)).groups == 0)
                fixture.clock.advance(seconds: 2 * 86_400)
                try await consumedGroup(second, "own2", members: 1, tokens: 5)
                #expect(try await second.retain(RetentionPolicy(days: 1)).rollouts == 7)
                #expect(try await second.importRollouts(Array(lines.prefix(1))).first?.failure?.code == .conflict)
            }
        }
    }

    @Test func `what does not fit is refused by itself and leaves nothing`() async throws {
        try await withLedger { first, _ in
            try await fill(first)
            let exported = try await export(first)
            try await withLedger { second, fixture in
                distinguish(fixture)
                var lines = try read(exported)
                lines[0].prompt = nil
                lines[1].submission.response += "!"
                let results = try await second.importRollouts(lines)
                #expect(results.map { $0.failure?.code } == [.notFound, nil, nil, nil, nil, nil])
                #expect(
                    try await second.importRollouts(try read(exported)).map { $0.failure?.code } == [
                        nil, .conflict, nil, nil, nil, nil,
                    ])
                // A group of this ledger takes no stranger.
                let own = try await second.addRollout(longRollout("mine", of: "used", tokens: 1))
                var stranger = try read(exported)[0]
                stranger.submission.id = RolloutID("stranger")
                stranger.groupID = own.groupID
                stranger.submission.groupID = own.groupID
                #expect(try await second.importRollouts([stranger]).first?.failure?.code == .conflict)
                #expect(try await second.rollout(RolloutID("stranger")) == nil)
            }
        }
    }

    @Test func `columns hold the same values as lines, in row groups`() async throws {
        try await withLedger { ledger, _ in
            try await fill(ledger)
            let shape = try ExportShape(format: .columns, fields: nil, include: "judgements")
            let page = try await ledger.exportPage(matching: RolloutFilter(), from: 0, limit: 99, shape: shape)
            var writer = ExportWriter(shape)
            for row in page.rows { writer.append(row) }
            #expect(writer.take(isLast: false) == [])
            let group = try JSONValue.parse(writer.take(isLast: true))
            #expect(group["rows"]?.integer == 6)
            let columns = try #require(group["columns"])
            #expect(columns["id"]?.elements == page.rows.map { .string($0.rollout.id.text) })
            #expect(columns["outcome"]?.elements?.last == .null)
            #expect(columns["token_ids"]?.elements?.map(\.elementCount) == page.rows.map { $0.rollout.tokenIDs.count })
            let verdict = try JSONValue.parse(text: try #require(columns["verdict"]?.elements?.first?.string))
            #expect(verdict == page.rows.first?.rollout.verdict?.json)
        }
    }

    @Test(
        arguments: [
            (#"{"id":"a"}"#, "prompt_id"), (#"{"extra":1}"#, "extra"), ("[]", nil),
        ] as [(String, String?)])
    func `a line that is no exported rollout says which field is wrong`(line: String, field: String?) throws {
        let fault = #expect(throws: InputError.self) { try ImportedRollout(json: try JSONValue.parse(text: line)) }
        #expect(fault?.field == field)
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
