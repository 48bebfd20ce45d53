// Three sequences under every aggregation, correction and addition, against PyTorch's autograd.
import Learning
import Testing

struct PolicyLossGoldenTests {
    /// Lengths 3, 1, 2, as in `make_objective_vectors.py`.
    static let ratios = [[1.5, 0.9, 1.1], [0.5], [2.0, 0.7]]
    static let behaviour: [[Double]] = [[-0.5, -1, -2], [-0.7], [-1.5, -0.3]]
    static let advantages = [1.2, -0.8, -0.4]
    static let rho = [[1.1, 3, 0.5], [2.5], [0.9, 1]]

    static func sequences(correction: ImportanceCorrection = .off) -> [LossSequence] {
        (0..<3).map { s in
            let logprobs = zip(ratios[s], behaviour[s]).map { logarithm($0) + $1 }
            // Any posted log-prob with own - posted = ln rho will do.
            let posted = zip(rho[s], behaviour[s]).map { $1 - logarithm($0) }
            return LossSequence(
                logprobs: logprobs, behaviour: behaviour[s],
                correction: correction == .off ? nil : correction.weights(own: behaviour[s], posted: posted, cap: 2),
                advantage: advantages[s], isPositive: s == 0)
        }
    }

    /// The whole batch, by the same calls that `TrainStep` makes.
    static func evaluate(
        _ loss: PolicyLoss, _ aggregation: Aggregation, _ sequences: [LossSequence], scale: Double? = nil,
        microBatches: [[Int]] = [[0, 1, 2]]
    ) -> (loss: Double, gradient: [[Double]]) {
        let lengths = microBatches.map { $0.map { sequences[$0].logprobs.count } }
        let coefficients = aggregation.coefficients(microBatches: lengths, scale: scale)
        let positives = sequences.filter(\.isPositive).map(\.logprobs.count).reduce(0, +)
        var total = 0.0
        var gradient: [[Double]] = sequences.map { _ in [] }
        for (batch, factors) in zip(microBatches, coefficients) {
            for (s, factor) in zip(batch, factors) {
                let part = loss.evaluate(sequences[s], coefficient: factor, positiveTokens: positives)
                total += part.total
                gradient[s] = part.gradient
            }
        }
        return (total, gradient)
    }

    static let cases: [(name: String, objective: Objective, aggregation: Aggregation)] = [
        ("GPPO|token-mean", Objective(.gppo), .tokenMean),
        ("DAPO|token-mean", Objective(.dualClip), .tokenMean),
        ("CISPO|token-mean", Objective(.cispo), .tokenMean),
        ("GRPO eps .2/.2 (orig)|seq-mean-token-mean", Objective(.clip), .sequenceMeanOfTokenMeans),
        ("DrGRPO clip .2/.2 (verl norm N=3)|seq-mean-token-sum-norm", Objective(.drGRPO), .sumOverScale),
        ("GPPO|seq-mean-token-mean", Objective(.gppo), .sequenceMeanOfTokenMeans),
        ("GSPO eps 3e-4/4e-4|seq-mean-token-mean", Objective(.gspo), .sequenceMeanOfTokenMeans),
        (
            "GSPO eps .2/.28|seq-mean-token-mean",
            Objective(.gspo).with { ($0.epsilonLow, $0.epsilonHigh) = (0.2, 0.28) }, .sequenceMeanOfTokenMeans
        ),
    ]

    @Test(arguments: cases)
    func `a batch has autograd's loss and gradients`(
        name: String, objective: Objective, aggregation: Aggregation
    ) throws {
        let ours = Self.evaluate(PolicyLoss(objective: objective), aggregation, Self.sequences())
        try expect(ours, name)
    }

    @Test func `Dr.GRPO divides by the constant it is given`() throws {
        let loss = PolicyLoss(objective: Objective(.drGRPO))
        let ours = Self.evaluate(loss, .sumOverScale, Self.sequences(), scale: 4)
        try expect(ours, "DrGRPO clip .2/.2 (const L=4)|seq-mean-token-sum-norm")
    }

    static let corrections: [(name: String, correction: ImportanceCorrection)] = [
        ("GPPO + TIS token cap2|token-mean", .token),
        ("GPPO + TIS seq cap2|token-mean", .sequence),
    ]

    @Test(arguments: corrections)
    func `truncated importance sampling weighs loss and gradient`(
        name: String, correction: ImportanceCorrection
    ) throws {
        let loss = PolicyLoss(objective: Objective(.gppo))
        try expect(Self.evaluate(loss, .tokenMean, Self.sequences(correction: correction)), name)
    }

    @Test func `the SFT loss on positives is normalised by the tokens of positives alone`() throws {
        let loss = PolicyLoss(objective: Objective(.gppo), positiveCoefficient: 0.1)
        let name = "GPPO + 0.1 LM, positive = sequence 1|token-mean"
        try expect(Self.evaluate(loss, .tokenMean, Self.sequences()), name)
        let split = Self.evaluate(loss, .tokenMean, Self.sequences(), microBatches: [[1], [2], [0]])
        try expect(split, name)
    }

    @Test func `the released token mean depends on the micro-batches, ours does not`() {
        let loss = PolicyLoss(objective: Objective(.gppo))
        let alone = [[0], [1], [2]]
        let released = Self.evaluate(loss, .tokenMeanOfMicroBatches, Self.sequences(), microBatches: alone)
        #expect(agree(released.loss, -0.0373333333333333))
        let together = Self.evaluate(loss, .tokenMeanOfMicroBatches, Self.sequences())
        #expect(agree(together.loss, -0.3626666666666667))
        for aggregation in Aggregation.allCases where aggregation != .tokenMeanOfMicroBatches {
            let whole = Self.evaluate(loss, aggregation, Self.sequences())
            for microBatches in [alone, [[2, 0], [1]], [[1], [0, 2]]] {
                let parts = Self.evaluate(loss, aggregation, Self.sequences(), microBatches: microBatches)
                #expect(agree(parts.loss, whole.loss, within: 1e-15), "\(aggregation)")
                #expect(parts.gradient == whole.gradient, "\(aggregation)")
            }
        }
    }

    @Test func `the mean of token sums is three times smaller than the sum`() {
        let loss = PolicyLoss(objective: Objective(.clip))
        let mean = Self.evaluate(loss, .sequenceMeanOfTokenSums, Self.sequences())
        let sum = Self.evaluate(loss, .sumOverScale, Self.sequences(), scale: 1)
        #expect(agree(mean.loss * 3, sum.loss))
    }

    @Test(arguments: [KLPenalty.k2, .k3])
    func `the gradient of the whole loss is its slope`(penalty: KLPenalty) {
        let loss = PolicyLoss(
            objective: Objective(.gppo).with { ($0.epsilonLow, $0.epsilonHigh) = (0.9, 9) }, penalty: penalty,
            penaltyCoefficient: 0.3, positiveCoefficient: 0.1)
        let sequences = Self.sequences(correction: .token)
        let whole = Self.evaluate(loss, .tokenMean, sequences)
        let step = 1e-5
        for s in 0..<3 {
            for t in sequences[s].logprobs.indices {
                var above = sequences
                above[s].logprobs[t] += step
                var below = sequences
                below[s].logprobs[t] -= step
                let difference =
                    Self.evaluate(loss, .tokenMean, above).loss - Self.evaluate(loss, .tokenMean, below).loss
                #expect(agree(whole.gradient[s][t], difference / (2 * step), within: 1e-8))
            }
        }
    }

    @Test func `a batch without positives, and sequences without tokens, add nothing`() {
        let loss = PolicyLoss(objective: Objective(.gppo), positiveCoefficient: 0.1)
        let nothing = LossSequence(logprobs: [], behaviour: [], advantage: 1)
        for aggregation in Aggregation.allCases {
            let ours = Self.evaluate(loss, aggregation, [nothing, nothing], microBatches: [[0, 1]])
            #expect(ours.loss == 0)
            #expect(ours.gradient == [[], []])
        }
    }

    private func expect(_ ours: (loss: Double, gradient: [[Double]]), _ name: String) throws {
        let golden = try #require(try Vectors.batches()[name], "\(name)")
        #expect(agree(ours.loss, golden.loss), "\(name): \(ours.loss)")
        for (row, expected) in zip(ours.gradient, golden.grad) {
            for (a, b) in zip(row, expected) { #expect(agree(a, b), "\(name)") }
            // The rest is padding, where nothing may flow.
            #expect(expected.dropFirst(row.count).allSatisfy { $0 == 0 })
        }
    }
}
