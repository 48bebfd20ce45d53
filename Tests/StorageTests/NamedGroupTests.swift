// Groups that clients open by name, and how groups look from outside.
import Domain
import Storage
import Testing

struct NamedGroupTests {
    private func open(
        _ ledger: Ledger, _ id: String?, prompt: String = "p", size: Int? = 2
    ) async throws -> Result<GroupReceipt, InputError> {
        let group = GroupSubmission(id: id.map { GroupID($0) }, promptID: PromptID(prompt), size: size)
        return try await ledger.open(groups: [group], groupSize: 4, version: PolicyVersion(0))[0]
    }

    @Test func `the same group again is a no-op, another under its name a conflict that names both`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q"))
            #expect(
                try await open(ledger, "g").get() == GroupReceipt(id: GroupID("g"), size: 2, status: .open, isNew: true)
            )
            #expect(try await open(ledger, "g").get().isNew == false)
            for (prompt, size) in [("p", 3), ("q", 2)] {
                guard case .failure(let fault) = try await open(ledger, "g", prompt: prompt, size: size) else {
                    Issue.record("taken")
                    continue
                }
                #expect(fault.code == .conflict)
                #expect(
                    fault.message.contains("size 2 for prompt p")
                        && fault.message.contains("size \(size) for \(prompt)"))
            }
            #expect(try await open(ledger, nil, size: nil).get().size == 4)
            guard case .failure(let missing) = try await open(ledger, "h", prompt: "none") else {
                Issue.record("a group without a prompt")
                return
            }
            #expect(missing.code == .notFound)
            #expect(try await ledger.groups(matching: GroupQuery(), before: nil, limit: 9).groups.count == 2)
        }
    }

    @Test func `it takes only rollouts that name it, and nobody is handed it`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            _ = try await open(ledger, "g").get()
            let loose = try await ledger.addRollout(rollout("loose", of: "p"))
            #expect(loose.groupID != GroupID("g"))
            let lease = try #require(
                try await ledger.leaseGroups(
                    worker: "w", max: 9, groupSize: 2, policyVersion: PolicyVersion(0), scope: PromptScope(),
                    seconds: 60))
            #expect(!lease.groups.map(\.id).contains(GroupID("g")))
            for id in ["a", "b"] { try await ledger.addRollout(rollout(id, of: "p", group: "g")) }
            try await ledger.passAll()
            let detail = try await ledger.groupDetail(GroupID("g"))
            #expect(detail.record.status == .ready && detail.record.memberCount == 2)
            #expect(detail.members.map(\.id) == [RolloutID("a"), RolloutID("b")])
            #expect(detail.members.allSatisfy { $0.outcome == .passed && $0.reward == 1 && $0.advantage == nil })
            #expect(detail.attempts == [])
            #expect(try await ledger.refusal(of: rollout("c", of: "p", group: "g"))?.code == .conflict)
        }
    }

    @Test func `groups are listed newest first by status, data set and prompt, with lease and history`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q", dataset: "other"))
            _ = try await open(ledger, "g1").get()
            _ = try await open(ledger, "g2", prompt: "q", size: 1).get()
            try await ledger.addRollout(rollout("r", of: "q", group: "g2"))
            try await ledger.passAll()
            func ids(_ filter: GroupQuery) async throws -> [String] {
                try await ledger.groups(matching: filter, before: nil, limit: 9).groups.map(\.id.text)
            }
            #expect(try await ids(GroupQuery()) == ["g2", "g1"])
            #expect(try await ids(GroupQuery(status: .ready)) == ["g2"])
            #expect(try await ids(GroupQuery(dataset: "arithmetic")) == ["g1"])
            #expect(try await ids(GroupQuery(promptID: PromptID("q"))) == ["g2"])
            #expect(try await ids(GroupQuery(dataset: "nope")) == [])
            #expect(try await ids(GroupQuery(promptID: PromptID("nope"))) == [])
            #expect(try await ledger.datasetNames(limit: 9).contains("arithmetic"))
            #expect(try await ledger.datasetNames(limit: 1).count == 1)
            let page = try await ledger.groups(matching: GroupQuery(), before: nil, limit: 1)
            #expect(
                try await ledger.groups(matching: GroupQuery(), before: page.nextCursor, limit: 1).groups.first?.id
                    == GroupID("g1"))

            let lease = try #require(
                try await ledger.leaseGroups(
                    worker: "w", max: 1, groupSize: 2, policyVersion: PolicyVersion(0), scope: PromptScope(),
                    seconds: 60))
            let id = try #require(lease.groups.first?.id)
            #expect(try await ledger.groupDetail(id).record.leaseID == lease.id)
            fixture.clock.advance(seconds: 61)
            try await ledger.reclaimExpired()
            let detail = try await ledger.groupDetail(id)
            #expect(detail.record.leaseID == nil && detail.record.attempt == 1)
            #expect(detail.attempts.map(\.outcome) == [.expired] && detail.attempts.map(\.worker) == ["w"])
        }
    }
}
