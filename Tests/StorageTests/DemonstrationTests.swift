// Demonstrations in the ledger: exactly once by content, in order, and as pools that can be read again.
import Domain
import Storage
import StrictJSON
import Testing

struct DemonstrationTests {
    private func demonstration(_ id: String?, _ response: String = "4", dataset: String = "d")
        -> DemonstrationSubmission
    {
        DemonstrationSubmission(
            id: id.map { DemonstrationID($0) }, dataset: dataset, content: .text("2+2="), response: response,
            metadata: .members(["teacher": .string("t")]))
    }

    @Test func `the same again is a no-op, other content under the same name a conflict, and the rest goes in`()
        async throws
    {
        try await withLedger { ledger, _ in
            let first = try await ledger.submit(demonstrations: [demonstration("a"), demonstration(nil)])
            #expect(try first.map { try $0.get().isNew } == [true, true])
            let again = try await ledger.submit(demonstrations: [
                demonstration("a"), demonstration("a", "5"), demonstration("b", ""), demonstration("c"),
            ])
            #expect(try again[0].get().isNew == false)
            #expect(throws: InputError.self) { try again[1].get() }
            #expect(throws: InputError.self) { try again[2].get() }
            #expect(try again[3].get().isNew)
            #expect(try await ledger.demonstrationCount(dataset: nil) == 3)
            #expect(try await ledger.demonstrations(dataset: "d", after: nil, limit: 10).first?.response == "4")
        }
    }

    @Test func `pages go through all in order, by data set`() async throws {
        try await withLedger { ledger, _ in
            for index in 0..<7 {
                _ = try await ledger.submit(demonstrations: [
                    demonstration("n\(index)", dataset: index % 2 == 0 ? "even" : "odd")
                ])
            }
            let first = try await ledger.demonstrations(dataset: "even", after: nil, limit: 3)
            #expect(first.map(\.id.text) == ["n0", "n2", "n4"])
            let rest = try await ledger.demonstrations(dataset: "even", after: first.last?.id, limit: 3)
            #expect(rest.map(\.id.text) == ["n6"])
            #expect(try await ledger.demonstrationCount(dataset: "odd") == 3)
            await #expect(throws: InputError.self) {
                try await ledger.demonstrations(dataset: nil, after: DemonstrationID("none"), limit: 3)
            }
        }
    }

    @Test func `a pool read again up to its mark is the same when more have come`() async throws {
        try await withLedger { ledger, _ in
            _ = try await ledger.submit(demonstrations: (0..<5).map { demonstration("n\($0)") })
            let pool = try await ledger.demonstrationPool(dataset: "d")
            _ = try await ledger.submit(demonstrations: [demonstration("later"), demonstration("x", dataset: "other")])
            #expect(try await ledger.demonstrationPool(dataset: "d", through: pool.through) == pool)
            #expect(try await ledger.demonstrationPool(dataset: "d").rows.count == 6)
            #expect(try await ledger.demonstrationPool(dataset: nil).rows.count == 7)
            #expect(try await ledger.demonstrationPool(dataset: "none").rows == [])
            let drawn = try await ledger.demonstrations(rows: [pool.rows[3], pool.rows[1], pool.rows[3]])
            #expect(drawn.map(\.id.text) == ["n3", "n1", "n3"])
        }
    }

    @Test func `a data set of demonstrations alone counts no prompts, and survives a reopening`() async throws {
        try await withLedger { ledger, fixture in
            _ = try await ledger.submit(demonstrations: [demonstration("a", "line\u{0}with a zero byte")])
            #expect(try await ledger.counts().prompts == 0)
            let again = try fixture.reopened()
            #expect(
                try await again.demonstrations(dataset: nil, after: nil, limit: 1).first?.response
                    == "line\u{0}with a zero byte")
            try await again.close()
        }
    }
}
