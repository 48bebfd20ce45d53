// What must hold for all tokens, tried on seeded random ones and on the extremes of a double.
import Domain
import Foundation
import Learning
import Testing

struct ObjectivePropertyTests {
    /// Random tokens: log-ratios of three scales, advantages of both signs.
    static func tokens(_ count: Int, seed: UInt64) -> [(logRatio: Double, advantage: Double)] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            let scale = [0.1, 1, 10][index % 3]
            let logRatio = Double.random(in: -scale...scale, using: &generator)
            return (logRatio, Double.random(in: -3...3, using: &generator))
        }
    }

    @Test(arguments: [1.0, 3, 10, nil])
    func `GPPO's loss is clip-higher's, and their gradients differ only where clip-higher clips`(cap: Double?) {
        let gppo = Objective(.gppo).with { $0.dualClip = cap }
        let clip = Objective(.clipHigher).with { $0.dualClip = cap }
        var differing = 0
        for (logRatio, advantage) in Self.tokens(20_000, seed: 1) {
            let a = gppo.evaluate(logRatio: logRatio, advantage: advantage)
            let b = clip.evaluate(logRatio: logRatio, advantage: advantage)
            #expect(a.value == b.value)
            let isDropped = advantage > 0 ? a.ratio > 1.28 : a.ratio < 0.8
            if isDropped {
                differing += 1
                #expect(b.weight == 0)
                #expect(a.weight == (advantage > 0 ? 1.28 : 0.8))
            } else {
                #expect(a.weight == b.weight)
            }
        }
        #expect(differing > 1_000)
    }

    @Test func `GPPO's weight never exceeds the bound in the direction of the advantage`() {
        let gppo = Objective(.gppo)
        for (logRatio, advantage) in Self.tokens(20_000, seed: 2) where advantage != 0 {
            let token = gppo.evaluate(logRatio: logRatio, advantage: advantage)
            if advantage > 0 {
                #expect(token.weight <= 1.28)
            } else {
                #expect(token.weight >= 0.8 || token.isDualClipped)
                #expect(token.weight <= 10)
            }
        }
    }

    @Test func `CE-GPPO with betas of one is GPPO, with betas of zero it has PPO's gradient`() {
        let gppo = Objective(.gppo)
        let one = Objective(.ceGPPO)
        let zero = Objective(.ceGPPO).with { ($0.beta1, $0.beta2) = (0, 0) }
        let ppo = Objective(.dualClip)
        for (logRatio, advantage) in Self.tokens(5_000, seed: 3) {
            let token = gppo.evaluate(logRatio: logRatio, advantage: advantage)
            #expect(one.evaluate(logRatio: logRatio, advantage: advantage) == token)
            let clipped = ppo.evaluate(logRatio: logRatio, advantage: advantage)
            #expect(zero.evaluate(logRatio: logRatio, advantage: advantage).gradient == clipped.gradient)
        }
    }

    @Test func `CISPO differs from GPPO only on the two sides that GPPO leaves unbounded`() {
        let gppo = Objective(.gppo).with { $0.dualClip = nil }
        for (logRatio, advantage) in Self.tokens(5_000, seed: 4) where advantage != 0 {
            let a = gppo.evaluate(logRatio: logRatio, advantage: advantage)
            let b = Objective(.cispo).evaluate(logRatio: logRatio, advantage: advantage)
            if advantage > 0, a.ratio < 0.8 {
                #expect(a.weight == a.ratio && b.weight == 0.8)
            } else if advantage < 0, a.ratio > 1.28 {
                #expect(a.weight == a.ratio && b.weight == 1.28)
            } else {
                #expect(a.weight == b.weight)
            }
        }
    }

    @Test(arguments: Objective.Method.allCases)
    func `every finite input gives finite numbers`(method: Objective.Method) {
        let huge = Double.greatestFiniteMagnitude
        let magnitudes = [
            0, Double.leastNonzeroMagnitude, 1e-300, 1e-9, 1, 20, 88, 104, 700, 709, 710, 746, 1e6, 1e300, huge,
        ]
        let values = magnitudes + magnitudes.map { -$0 }
        let objective = Objective(method)
        for variant in [objective, objective.with { $0.dualClip = nil }, objective.with { $0.epsilonLow = 1 }] {
            for logRatio in values {
                for advantage in values {
                    for behaviour in [-1, 0, -huge] {
                        let token = variant.evaluate(
                            logRatio: logRatio, advantage: advantage, behaviourLogprob: behaviour)
                        let numbers = [token.value, token.weight, token.gradient, token.ratio]
                        #expect(numbers.allSatisfy { $0.isFinite }, "\(method) \(logRatio) \(advantage) \(numbers)")
                    }
                }
            }
        }
    }

    @Test func `far out of range the gradient is the bound's, where the released expression gives NaN`() {
        for logRatio in [-25.0, -100, -104, -1e6] {
            #expect(Objective(.gppo).evaluate(logRatio: logRatio, advantage: -1).gradient == 0.8)
        }
        for logRatio in [25.0, 89, 1e6] {
            #expect(Objective(.gppo).evaluate(logRatio: logRatio, advantage: 1).gradient == -1.28)
        }
    }

    @Test(arguments: [Objective.Method.clip, .clipHigher, .dualClip, .gppo, .ceGPPO, .drGRPO, .sapo, .gspo])
    func `inside the range the gradient is the slope of the loss`(method: Objective.Method) {
        let objective = Objective(method).with { ($0.epsilonLow, $0.epsilonHigh) = (0.9, 9) }
        let step = 1e-5
        for logRatio in stride(from: -2.0, through: 2, by: 0.25) {
            for advantage in [1.5, -0.5] {
                let above = objective.evaluate(logRatio: logRatio + step, advantage: advantage).value
                let below = objective.evaluate(logRatio: logRatio - step, advantage: advantage).value
                let slope = (above - below) / (2 * step)
                let ours = objective.evaluate(logRatio: logRatio, advantage: advantage).gradient
                #expect(agree(ours, slope, within: 1e-6), "\(method) \(logRatio) \(advantage)")
            }
        }
    }
}
