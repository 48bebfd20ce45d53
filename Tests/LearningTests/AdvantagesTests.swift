// Group advantages, group filters, KL penalties and importance correction.
import Domain
import Learning
import Testing

struct AdvantagesTests {
    @Test func `every estimator agrees with PyTorch`() throws {
        for group in try Vectors.groups() {
            for estimator in AdvantageEstimator.allCases {
                let ours = estimator.advantages(of: group.rewards)
                let golden = try #require(group.estimates[estimator.rawValue])
                for (a, b) in zip(ours, golden) { #expect(agree(a, b), "\(estimator) \(group.rewards)") }
                #expect(ours.count == golden.count)
            }
        }
    }

    @Test func `a soft reward and its affine image give nearly the same advantages`() {
        let soft = AdvantageEstimator.standardised.advantages(of: [1, 0.25, 0.25, 0])
        let image = AdvantageEstimator.standardised.advantages(of: [1, -0.5, -0.5, -1])
        for (a, b) in zip(soft, image) { #expect(agree(a, b, within: 3e-6)) }
        #expect(agree(soft.first ?? 0, 1.443372, within: 1e-6))
    }

    @Test(arguments: AdvantageEstimator.allCases)
    func `equal rewards give exactly zero, also where the mean rounds`(estimator: AdvantageEstimator) {
        for reward in [0, 1, -1, 0.1, 1.0 / 3, 1e300] {
            #expect(estimator.advantages(of: [reward, reward, reward]) == [0, 0, 0])
        }
    }

    @Test(arguments: AdvantageEstimator.allCases)
    func `a lone member is compared with zero, and nobody with nothing`(estimator: AdvantageEstimator) {
        #expect(estimator.advantages(of: [0.5]) == [0.5])
        #expect(estimator.advantages(of: []) == [])
    }

    @Test(arguments: AdvantageEstimator.allCases)
    func `advantages of a group sum to nothing`(estimator: AdvantageEstimator) {
        var generator = SeededGenerator(seed: 5)
        for size in 2...16 {
            let rewards = (0..<size).map { _ in Double.random(in: -2...1, using: &generator) }
            #expect(agree(estimator.advantages(of: rewards).reduce(0, +), 0))
        }
    }

    @Test func `the filter looks at correctness, not at shaped rewards`() {
        let allWrong = [0.5, 0.25, 0]
        #expect(!GroupFilter.correctness.admits(allWrong, correct: 1))
        #expect(GroupFilter.reward.admits(allWrong, correct: 1))
        #expect(!GroupFilter.correctness.admits([1, 1], correct: 1))
        #expect(GroupFilter.correctness.admits([1, 0.75], correct: 1))
        #expect(!GroupFilter.reward.admits([0, 0], correct: 1))
        #expect(GroupFilter.off.admits([0, 0], correct: 1))
    }

    @Test func `KL penalties have their values and their own gradients`() throws {
        for row in try Vectors.penalties() {
            let penalty = try #require(KLPenalty(rawValue: row.penalty))
            let ours = penalty.evaluate(logprob: row.logprob, reference: row.reference)
            #expect(agree(ours.value, row.value), "\(row)")
            #expect(agree(ours.gradient, row.gradient), "\(row)")
        }
        #expect(KLPenalty.off.evaluate(logprob: -1, reference: -2) == (0, 0))
    }

    @Test(arguments: KLPenalty.allCases)
    func `a penalty is finite for any two log-probs`(penalty: KLPenalty) {
        for own in [0, -1, -1e3, -1e300, -Double.greatestFiniteMagnitude] {
            for reference in [0, -1, -1e3, -1e300, -Double.greatestFiniteMagnitude] {
                let ours = penalty.evaluate(logprob: own, reference: reference)
                #expect(ours.value.isFinite && ours.gradient.isFinite)
            }
        }
    }

    @Test func `the correction is capped from above only and finite`() {
        let own = [-1.0, -1, -1]
        let posted = [-1e9, -1, 0]
        let token = ImportanceCorrection.token.weights(own: own, posted: posted, cap: 2)
        #expect(token[0] == 2 && token[1] == 1 && token[2] < 1)
        #expect(ImportanceCorrection.sequence.weights(own: own, posted: posted, cap: 2) == [2, 2, 2])
        #expect(ImportanceCorrection.off.weights(own: own, posted: posted, cap: 2) == [1, 1, 1])
    }
}
