// The kernels that go over flat memory or rows: exp, log, norm, gate, embedding, optimiser, sums.
import CKernels
import Glibc
import Testing

private let dims = [1, 3, 8, 15, 16, 17, 32, 35, 96, 128, 384, 512]

/// How many representable floats lie between `value` and the rounded `exact`.
private func ulps(_ value: Float, _ exact: Double) -> Int {
    abs(Int(Int32(bitPattern: value.bitPattern)) - Int(Int32(bitPattern: Float(exact).bitPattern)))
}

@Suite struct KernelElementwiseTests {
    @Test(arguments: kernelLevels)
    func `exp and log are within two units in the last place`(level: Int32) {
        atKernelLevel(level) {
            var samples = KernelSamples(seed: 1)
            let x = samples.floats(20_000, scale: 86.5)
            var y = x
            ck_exp(&y, x, x.count)
            #expect(zip(y, x).allSatisfy { ulps($0, exp(Double($1))) <= 2 })
            let positive = y + samples.floats(20_000, scale: 0.4).map { $0 + 1 }
            var logarithms = positive
            ck_log(&logarithms, positive, positive.count)
            #expect(zip(logarithms, positive).allSatisfy { ulps($0, log(Double($1))) <= 2 })
        }
    }

    @Test(arguments: kernelLevels)
    func `exp and log keep to their edges`(level: Int32) {
        atKernelLevel(level) {
            let x: [Float] = [.infinity, -.infinity, .nan, 88.72, 88.73, -86.7, 0, -0.0]
            var y = x
            ck_exp(&y, x, x.count)
            #expect(y[0] == .infinity && y[1] == 0 && y[2].isNaN && y[3].isFinite && y[4] == .infinity && y[5] == 0)
            #expect(y[6] == 1 && y[7] == 1)
            let z: [Float] = [.infinity, -.infinity, .nan, 0, -1, 1, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
            ck_log(&y, z, z.count)
            #expect(y[0] == .infinity && y[1].isNaN && y[2].isNaN && y[3] == -.infinity && y[4].isNaN && y[5] == 0)
            #expect(y[6] == -.infinity && ulps(y[7], log(Double(z[7]))) <= 2)
        }
    }

    @Test(arguments: kernelLevels)
    func `a value's exp and log ignore its place in the vector`(level: Int32) {
        atKernelLevel(level) {
            var samples = KernelSamples(seed: 2)
            let x = samples.floats(37, scale: 20)
            var whole = x
            ck_exp(&whole, x, 37)
            for start in 0..<37 {
                var part = Array(x[start...])
                ck_exp(&part, part.map { $0 }, part.count)
                #expect(sameBits(part[...], whole[start...]))
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the norm and its gradient agree with the reference`(level: Int32) {
        atKernelLevel(level) {
            for dim in dims {
                var samples = KernelSamples(seed: 3)
                let (x, dy, weight) = (samples.floats(11 * dim), samples.floats(11 * dim), samples.floats(dim))
                var (y, expectedY) = (x, x)
                var (rstd, expectedRstd) = ([Float](repeating: 0, count: 11), [Float](repeating: 0, count: 11))
                ck_rmsnorm_forward(&y, &rstd, x, weight, 11, dim, 1e-6)
                ck_rmsnorm_forward_reference(&expectedY, &expectedRstd, x, weight, 11, dim, 1e-6)
                #expect(kernelError(y, expectedY) < 1e-6)
                #expect(kernelError(rstd, expectedRstd) < 1e-6)
                for accumulate in [false, true] {
                    var (dx, dweight) = (samples.floats(11 * dim), samples.floats(dim))
                    var (expectedX, expectedWeight) = (dx, dweight)
                    ck_rmsnorm_backward(&dx, &dweight, dy, x, weight, rstd, 11, dim, accumulate)
                    ck_rmsnorm_backward_reference(
                        &expectedX, &expectedWeight, dy, x, weight, rstd, 11, dim, accumulate)
                    #expect(kernelError(dx, expectedX) < 1e-5 && kernelError(dweight, expectedWeight) < 1e-5)
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a normalised row has the same bits alone`(level: Int32) {
        atKernelLevel(level) {
            var samples = KernelSamples(seed: 4)
            let (x, weight) = (samples.floats(9 * 131), samples.floats(131))
            var whole = x
            ck_rmsnorm_forward(&whole, nil, x, weight, 9, 131, 1e-6)
            for row in 0..<9 {
                var one = Array(x[row * 131..<(row + 1) * 131])
                ck_rmsnorm_forward(&one, nil, one.map { $0 }, weight, 1, 131, 1e-6)
                #expect(sameBits(one[...], whole[row * 131..<(row + 1) * 131]))
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the gate and its gradient agree with the reference, in place too`(level: Int32) {
        atKernelLevel(level) {
            for dim in dims {
                var samples = KernelSamples(seed: 5)
                let count = 3 * dim
                let (gate, up, dy) = (samples.floats(count, scale: 12), samples.floats(count), samples.floats(count))
                var (y, expected) = (gate, gate)
                ck_swiglu_forward(&y, gate, up, 3, dim, dim, dim)
                ck_swiglu_forward_reference(&expected, gate, up, count)
                #expect(kernelError(y, expected) < 2e-6)
                var (dgate, dup, expectedGate, expectedUp) = (gate, up, gate, up)
                dgate.withUnsafeMutableBufferPointer { g in
                    dup.withUnsafeMutableBufferPointer { u in
                        ck_swiglu_backward(
                            g.baseAddress, u.baseAddress, dy, g.baseAddress, u.baseAddress, 3, dim, dim, dim)
                    }
                }
                ck_swiglu_backward_reference(&expectedGate, &expectedUp, dy, gate, up, count)
                #expect(kernelError(dgate, expectedGate) < 4e-6 && kernelError(dup, expectedUp) < 4e-6)
            }
        }
    }

    @Test func `the gate is flat at both ends`() {
        let gate: [Float] = [200, -200, 88.9, -88.9, 0]
        var y = gate
        ck_swiglu_forward(&y, gate, [1, 1, 1, 1, 1], 1, 5, 5, 5)
        #expect(y[0] == 200 && y[2] == 88.9 && y[4] == 0)
        #expect(abs(y[1]) < 1e-30 && abs(y[3]) < 1e-30)
    }

    @Test(arguments: kernelLevels)
    func `embedding rows come out by id, and gradients add up for an id that repeats`(level: Int32) {
        atKernelLevel(level) {
            var samples = KernelSamples(seed: 6)
            let table = samples.floats(5 * 19)
            let ids: [Int32] = [4, 0, 4, 2]
            var rows = [Float](repeating: 0, count: 4 * 19)
            ck_embedding_gather(&rows, table, ids, 4, 19)
            for (row, id) in ids.enumerated() {
                #expect(sameBits(rows[row * 19..<(row + 1) * 19], table[Int(id) * 19..<Int(id + 1) * 19]))
            }
            var gradient = [Float](repeating: 0, count: 5 * 19)
            ck_embedding_scatter_add(&gradient, rows, ids, 4, 19)
            #expect(sameBits(gradient[(4 * 19)...], table[(4 * 19)...].map { $0 + $0 }[...]))
            #expect(gradient[19..<38].allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: kernelLevels)
    func `the optimiser agrees with the reference over steps`(level: Int32) {
        atKernelLevel(level) {
            for count in [1, 16, 35, 1000] {
                var samples = KernelSamples(seed: 7)
                var (param, m) = (samples.floats(count), samples.floats(count))
                var v = samples.floats(count).map { $0 * $0 }
                var (expectedParam, expectedM, expectedV) = (param, m, v)
                for step in 1...5 as ClosedRange<UInt64> {
                    let grad = samples.floats(count)
                    ck_adamw(&param, &m, &v, grad, count, 0.01, 0.9, 0.99, 1e-8, 0.1, step, 0.5)
                    ck_adamw_reference(
                        &expectedParam, &expectedM, &expectedV, grad, count, 0.01, 0.9, 0.99, 1e-8, 0.1, step, 0.5)
                }
                #expect(kernelError(param, expectedParam) < 1e-5)
                #expect(kernelError(m, expectedM) < 1e-6 && kernelError(v, expectedV) < 1e-6)
            }
        }
    }

    @Test func `a sum of squares has the same bits at every level`() {
        var samples = KernelSamples(seed: 8)
        for count in [0, 1, 15, 16, 17, 1000] {
            let x = samples.floats(count)
            var sums: [Double] = []
            for level in kernelLevels { atKernelLevel(level) { sums.append(ck_sum_of_squares(x, count)) } }
            #expect(Set(sums.map(\.bitPattern)).count == 1)
            #expect(abs(sums[0] - x.reduce(0) { $0 + Double($1) * Double($1) }) <= 1e-12 * Double(count))
        }
    }

    @Test(arguments: kernelLevels)
    func `sums and scaling write only what they are given`(level: Int32) {
        atKernelLevel(level) {
            for count in 0...40 {
                var y = [Float](repeating: 2, count: 48)
                ck_add(&y, [Float](repeating: 3, count: 48), count)
                ck_scale(&y, 0.5, count)
                #expect(y[..<count].allSatisfy { $0 == 2.5 } && y[count...].allSatisfy { $0 == 2 })
            }
        }
    }
}
