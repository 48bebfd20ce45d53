// What an update made of each token, from the ledger and kept weights of a service that really learned.
import Domain
import Learning
import TestSupport
import Testing

@testable import Service

@Suite(.serialized) struct TokenReportTests {
    /// Asks until the numbers are there.
    private func ready(_ service: RolloutService, _ rollout: Rollout, _ basis: TokenBasis) async throws -> TokenReport {
        let prompt = try await service.askedPrompt(rollout.promptID)
        for _ in 0..<400 {
            let report = try await service.tokenReport(of: rollout, prompt: prompt, basis: basis)
            if report.state != .pending { return report }
            try await Task.sleep(for: .milliseconds(10))
        }
        return TokenReport(.pending)
    }

    @Test(.timeLimit(.minutes(2)))
    func `tokens are held against the weights before and after their update, and the update's own record agrees`()
        async throws
    {
        let fixture = try ServiceFixture()
        var settings = try fixture.settings(model: try fixture.writeTinyModel(), isLearning: true)
        settings.learner = try settings.learner.applying([
            "learning_rate": .number(0.03), "zero_variance_filter": .text("off"), "max_staleness": .number(9),
            "group_size": .number(4),
        ])
        try await fixture.run(settings) { service in
            for prompt in ["a", "b"] { try await service.storePrompt(prompt) }
            #expect(try await service.waits { ($0.status().policyVersion ?? PolicyVersion(0)) >= PolicyVersion(3) })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })
            // Rollouts whose log-probs are far from the model's: some tokens are beyond the range for sure.
            try await service.storePrompt("old", dataset: "other")
            let posted = (0..<4).map { member in
                RolloutSubmission(
                    id: RolloutID("old/\(member)"), promptID: PromptID("old"), groupID: nil,
                    response: member < 2 ? "\\boxed{4}" : "\\boxed{5}", tokenIDs: [30 + Int32(member), 40, 50],
                    logprobs: Array(repeating: member < 2 ? -12 : -0.01, count: 3), policyVersion: PolicyVersion(1),
                    finishReason: .stop, generator: "test")
            }
            for receipt in try await service.submit(rollouts: posted) { _ = try receipt.get() }
            #expect(try await service.waits { try await $0.rollout(RolloutID("old/3")).status == .scored })
            try service.setLearner(isPaused: false)
            #expect(try await service.waits { try await $0.rollout(RolloutID("old/3")).status == .consumed })
            try service.setLearner(isPaused: true)
            #expect(try await service.waits { $0.status().phase == .paused })

            let rollout = try await service.rollout(RolloutID("old/0"))
            let update = try #require(rollout.consumedByUpdate)
            let before = try await ready(service, rollout, .before)
            #expect(before.state == .ready && before.version == PolicyVersion(update - 1))
            #expect(before.objective == "gppo" && before.epsilonHigh == 0.28 && before.tokens.count == 3)
            let after = try await ready(service, rollout, .after)
            #expect(after.state == .ready && after.version == PolicyVersion(update) && after.tokens != before.tokens)
            // One step an update here: the weights before it are those that it recorded with, to the last bit.
            let recorded = try await service.keptTokens(before: nil, limit: 64).filter { $0.update.number == update }
            var own: [KeptToken] = []
            for member in 0..<4 {
                let rollout = try await service.rollout(RolloutID("old/\(member)"))
                let report = try await ready(service, rollout, .before)
                for (place, token) in report.tokens.enumerated() where token.isBeyond {
                    let same = recorded.first { $0.token.rolloutID == rollout.id && $0.token.position == place }
                    #expect(same?.token.logprob == token.logprob && same?.token.ratio == token.ratio)
                    #expect(same?.token.gradient == token.gradient && same?.token.entropy == token.entropy)
                    if let same { own.append(same.token) }
                }
            }
            #expect(!own.isEmpty)
            #expect(
                try await service.keptTokens(of: RolloutID("old/0")).allSatisfy {
                    $0.token.rolloutID == RolloutID("old/0")
                })
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `what cannot be computed says why, and is not a verdict on the rollout`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            try await service.storePrompt("a")
            try await service.postGroup(prompt: "a", right: [0])
            let rollout = try await service.rollout(RolloutID("a/0"))
            let report = try await ready(service, rollout, .before)
            #expect(report.state == .missing("there is no model in this process to compute with"))
            var bare = rollout
            (bare.tokenIDs, bare.logprobs) = ([], [])
            #expect(
                try await ready(service, bare, .before).state == .missing("it was posted without tokens and log-probs"))
        }
    }

    @Test func `a report is computed once, few wait, and what failed is asked for again`() async throws {
        let reports = TokenReports()
        let runs = Counts()
        func key(_ name: String) -> TokenReports.Key {
            .init(rollout: RolloutID(name), version: PolicyVersion(1), update: nil)
        }
        for _ in 0..<50 {
            let report = await reports.report(key("a")) {
                await runs.add("a")
                return TokenReport(.ready)
            }
            if report.state == .ready { break }
        }
        _ = await reports.report(key("a")) {
            await runs.add("a")
            return TokenReport(.ready)
        }
        #expect(await runs.of("a") == 1)
        // One that takes its time holds up those behind it, and only so many are let in.
        for number in 0..<20 {
            let report = await reports.report(key("slow\(number)")) {
                await runs.add("slow")
                try? await Task.sleep(for: .milliseconds(200))
                return TokenReport(.missing("gone"))
            }
            #expect(report.state == .pending || report.state == .missing("gone"))
        }
        try await Task.sleep(for: .milliseconds(250 * Limits.tokenReportsWaiting))
        #expect(await runs.of("slow") <= Limits.tokenReportsWaiting + 4)
        let found = await reports.report(key("slow0")) { TokenReport(.ready) }
        #expect(found.state == .missing("gone"))
        var state = TokenReport.State.pending
        for _ in 0..<20 where state == .pending {
            state = await reports.report(key("slow0")) { TokenReport(.ready) }.state
        }
        #expect(state == .ready)
    }
}

/// Counts by name.
private actor Counts {
    private var counts: [String: Int] = [:]

    func add(_ name: String) { counts[name, default: 0] += 1 }
    func of(_ name: String) -> Int { counts[name, default: 0] }
}
