// Rollouts in: exactly once, checked, into the right group, and never beyond the queue's limit.
import Domain
import Storage
import StrictJSON
import Testing

struct IntakeTests {
    @Test func `a rollout comes back bit for bit`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            var sent = rollout(
                "r", of: "p", response: "nul \u{0} and \u{1F600}\n", logprobs: [-0.1, -.leastNonzeroMagnitude, -0.0])
            sent.metadata = .members(["temperature": .double(0.7)])
            sent.finishReason = .length
            let receipt = try await ledger.addRollout(sent)
            #expect(receipt.isNew)
            #expect(receipt.status == .queued)
            let stored = try #require(try await ledger.rollout(RolloutID("r")))
            #expect(stored.response == sent.response)
            #expect(stored.tokenIDs == sent.tokenIDs)
            #expect(stored.logprobs.map(\.bitPattern) == sent.logprobs.map(\.bitPattern))
            #expect(stored.metadata == sent.metadata)
            #expect(stored.finishReason == .length)
            #expect(stored.groupID == receipt.groupID)
            #expect(stored.status == .queued)
            #expect(stored.verdict == nil && stored.reward == nil && stored.advantage == nil)
            #expect(stored.createdAt == fixture.clock.wall.now())
            #expect(try await ledger.rollout(RolloutID("absent")) == nil)
        }
    }

    @Test func `a repeated rollout is a no-op that answers as before, also when its group is full`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let first = try await ledger.addRollout(rollout("r", of: "p"), admission(groupSize: 1))
            let again = try await ledger.addRollout(rollout("r", of: "p"), admission(groupSize: 1))
            #expect(again == RolloutReceipt(id: first.id, groupID: first.groupID, status: .queued, isNew: false))
            try await ledger.passAll()
            #expect(try await ledger.addRollout(rollout("r", of: "p")).status == .scored)
            #expect(try await ledger.counts().rollouts[.scored] == 1)
        }
    }

    @Test func `other content under a known id is a conflict with both hashes, whatever differs`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q"))
            try await ledger.addRollout(rollout("r", of: "p"))
            var otherMetadata = rollout("r", of: "p")
            otherMetadata.metadata = .members(["a": .integer(1)])
            var otherEnding = rollout("r", of: "p")
            otherEnding.finishReason = .length
            for other in [
                rollout("r", of: "q"), rollout("r", of: "p", response: "x"), rollout("r", of: "p", tokens: [5, 6, 8]),
                rollout("r", of: "p", logprobs: [-0.5, -0.25, -0.1]), rollout("r", of: "p", group: "g"), otherMetadata,
                otherEnding,
            ] {
                let fault = try await ledger.refusal(of: other)
                #expect(fault?.code == .conflict)
                #expect(fault?.message.contains("stored") == true)
            }
            #expect(try await ledger.counts().rollouts[.queued] == 1)
        }
    }

    @Test func `faults name their field and spoil no neighbour`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let bad: [(RolloutSubmission, InputError.Code, String)] = [
                (rollout("a", of: "absent"), .notFound, "prompt_id"),
                (rollout("b", of: "p", group: "absent"), .notFound, "group_id"),
                (rollout("c", of: "p", tokens: [1]), .lengthMismatch, "logprobs"),
                (rollout("d", of: "p", logprobs: [-1, .nan, 0]), .invalidValue, "logprobs[1]"),
                (rollout("e", of: "p", logprobs: [-1, 0, 0.5]), .invalidValue, "logprobs[2]"),
                (rollout("f", of: "p", logprobs: [-.infinity, 0, 0]), .invalidValue, "logprobs[0]"),
                (rollout("g", of: "p", tokens: [1, -2, 3]), .invalidValue, "token_ids[1]"),
                (rollout("h", of: "p", tokens: [1, 2, .max]), .invalidValue, "token_ids[2]"),
                (rollout("i", of: "p", version: 1), .invalidValue, "policy_version"),
                (rollout("j", of: "p", version: -1), .invalidValue, "policy_version"),
                (rollout("bad id", of: "p"), .invalidValue, "id"),
                (
                    rollout("k", of: "p", response: String(repeating: "x", count: Limits.responseBytesMax + 1)),
                    .tooLarge, "response"
                ),
            ]
            let batch = bad.map(\.0) + [rollout("good", of: "p")]
            let results = try await ledger.submit(rollouts: batch, admission: admission())
            for (result, expected) in zip(results, bad) {
                guard case .failure(let fault) = result else {
                    Issue.record("\(expected.2) was accepted")
                    continue
                }
                #expect(fault.code == expected.1)
                #expect(fault.field == expected.2)
            }
            #expect(try results.last?.get().isNew == true)
            #expect(try await ledger.counts().rollouts[.queued] == 1)
        }
    }

    @Test func `a rollout from a policy to come is told the current one`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            let fault = try await ledger.refusal(of: rollout("r", of: "p", version: 9), admission(version: 7))
            #expect(fault?.message.contains("the current one is 7") == true)
        }
    }

    @Test func `rollouts without tokens are stored and judged`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addRollout(rollout("r", of: "p", tokens: [], logprobs: []))
            try await ledger.passAll()
            #expect(try await ledger.rollout(RolloutID("r"))?.reward == 1)
        }
    }

    @Test func `rollouts that name no group fill groups of one prompt and one policy`() async throws {
        try await withLedger { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q"))
            let rules = admission(version: 1, groupSize: 2)
            var groups: [String] = []
            for (index, (prompt, version)) in [("p", 0), ("p", 0), ("p", 0), ("p", 1), ("q", 0)].enumerated() {
                let sent = rollout("r\(index)", of: prompt, version: version)
                groups.append(try await ledger.addRollout(sent, rules).groupID.text)
            }
            #expect(groups[0] == groups[1])
            #expect(Set(groups).count == 4)
        }
    }

    @Test func `a full group, another prompt's group and a stale attempt are refused`() async throws {
        try await withLedger { ledger, fixture in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addPrompt(mathPrompt("q"))
            let lease = try #require(
                try await ledger.leaseGroups(
                    worker: "w", max: 1, groupSize: 1, policyVersion: PolicyVersion(0), scope: PromptScope(),
                    seconds: 60))
            let group = try #require(lease.groups.first)
            let other = group.prompt.id.text == "p" ? "q" : "p"
            let wrong = try await ledger.refusal(of: rollout("a", of: other, group: group.id.text))
            #expect(wrong?.code == .invalidValue)
            fixture.clock.advance(seconds: 61)
            let second = try #require(
                try await ledger.leaseGroups(
                    worker: "v", max: 1, groupSize: 1, policyVersion: PolicyVersion(0), scope: PromptScope(),
                    seconds: 60))
            #expect(second.groups.first?.id == group.id)
            #expect(second.attempt == 2)
            let mine = rollout("b", of: group.prompt.id.text, group: group.id.text, attempt: 1)
            #expect(try await ledger.refusal(of: mine)?.code == .staleLease)
            try await ledger.addRollout(
                rollout("c", of: group.prompt.id.text, group: group.id.text, attempt: 2))
            let full = try await ledger.refusal(of: rollout("d", of: group.prompt.id.text, group: group.id.text))
            #expect(full?.code == .conflict)
            // A full group frees its lease.
            await #expect(throws: InputError.self) { _ = try await ledger.heartbeat(second.id, seconds: 60) }
        }
    }

    @Test func `a full judges' queue refuses new rollouts but not repeated ones`() async throws {
        try await withLedger(options: LedgerOptions(scoringQueueMax: 2)) { ledger, _ in
            try await ledger.addPrompt(mathPrompt("p"))
            try await ledger.addRollout(rollout("a", of: "p"))
            await #expect(throws: LedgerError.backlog(queued: 2, limit: 2, retryAfterSeconds: 5)) {
                let pair = [rollout("b", of: "p"), rollout("c", of: "p")]
                _ = try await ledger.submit(rollouts: pair, admission: admission())
            }
            // Nothing of the refused batch was stored.
            #expect(try await ledger.rollout(RolloutID("b")) == nil)
            try await ledger.addRollout(rollout("b", of: "p"))
            #expect(try await ledger.addRollout(rollout("a", of: "p")).isNew == false)
            try await ledger.passAll()
            #expect(try await ledger.addRollout(rollout("c", of: "p")).isNew)
        }
    }
}
