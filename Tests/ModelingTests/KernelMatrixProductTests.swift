// The matrix products against their references over odd shapes, and their promise that a row's bits ignore the batch.
import CKernels
import Testing

/// y[m, n] = x[m, k] * w[n, k]^T with its operands.
private struct Product {
    let m: Int
    let n: Int
    let k: Int
    let x: [Float]
    let w: [Float]
    let packed: [Float]

    init(_ m: Int, _ n: Int, _ k: Int, seed: UInt64) {
        var samples = KernelSamples(seed: seed)
        (self.m, self.n, self.k) = (m, n, k)
        x = samples.floats(m * k)
        w = samples.floats(n * k)
        var packed = [Float](repeating: .nan, count: ck_packed_size(n, k))
        ck_pack_nt(&packed, w, n, k)
        self.packed = packed
    }

    /// The product of the rows in `range` alone.
    func rows(_ range: Range<Int>) -> [Float] {
        var y = [Float](repeating: .nan, count: range.count * n)
        x.withUnsafeBufferPointer { x in
            let first = x.baseAddress.map { $0 + range.lowerBound * k }
            ck_matmul_packed(&y, first, packed, range.count, n, k, false, k, n)
        }
        return y
    }
}

private let sizes = [1, 3, 8, 32, 35, 96, 128, 384, 512]

/// For each m from 1 to 70, two of the 81 pairs of sizes; over all m every pair comes up.
private let shapes: [(m: Int, n: Int, k: Int)] = (1...70).flatMap { m in
    (0..<2).map { turn in
        let pair = (m * 2 + turn) * 13 % 81
        return (m, sizes[pair / 9], sizes[pair % 9])
    }
}

private let tolerance: Float = 2e-5

@Suite struct KernelMatrixProductTests {
    @Test(arguments: kernelLevels)
    func `packed products agree with the reference on every odd shape`(level: Int32) {
        atKernelLevel(level) {
            for shape in shapes {
                let product = Product(shape.m, shape.n, shape.k, seed: UInt64(shape.m))
                var expected = [Float](repeating: 0, count: shape.m * shape.n)
                ck_matmul_nt_reference(
                    &expected, product.x, product.w, shape.m, shape.n, shape.k, false, shape.k, shape.n)
                #expect(kernelError(product.rows(0..<shape.m), expected) < tolerance, "\(shape)")
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a weight packed the other way gives the gradient of the input`(level: Int32) {
        atKernelLevel(level) {
            for (m, n, k) in shapes where m % 3 == 0 {
                var samples = KernelSamples(seed: 3)
                let dy = samples.floats(m * n)
                let w = samples.floats(n * k)
                var packed = [Float](repeating: .nan, count: ck_packed_size(k, n))
                ck_pack_nn(&packed, w, n, k)
                var dx = samples.floats(m * k)
                var expected = dx
                ck_matmul_packed(&dx, dy, packed, m, k, n, true, n, k)
                ck_matmul_nn_reference(&expected, dy, w, m, n, k, true, n, k)
                #expect(kernelError(dx, expected) < tolerance, "\(m) \(n) \(k)")
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the weight gradient agrees with the reference and accumulates`(level: Int32) {
        let long = [(m: 127, n: 35, k: 40), (m: 129, n: 15, k: 130), (m: 300, n: 33, k: 257), (m: 260, n: 250, k: 70)]
        atKernelLevel(level) {
            for (m, n, k) in shapes.filter({ $0.m % 4 == 1 }) + long {
                var samples = KernelSamples(seed: 4)
                let dy = samples.floats(m * n)
                let x = samples.floats(m * k)
                for accumulate in [false, true] {
                    var dw = samples.floats(n * k)
                    var expected = dw
                    ck_matmul_tn(&dw, dy, x, m, n, k, accumulate, n, k)
                    ck_matmul_tn_reference(&expected, dy, x, m, n, k, accumulate, n, k)
                    #expect(kernelError(dw, expected) < tolerance, "\(m) \(n) \(k)")
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a row has the same bits in every batch size and at every place`(level: Int32) {
        atKernelLevel(level) {
            for (n, k) in [(1, 3), (35, 33), (96, 128), (160, 64), (384, 128)] {
                let product = Product(70, n, k, seed: 5)
                let whole = product.rows(0..<70)
                for size in 1...70 {
                    let start = (70 - size) / 2
                    let part = product.rows(start..<start + size)
                    #expect(sameBits(part[...], whole[start * n..<(start + size) * n]), "\(size) rows of \(n) \(k)")
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a row in a batch of thousands has the bits it has alone`(level: Int32) {
        atKernelLevel(level) {
            let product = Product(2048, 32, 96, seed: 6)
            let whole = product.rows(0..<2048)
            for row in [0, 1, 337, 338, 1023, 2046, 2047] {
                #expect(sameBits(product.rows(row..<row + 1)[...], whole[row * 32..<(row + 1) * 32]))
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `strides leave what lies between the rows untouched`(level: Int32) {
        atKernelLevel(level) {
            let product = Product(9, 35, 33, seed: 7)
            var samples = KernelSamples(seed: 8)
            var wideInput = samples.floats(9 * 50)
            for row in 0..<9 {
                wideInput.replaceSubrange(row * 50..<row * 50 + 33, with: product.x[row * 33..<(row + 1) * 33])
            }
            var y = [Float](repeating: 7, count: 9 * 64)
            ck_matmul_packed(&y, wideInput, product.packed, 9, 35, 33, false, 50, 64)
            let dense = product.rows(0..<9)
            for row in 0..<9 {
                #expect(sameBits(y[row * 64..<row * 64 + 35], dense[row * 35..<(row + 1) * 35]))
                #expect(y[row * 64 + 35..<(row + 1) * 64].allSatisfy { $0 == 7 })
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `accumulating goes on from what is there, row by row`(level: Int32) {
        atKernelLevel(level) {
            for k in [64, 1024, 2500] {
                let product = Product(17, 40, k, seed: 9)
                var samples = KernelSamples(seed: 10)
                let before = samples.floats(17 * 40)
                var (y, expected) = (before, before)
                ck_matmul_packed(&y, product.x, product.packed, 17, 40, k, true, k, 40)
                ck_matmul_nt_reference(&expected, product.x, product.w, 17, 40, k, true, k, 40)
                #expect(kernelError(y, expected) < tolerance)
                var row = Array(before[200..<240])
                ck_matmul_packed(&row, Array(product.x[(5 * k)...]), product.packed, 1, 40, k, true, k, 40)
                #expect(sameBits(row[...], y[200..<240]))
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `rows far apart and a long k change no bit either`(level: Int32) {
        // Strides of a multiple of 1,024 and more than 8 rows go through copies, in pieces of k.
        atKernelLevel(level) {
            for (m, n, k) in [(30, 35, 1024), (70, 64, 2500), (9, 33, 3072)] {
                let product = Product(m, n, k, seed: 12)
                let dense = product.rows(0..<m)
                var (spread, y) = ([Float](repeating: .nan, count: m * 4096), dense)
                for row in 0..<m {
                    spread.replaceSubrange(row * 4096..<row * 4096 + k, with: product.x[row * k..<(row + 1) * k])
                }
                ck_matmul_packed(&y, spread, product.packed, m, n, k, false, 4096, n)
                #expect(sameBits(y, dense), "\(m) \(n) \(k)")
                #expect(sameBits(product.rows(7..<8)[...], dense[7 * n..<8 * n]))
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the same call gives the same bits again`(level: Int32) {
        atKernelLevel(level) {
            var samples = KernelSamples(seed: 11)
            let dy = samples.floats(200 * 35)
            let x = samples.floats(200 * 130)
            let gradients = (0..<3).map { _ in
                var dw = [Float](repeating: .nan, count: 35 * 130)
                ck_matmul_tn(&dw, dy, x, 200, 35, 130, false, 35, 130)
                return dw
            }
            #expect(sameBits(gradients[0], gradients[1]) && sameBits(gradients[0], gradients[2]))
        }
    }

    @Test(arguments: kernelLevels)
    func `no rows and no inputs are not an error`(level: Int32) {
        atKernelLevel(level) {
            var y: [Float] = [1, 2, 3]
            ck_matmul_packed(&y, [], [], 0, 3, 0, false, 0, 3)
            #expect(y == [1, 2, 3])
            ck_matmul_packed(&y, [], [Float](), 1, 3, 0, false, 0, 3)
            #expect(y == [0, 0, 0])
            var dw: [Float] = [1, 2, 3, 4]
            ck_matmul_tn(&dw, [], [], 0, 2, 2, true, 2, 2)
            #expect(dw == [1, 2, 3, 4])
            ck_matmul_tn(&dw, [], [], 0, 2, 2, false, 2, 2)
            #expect(dw == [0, 0, 0, 0])
        }
    }

    @Test func `levels can only be lowered, and only on this thread`() {
        let best = ck_level()
        ck_override_level_on_this_thread(CK_LEVEL_PORTABLE)
        #expect(ck_level() == CK_LEVEL_PORTABLE)
        ck_override_level_on_this_thread(99)
        #expect(ck_level() == best)
        ck_override_level_on_this_thread(-1)
        #expect(ck_level() == best)
    }
}
