// Groups under a client's name: opened by their first rollout, closed to everybody else's, and never two under one name.
import Domain
import Storage
import Testing

private func member(_ id: String, of prompt: String, group: String, size: Int?) -> RolloutSubmission {
    var submission = rollout(id, of: prompt, group: group)
    submission.groupSize = size
    return submission
}

struct GroupSizeTests {
    @Test func `a whole group goes in with one request and becomes ready`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let posted = (0..<4).map { member("r\($0)", of: "p", group: "g", size: 4) }
            let receipts = try await ledger.submit(rollouts: posted, admission: admission(groupSize: 2))
            #expect(try receipts.map { try $0.get().groupID } == Array(repeating: GroupID("g"), count: 4))
            try await ledger.passAll()
            let ready = try await ledger.readyGroups(oldestVersion: PolicyVersion(0), limit: 9).groups
            #expect(ready.map(\.id) == [GroupID("g")] && ready.first?.rollouts.count == 4)
            let fifth = try await ledger.refusal(of: member("r4", of: "p", group: "g", size: 4))
            #expect(fifth?.code == .conflict)
        }
    }

    @Test func `a retry is a no-op, with the size and without`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            #expect(try await ledger.addRollout(member("r", of: "p", group: "g", size: 2)).isNew)
            #expect(try await ledger.addRollout(member("r", of: "p", group: "g", size: 2)).isNew == false)
            #expect(try await ledger.addRollout(member("r", of: "p", group: "g", size: nil)).isNew == false)
            #expect(try await ledger.addRollout(member("s", of: "p", group: "g", size: nil)).isNew)
            #expect(try await ledger.counts().rollouts[.queued] == 2)
        }
    }

    @Test func `another size or another prompt under the same name is a conflict that names both`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q"))
            try await ledger.addRollout(member("r", of: "p", group: "g", size: 3))
            let size = try await ledger.refusal(of: member("s", of: "p", group: "g", size: 4))
            #expect(size?.code == .conflict && size?.field == "group_size")
            #expect(size?.message == "group g has size 3, not 4")
            let prompt = try await ledger.refusal(of: member("s", of: "q", group: "g", size: 3))
            #expect(prompt?.code == .conflict && prompt?.message == "group g is for prompt p, not q")
            #expect(try await ledger.counts().rollouts[.queued] == 1)
        }
    }

    @Test func `a rollout that names no group never joins one that a client opened`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addRollout(member("r", of: "p", group: "g", size: 2))
            #expect(try await ledger.addRollout(rollout("s", of: "p")).groupID != GroupID("g"))
            #expect(try await ledger.addRollout(member("t", of: "p", group: "g", size: 2)).groupID == GroupID("g"))
        }
    }

    @Test func `without a size an unknown group stays unknown, and the hint names the field`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let fault = try await ledger.refusal(of: rollout("r", of: "p", group: "g"))
            #expect(fault?.code == .notFound && fault?.hint?.contains("group_size") == true)
            let unknown = try await ledger.refusal(of: member("r", of: "absent", group: "g", size: 2))
            #expect(unknown?.field == "prompt_id")
            #expect(try await ledger.refusal(of: rollout("r", of: "p", group: "g"))?.code == .notFound)
        }
    }
}
