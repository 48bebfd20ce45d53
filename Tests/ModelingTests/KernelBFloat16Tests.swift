// The bf16 products against double precision on rounded operands, and the promises they share with the fp32 ones.
import CKernels
import Testing

/// y[m, n] = x[m, k] * w[n, k]^T in bf16 with its operands; x has NaN between its rows.
private struct Product {
    let m: Int
    let n: Int
    let k: Int
    let x: [Float]
    let w: [Float]
    let packed: [UInt16]

    var ldx: Int { k + 5 }

    init(_ m: Int, _ n: Int, _ k: Int, seed: UInt64) {
        var samples = KernelSamples(seed: seed)
        (self.m, self.n, self.k) = (m, n, k)
        x = (0..<m).flatMap { _ in samples.floats(k) + [Float](repeating: .nan, count: 5) }
        w = samples.floats(n * k)
        var packed = [UInt16](repeating: 0x7fff, count: ck_packed_bf16_size(n, k))
        ck_pack_nt_bf16(&packed, w, n, k)
        self.packed = packed
    }

    /// The product of the rows in `range` alone.
    func rows(_ range: Range<Int>) -> [Float] {
        var y = [Float](repeating: .nan, count: range.count * n)
        ck_matmul_packed_bf16(&y, Array(x[(range.lowerBound * ldx)...]), packed, range.count, n, k, false, ldx, n)
        return y
    }
}

/// `values` rounded to bf16 by the reference.
private func rounded(_ values: [Float]) -> [Float] {
    var values = values
    ck_round_to_bf16_reference(&values, values.count)
    return values
}

private let sizes = [1, 3, 8, 33, 96, 257, 1025]

/// For each m, two of the 49 pairs of sizes.
private let shapes: [(m: Int, n: Int, k: Int)] = (1...49).flatMap { m in
    (0..<2).map { turn in
        let pair = (m * 2 + turn) * 11 % 49
        return (m, sizes[pair / 7], sizes[pair % 7])
    }
}

private let tolerance: Float = 3e-5

@Suite struct KernelBFloat16Tests {
    @Test func `weights are rounded to the nearest, ties to even`() {
        // 1 + 2^-8 lies between 1 and 1 + 2^-7; the greatest float rounds to infinity.
        let cases: [(Float, Float)] = [
            (1.003_906_25, 1), (1.003_906_4, 1.007_812_5), (1.011_718_75, 1.015_625), (-1.011_718_75, -1.015_625),
            (3.402_823_5e38, .infinity), (3.389_531_4e38, 3.389_531_4e38), (0, 0), (-.infinity, -.infinity),
            (0.1, 0.100_097_656_25), (3.141_592_7, 3.140_625),
        ]
        for (value, expected) in cases {
            var packed = [UInt16](repeating: 0, count: ck_packed_bf16_size(1, 1))
            ck_pack_nt_bf16(&packed, [value], 1, 1)
            #expect(Float(bitPattern: UInt32(packed[0]) << 16) == expected, "\(value)")
            #expect(rounded([value]) == [expected], "\(value), reference")
        }
        var packed = [UInt16](repeating: 0, count: ck_packed_bf16_size(1, 1))
        ck_pack_nt_bf16(&packed, [.nan], 1, 1)
        #expect(Float(bitPattern: UInt32(packed[0]) << 16).isNaN)
    }

    @Test(arguments: kernelLevels)
    func `packed products agree with the reference on every odd shape`(level: Int32) {
        atKernelLevel(level) {
            for (m, n, k) in shapes {
                let product = Product(m, n, k, seed: UInt64(m))
                var expected = [Float](repeating: 0, count: m * n)
                ck_matmul_nt_reference(
                    &expected, rounded(product.x), rounded(product.w), m, n, k, false, product.ldx, n)
                #expect(kernelError(product.rows(0..<m), expected) < tolerance, "\(m) \(n) \(k)")
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a weight packed the other way gives the gradient of the input, added to what is there`(level: Int32) {
        atKernelLevel(level) {
            for (m, n, k) in shapes where m % 3 == 0 {
                var samples = KernelSamples(seed: 3)
                let (dy, w) = (samples.floats(m * n), samples.floats(n * k))
                var packed = [UInt16](repeating: 0x7fff, count: ck_packed_bf16_size(k, n))
                ck_pack_nn_bf16(&packed, w, n, k)
                var dx = samples.floats(m * (k + 2))
                var expected = dx
                ck_matmul_packed_bf16(&dx, dy, packed, m, k, n, true, n, k + 2)
                ck_matmul_nn_reference(&expected, rounded(dy), rounded(w), m, n, k, true, n, k + 2)
                #expect(kernelError(dx, expected) < tolerance, "\(m) \(n) \(k)")
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `the weight gradient agrees with the reference and repeats its bits`(level: Int32) {
        let long = [(m: 255, n: 35, k: 40), (m: 257, n: 15, k: 300), (m: 515, n: 250, k: 70)]
        atKernelLevel(level) {
            for (m, n, k) in shapes.filter({ $0.m % 4 == 1 }) + long {
                var samples = KernelSamples(seed: 4)
                let (dy, x) = (samples.floats(m * n), samples.floats(m * k))
                for accumulate in [false, true] {
                    let before = samples.floats(n * k)
                    var (dw, again, expected) = (before, before, before)
                    ck_matmul_tn_bf16(&dw, dy, x, m, n, k, accumulate, n, k)
                    ck_matmul_tn_bf16(&again, dy, x, m, n, k, accumulate, n, k)
                    ck_matmul_tn_reference(&expected, rounded(dy), rounded(x), m, n, k, accumulate, n, k)
                    #expect(kernelError(dw, expected) < tolerance, "\(m) \(n) \(k)")
                    #expect(sameBits(dw, again))
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a row has the same bits in every batch size and at every place`(level: Int32) {
        atKernelLevel(level) {
            for (n, k) in [(1, 3), (35, 33), (96, 128), (160, 63), (40, 2049)] {
                let product = Product(70, n, k, seed: 5)
                let whole = product.rows(0..<70)
                for size in stride(from: 1, through: 70, by: k > 1000 ? 9 : 1) {
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
            for row in [0, 1, 503, 504, 1023, 2046, 2047] {
                #expect(sameBits(product.rows(row..<row + 1)[...], whole[row * 32..<(row + 1) * 32]))
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `strides leave what lies between the rows untouched`(level: Int32) {
        atKernelLevel(level) {
            let product = Product(9, 35, 33, seed: 7)
            var y = [Float](repeating: 7, count: 9 * 64)
            ck_matmul_packed_bf16(&y, product.x, product.packed, 9, 35, 33, false, product.ldx, 64)
            let dense = product.rows(0..<9)
            for row in 0..<9 {
                #expect(sameBits(y[row * 64..<row * 64 + 35], dense[row * 35..<(row + 1) * 35]))
                #expect(y[row * 64 + 35..<(row + 1) * 64].allSatisfy { $0 == 7 })
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `no rows and no inputs are not an error`(level: Int32) {
        atKernelLevel(level) {
            var y: [Float] = [1, 2, 3]
            ck_matmul_packed_bf16(&y, [], [], 0, 3, 0, false, 0, 3)
            #expect(y == [1, 2, 3])
            ck_matmul_packed_bf16(&y, [], [], 1, 3, 0, true, 0, 3)
            #expect(y == [1, 2, 3])
            ck_matmul_packed_bf16(&y, [], [], 1, 3, 0, false, 0, 3)
            #expect(y == [0, 0, 0])
            ck_matmul_tn_bf16(&y, [], [], 0, 3, 1, true, 3, 1)
            #expect(y == [0, 0, 0])
            y = [1, 2, 3]
            ck_matmul_tn_bf16(&y, [], [], 0, 3, 1, false, 3, 1)
            #expect(y == [0, 0, 0])
        }
    }

    @Test func `only the best level uses the hardware's bf16`() {
        for level in kernelLevels where level < CK_LEVEL_AVX512 {
            atKernelLevel(level) { #expect(!ck_has_bf16()) }
        }
    }
}
