// What a re-score would mean for learning: flips of sign by the learner's own estimator, groups that gain or lose a signal.
import Domain
import Learning
import StrictJSON
import Testing
import Verification

@testable import Service

@Suite(.serialized) struct RescoreReportTests {
    private func group(_ name: String, _ before: [Double?], _ after: [Double?]) -> RegradedGroup {
        RegradedGroup(
            id: GroupID(name),
            members: zip(before, after).enumerated().map { index, pair in
                .init(id: RolloutID("\(name)/\(index)"), before: pair.0, after: pair.1)
            })
    }

    @Test func `a flip is a change of sign between members that had and have an advantage`() {
        let changes = AdvantageChanges(
            [
                // Member 0 was right and is wrong: it flips; so does member 1. The others keep their sign.
                group("swap", [1, 0, 0, 1], [0, 1, 0, 1]),
                // All were wrong: there was no sign to flip.
                group("gained", [0, 0, 0], [0, 1, 0]),
                group("lost", [0, 1], [1, 1]),
                // A verdict for one that had none changes the others' advantage, not their sign.
                group("decided", [1, 0, nil], [1, 0, 0]),
                group("lone", [nil, 1], [nil, 0]),
            ], settings: LearnerSettings())
        #expect(changes.groups == 5 && changes.flips == 2)
        #expect(changes.groupsGained == 1 && changes.groupsLost == 1)
        #expect(changes.examples.map(\.rollout.text) == ["swap/0", "swap/1"])
        let flip = changes.examples.first
        #expect(flip?.rewardBefore == 1 && flip?.rewardAfter == 0)
        // Two of four right: 0.5 over a deviation of sqrt(1/3).
        #expect(abs((flip?.advantageBefore ?? 0) - 0.8660) < 1e-3)
        #expect(abs((flip?.advantageAfter ?? 0) + 0.8660) < 1e-3)
    }

    @Test func `the examples are the largest changes, fifty at most`() {
        let small = (0..<40).map { group("s\($0)", [1, 0, 0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0, 0, 1]) }
        let large = group("large", [1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0])
        let changes = AdvantageChanges(small + [large], settings: LearnerSettings())
        #expect(changes.flips == 82 && changes.examples.count == 50)
        #expect(changes.examples.prefix(2).map(\.group.text) == ["large", "large"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a request is judged by the service and its report says what changed`() async throws {
        let fixture = try ServiceFixture()
        try await fixture.run(try fixture.settings(model: nil, isLearning: false)) { service in
            try await service.storePrompt("p")
            try await service.postGroup(prompt: "p", right: [0])
            #expect(try await service.waits { try await $0.rollout(RolloutID("p/3")).status == .scored })
            let preview = try await service.rescore(RolloutFilter(), limit: 100, isDryRun: true)
            #expect(preview == RescoreReceipt(id: nil, queued: 4))
            #expect(try await service.rescores(before: nil, limit: 9).records == [])
            let receipt = try await service.rescore(RolloutFilter(), limit: 100)
            let id = try #require(receipt.id)
            #expect(try await service.waits { try await $0.rescoreReport(id).progress.decided == 4 })
            let report = try await service.rescoreReport(id)
            // The same rules decide the same.
            #expect(report.changes.allSatisfy { $0.before == $0.after && $0.verifierAfter == MathVerifier.version })
            #expect(report.changes.reduce(0) { $0 + $1.rollouts } == 4)
            #expect(report.advantages == AdvantageChanges() && report.estimator == "std")
            #expect(report.record.verifiers["math"]?.string == MathVerifier.version)
            await #expect(throws: InputError.self) { _ = try await service.rescoreReport(RescoreID("nobody")) }
        }
    }
}
