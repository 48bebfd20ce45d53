// Attention forward, decode and backward against the reference, and the promise that decoding repeats training's bits.
import CKernels
import Testing

/// One sequence's queries, keys and values, dense.
private struct Sequence {
    let tokens: Int
    let heads: Int
    let kvHeads: Int
    let dim: Int
    let scale: Float
    let q: [Float]
    let k: [Float]
    let v: [Float]

    var queryWidth: Int { heads * dim }
    var keyWidth: Int { kvHeads * dim }

    init(_ tokens: Int, _ heads: Int, _ kvHeads: Int, _ dim: Int, seed: UInt64 = 1) {
        var samples = KernelSamples(seed: seed)
        (self.tokens, self.heads, self.kvHeads, self.dim) = (tokens, heads, kvHeads, dim)
        scale = 3 / Float(dim).squareRoot()
        q = samples.floats(tokens * heads * dim)
        k = samples.floats(tokens * kvHeads * dim)
        v = samples.floats(tokens * kvHeads * dim)
    }

    /// `rows` packed as keys, NaN where nothing was written: whatever is read there would show.
    func packed(_ rows: [Float]) -> [Float] {
        var packed = [Float](repeating: .nan, count: ck_packed_keys_size(tokens, kvHeads, dim))
        ck_pack_keys(&packed, rows, 0, tokens, kvHeads, dim, keyWidth)
        return packed
    }

    /// Output rows and log-sum-exps of the positions from `past` on.
    func forward(past: Int = 0) -> (out: [Float], lse: [Float]) {
        let count = tokens - past
        var out = [Float](repeating: .nan, count: count * queryWidth)
        var lse = [Float](repeating: .nan, count: count * heads)
        ck_attention_forward(
            &out, &lse, Array(q[(past * queryWidth)...]), packed(k), v, past, count, heads, kvHeads, dim, queryWidth,
            keyWidth, queryWidth, scale)
        return (out, lse)
    }
}

private let shapes: [(heads: Int, kvHeads: Int, dim: Int)] = [
    (4, 2, 32), (4, 4, 16), (8, 2, 8), (3, 1, 40), (2, 1, 64), (2, 2, 6), (1, 1, 100), (2, 1, 256),
]
private let lengths = [1, 2, 5, 16, 17, 63, 64, 65, 100, 130]

@Suite struct KernelAttentionTests {
    @Test(arguments: kernelLevels)
    func `forward agrees with the reference`(level: Int32) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                for tokens in lengths {
                    let sequence = Sequence(tokens, heads, kvHeads, dim)
                    var out = [Float](repeating: 0, count: tokens * heads * dim)
                    var lse = [Float](repeating: 0, count: tokens * heads)
                    ck_attention_forward_reference(
                        &out, &lse, sequence.q, sequence.k, sequence.v, 0, tokens, heads, kvHeads, dim, sequence.scale)
                    let result = sequence.forward()
                    #expect(kernelError(result.out, out) < 4e-6, "\(tokens) x \(heads) \(kvHeads) \(dim)")
                    #expect(kernelError(result.lse, lse) < 2e-6, "\(tokens) x \(heads) \(kvHeads) \(dim)")
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a decode step has the bits of its row in the whole forward`(level: Int32) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                let sequence = Sequence(131, heads, kvHeads, dim, seed: 2)
                let whole = sequence.forward()
                let width = sequence.queryWidth
                var cache = [Float](repeating: .nan, count: ck_packed_keys_size(131, kvHeads, dim))
                var values = [Float](repeating: .nan, count: sequence.v.count)
                for position in 0..<131 {
                    let range = position * sequence.keyWidth..<(position + 1) * sequence.keyWidth
                    ck_pack_keys(&cache, Array(sequence.k[range]), position, 1, kvHeads, dim, sequence.keyWidth)
                    values.replaceSubrange(range, with: sequence.v[range])
                    let row = position * width..<(position + 1) * width
                    var out = [Float](repeating: .nan, count: width)
                    var lse = [Float](repeating: .nan, count: heads)
                    ck_attention_forward(
                        &out, &lse, Array(sequence.q[row]), cache, values, position, 1, heads, kvHeads, dim, width,
                        sequence.keyWidth, width, sequence.scale)
                    #expect(sameBits(out[...], whole.out[row]), "position \(position), \(heads) \(kvHeads) \(dim)")
                    #expect((0..<heads).allSatisfy { lse[$0] == whole.lse[$0 * 131 + position] })
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `a sequence read in two pieces has the bits of one`(level: Int32) {
        atKernelLevel(level) {
            let sequence = Sequence(150, 4, 2, 32, seed: 3)
            let whole = sequence.forward().out
            for past in [1, 15, 16, 63, 64, 65, 100, 149] {
                #expect(sameBits(sequence.forward(past: past).out[...], whole[(past * 128)...]), "past \(past)")
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `nothing after a position reaches it, not even a NaN`(level: Int32) {
        atKernelLevel(level) {
            let clean = Sequence(40, 2, 1, 32, seed: 4)
            var k = clean.k
            var v = clean.v
            for index in 21 * 32..<40 * 32 {
                k[index] = .nan
                v[index] = .infinity
            }
            var out = [Float](repeating: 0, count: 40 * 64)
            ck_attention_forward(&out, nil, clean.q, clean.packed(k), v, 0, 40, 2, 1, 32, 64, 32, 64, clean.scale)
            #expect(sameBits(out[..<(21 * 64)], clean.forward().out[..<(21 * 64)]))
            #expect(out[(21 * 64)...].contains { $0.isNaN })
        }
    }

    @Test(arguments: kernelLevels)
    func `scores far apart neither overflow nor lose the greatest`(level: Int32) {
        atKernelLevel(level) {
            let sequence = Sequence(100, 1, 1, 16, seed: 5)
            let loud = sequence.q.map { $0 * 1000 }
            var out = [Float](repeating: 0, count: 1600)
            var lse = [Float](repeating: 0, count: 100)
            var expected = out
            var expectedSums = lse
            ck_attention_forward(
                &out, &lse, loud, sequence.packed(sequence.k), sequence.v, 0, 100, 1, 1, 16, 16, 16, 16, 1)
            ck_attention_forward_reference(
                &expected, &expectedSums, loud, sequence.k, sequence.v, 0, 100, 1, 1, 16, 1)
            // Scores are sums of 16 products of up to 1,000, rounded in fp32: absolute errors of 1e-3 are possible.
            #expect(kernelError(out, expected) < 2e-3)
            #expect(kernelError(lse, expectedSums) < 1e-4)
        }
    }

    @Test(arguments: kernelLevels)
    func `backward agrees with the reference`(level: Int32) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                for tokens in lengths where tokens != 16 {
                    let s = Sequence(tokens, heads, kvHeads, dim, seed: 6)
                    var samples = KernelSamples(seed: 7)
                    let dout = samples.floats(s.q.count)
                    let forward = s.forward()
                    var (dq, dk, dv) = (s.q, s.k, s.v)
                    ck_attention_backward(
                        &dq, &dk, &dv, dout, forward.out, forward.lse, s.q, s.k, s.packed(s.k), s.packed(s.v), tokens,
                        heads, kvHeads, dim, s.queryWidth, s.keyWidth, s.keyWidth, s.queryWidth, s.scale)
                    var (expectedQ, expectedK, expectedV) = (s.q, s.k, s.v)
                    ck_attention_backward_reference(
                        &expectedQ, &expectedK, &expectedV, dout, s.q, s.k, s.v, tokens, heads, kvHeads, dim, s.scale)
                    #expect(kernelError(dq, expectedQ) < 1e-5, "dq \(tokens) \(heads) \(kvHeads) \(dim)")
                    #expect(kernelError(dk, expectedK) < 1e-5, "dk \(tokens) \(heads) \(kvHeads) \(dim)")
                    #expect(kernelError(dv, expectedV) < 1e-5, "dv \(tokens) \(heads) \(kvHeads) \(dim)")
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `rotation agrees with the reference and its inverse undoes it`(level: Int32) {
        atKernelLevel(level) {
            for dim in [2, 6, 8, 32, 40, 64, 128] {
                var samples = KernelSamples(seed: 8)
                let angles = (0..<(20 * dim / 2)).map { _ in samples.next() * 3 }
                let (cosines, sines) = (angles.map { cosine($0) }, angles.map { sine($0) })
                let positions: [Int32] = [0, 3, 19, 3, 7]
                let x = samples.floats(5 * (3 * dim + 4))
                var (rotated, expected) = (x, x)
                ck_rope(&rotated, cosines, sines, positions, 5, 3, dim, 3 * dim + 4, false)
                ck_rope_reference(&expected, cosines, sines, positions, 5, 3, dim, 3 * dim + 4, false)
                #expect(kernelError(rotated, expected) < 1e-6)
                ck_rope(&rotated, cosines, sines, positions, 5, 3, dim, 3 * dim + 4, true)
                #expect(kernelError(rotated, x) < 2e-6)
            }
        }
    }

    /// Taylor series in double precision: enough for angles within a turn, and independent of the library's own.
    private func sine(_ x: Float) -> Float {
        var (term, sum) = (Double(x), Double(x))
        for n in 1...14 {
            term *= -Double(x) * Double(x) / Double(2 * n * (2 * n + 1))
            sum += term
        }
        return Float(sum)
    }

    private func cosine(_ x: Float) -> Float { sine(x + Float.pi / 2) }
}
