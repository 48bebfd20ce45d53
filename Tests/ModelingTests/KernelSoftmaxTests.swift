// Softmax over the vocabulary: statistics, gradient and the sampler's row, against the reference and against each other.
import CKernels
import Testing

private let vocabularies = [1, 2, 15, 16, 17, 33, 300, 512]

/// Rows of logits with their targets.
private struct Rows {
    let v: Int
    let logits: [Float]
    let targets: [Int32]
    var logp = [Float](repeating: 0, count: 7)
    var entropy = [Float](repeating: 0, count: 7)
    var lse = [Float](repeating: 0, count: 7)

    init(_ v: Int, seed: UInt64 = 1) {
        var samples = KernelSamples(seed: seed)
        self.v = v
        logits = samples.floats(7 * v, scale: 9)
        targets = (0..<7).map { Int32($0 * 5 % v) }
        ck_log_softmax_stats(&logp, &entropy, &lse, logits, targets, 7, v, v, 0.7)
    }
}

@Suite struct KernelSoftmaxTests {
    @Test(arguments: kernelLevels)
    func `log-probability, entropy and log-sum-exp agree with the reference`(level: Int32) {
        atKernelLevel(level) {
            for v in vocabularies {
                let rows = Rows(v)
                var (logp, entropy, lse) = (rows.logp, rows.entropy, rows.lse)
                ck_log_softmax_stats_reference(&logp, &entropy, &lse, rows.logits, rows.targets, 7, v, 0.7)
                #expect(kernelError(rows.logp, logp) < 2e-6)
                #expect(kernelError(rows.entropy, entropy) < 3e-6)
                #expect(kernelError(rows.lse, lse) < 1e-6)
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the gradient agrees with the reference, with and without an entropy bonus`(level: Int32) {
        atKernelLevel(level) {
            for v in vocabularies {
                let rows = Rows(v)
                var samples = KernelSamples(seed: 2)
                let (coeff, bonus) = (samples.floats(7), samples.floats(7))
                var (gradient, expected) = (rows.logits, rows.logits)
                ck_log_softmax_backward(
                    &gradient, rows.targets, coeff, bonus, rows.lse, rows.entropy, 7, v, v, 0.7)
                ck_log_softmax_backward_reference(&expected, rows.logits, rows.targets, coeff, bonus, 7, v, 0.7)
                #expect(kernelError(gradient, expected) < 3e-6)
                gradient = rows.logits
                ck_log_softmax_backward(&gradient, rows.targets, coeff, nil, rows.lse, nil, 7, v, v, 0.7)
                ck_log_softmax_backward_reference(&expected, rows.logits, rows.targets, coeff, nil, 7, v, 0.7)
                #expect(kernelError(gradient, expected) < 3e-6)
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the sampler's row and the learner's log-probability have the same bits`(level: Int32) {
        atKernelLevel(level) {
            for v in vocabularies {
                let rows = Rows(v, seed: 3)
                for row in 0..<7 {
                    var out = [Float](repeating: 0, count: v)
                    let lse = ck_log_softmax_row(&out, Array(rows.logits[row * v..<(row + 1) * v]), v, 0.7)
                    #expect(lse == rows.lse[row])
                    #expect(out[Int(rows.targets[row])] == rows.logp[row])
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `probabilities sum to one and a row's gradient to nothing`(level: Int32) {
        atKernelLevel(level) {
            let rows = Rows(300, seed: 4)
            var gradient = rows.logits
            ck_log_softmax_backward(
                &gradient, rows.targets, [1, 1, 1, 1, 1, 1, 1], nil, rows.lse, nil, 7, 300, 300, 0.7)
            for row in 0..<7 {
                var out = [Float](repeating: 0, count: 300)
                _ = ck_log_softmax_row(&out, Array(rows.logits[row * 300..<(row + 1) * 300]), 300, 0.7)
                ck_exp(&out, out.map { $0 }, 300)
                #expect(abs(out.reduce(0, +) - 1) < 1e-5)
                #expect(abs(gradient[row * 300..<(row + 1) * 300].reduce(0, +)) < 1e-5)
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a forbidden token has no probability and spoils nothing`(level: Int32) {
        atKernelLevel(level) {
            let logits: [Float] = [1, -.infinity, 1, -.infinity]
            var (logp, entropy, lse) = ([Float](repeating: 0, count: 1), [Float](repeating: 0, count: 1), [Float(0)])
            ck_log_softmax_stats(&logp, &entropy, &lse, logits, [2], 1, 4, 4, 1)
            #expect(abs(logp[0] + 0.693_147_2) < 1e-6 && abs(entropy[0] - 0.693_147_2) < 1e-6)
            var gradient = logits
            ck_log_softmax_backward(&gradient, [2], [1], [1], lse, entropy, 1, 4, 4, 1)
            #expect(kernelError(gradient, [-0.5, 0, 0.5, 0]) < 1e-6)
        }
    }

    @Test(arguments: kernelLevels)
    func `great logits do not overflow`(level: Int32) {
        atKernelLevel(level) {
            var (logp, entropy, lse) = ([Float](repeating: 0, count: 1), [Float](repeating: 0, count: 1), [Float(0)])
            ck_log_softmax_stats(&logp, &entropy, &lse, [3e4, -3e4, 2.9e4], [0], 1, 3, 3, 1)
            #expect(logp == [0] && entropy == [0] && lse == [3e4])
        }
    }

    @Test(arguments: kernelLevels)
    func `the greatest is found wherever it is`(level: Int32) {
        atKernelLevel(level) {
            for count in 1...40 {
                for place in 0..<count {
                    var x = [Float](repeating: -2, count: count)
                    x[place] = -1
                    #expect(ck_max(x, count) == -1)
                }
            }
            #expect(ck_max([], 0) == -.infinity)
        }
    }
}
