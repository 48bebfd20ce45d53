// Losses of clients that train step by step, against PyTorch's autograd.
import Foundation
import Testing

@testable import Learning

@Suite struct TokenLossTests {
    private struct Row: Decodable {
        var loss: String
        var low: Double?
        var high: Double?
        var beta: Double?
        var beta1: Double?
        var beta2: Double?
        var dualClip: Double?
        var logprobs: [Float]
        var behaviour: [Float]
        var weights: [Float]
        var advantages: [Float]
        var value: Double
        var gradient: [Double]

        enum CodingKeys: String, CodingKey {
            case loss, low, high, beta, beta1, beta2, logprobs, behaviour, weights, advantages, value, gradient
            case dualClip = "dual_clip"
        }

        func tokenLoss() throws -> TokenLoss {
            func objective(_ method: Objective.Method) -> Objective {
                var objective = Objective(method)
                objective.epsilonLow = 1 - (low ?? 1)
                objective.epsilonHigh = (high ?? 1) - 1
                return objective
            }
            switch loss {
            case "cross_entropy": return .crossEntropy
            case "importance_sampling": return .importanceSampling
            case "ppo": return .objective(objective(.clip))
            case "cispo": return .objective(objective(.cispo))
            case "dro": return .directReward(beta: try #require(beta))
            default:
                var kept = objective(.ceGPPO)
                (kept.beta1, kept.beta2, kept.dualClip) = (try #require(beta1), try #require(beta2), dualClip)
                return .objective(kept)
            }
        }

        var inputs: TokenLoss.Inputs {
            TokenLoss.Inputs(weights: weights, behaviour: behaviour, advantages: advantages)
        }
    }

    private static func rows() throws -> [Row] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/tinker/token_losses.json")
        return try JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
    }

    @Test func `every loss has autograd's value and gradient`() throws {
        let rows = try Self.rows()
        #expect(rows.count == 72 && Set(rows.map(\.loss)).count == 6)
        for (index, row) in rows.enumerated() {
            let ours = try row.tokenLoss().evaluate(row.logprobs, row.inputs)
            let size = max(1, abs(row.value))
            #expect(abs(ours.loss - row.value) < 1e-9 * size, "\(index) \(row.loss): \(ours.loss), \(row.value)")
            for (mine, theirs) in zip(ours.gradient, row.gradient) {
                // Gradients go to the model as 32-bit floats.
                #expect(abs(Double(mine) - theirs) <= 1e-6 * max(1, abs(theirs)), "\(index) \(row.loss)")
            }
            #expect(ours.gradient.count == row.gradient.count)
        }
    }

    @Test func `what GPPO keeps is what clipping drops, and both are counted`() {
        let logRatios: [Float] = [-1, -1, 0.5, 0.5, 0]
        let inputs = TokenLoss.Inputs(behaviour: [-2, -2, -2, -2, -2], advantages: [-1, 1, 1, -1, 1])
        let logprobs = logRatios.map { -2 + $0 }
        let clip = TokenLoss.objective(Objective(.clipHigher)).evaluate(logprobs, inputs)
        let gppo = TokenLoss.objective(Objective(.gppo)).evaluate(logprobs, inputs)
        #expect(clip.below == 1 && clip.above == 1 && gppo.below == 1 && gppo.above == 1)
        #expect(clip.loss == gppo.loss)
        #expect(clip.gradient[0] == 0 && clip.gradient[2] == 0)
        #expect(abs(gppo.gradient[0] - 0.8) < 1e-6 && abs(gppo.gradient[2] + 1.28) < 1e-6)
        for place in [1, 3, 4] { #expect(clip.gradient[place] == gppo.gradient[place]) }
    }

    @Test func `a token that is masked adds exactly nothing, whatever its log-probs are`() {
        let inputs = TokenLoss.Inputs(weights: [0, 1], behaviour: [0, -1], advantages: [0, 1])
        let logprobs: [Float] = [-80, -1]
        for loss in [TokenLoss.crossEntropy, .importanceSampling, .objective(Objective(.gppo))] {
            let result = loss.evaluate(logprobs, inputs)
            #expect(result.gradient[0] == 0 && result.tokens == 1 && abs(result.loss) == 1)
        }
        #expect(TokenLoss.importanceSampling.evaluate([], TokenLoss.Inputs()).loss == 0)
    }
}
