// Attention over keys and values in pages, of fp32 or of bf16: the bits of the contiguous store, wherever the pages lie.
import CKernels
import Testing

/// A sequence whose keys and values lie both in one piece and in pages, the pages in a seeded random order in memory,
/// NaN wherever nothing was written.
private struct PagedSequence {
    let tokens: Int
    let heads: Int
    let kvHeads: Int
    let dim: Int
    let valueStride: Int
    let q: [Float]
    let keys: [Float]
    let values: [Float]
    let keyPages: [Float]
    let valuePages: [Float]
    let order: [Int]
    /// Whether keys and values are bf16 numbers, and the pages hold them as such.
    let half: Bool

    var queryWidth: Int { heads * dim }
    var pageKeys: Int { ck_packed_keys_size(Int(CK_PAGE), kvHeads, dim) }
    var pageValues: Int { Int(CK_PAGE) * valueStride }

    init(_ tokens: Int, _ heads: Int, _ kvHeads: Int, _ dim: Int, half: Bool, seed: UInt64) {
        self.half = half
        (self.tokens, self.heads, self.kvHeads, self.dim) = (tokens, heads, kvHeads, dim)
        var samples = KernelSamples(seed: seed)
        let page = Int(CK_PAGE)
        let width = kvHeads * dim
        let stride = width + 3
        valueStride = stride
        q = samples.floats(tokens * heads * dim, scale: 2)
        var (k, values) = (samples.floats(tokens * width), samples.floats(tokens * stride))
        if half {
            ck_round_bf16(&k, k.count)
            ck_round_bf16(&values, values.count)
        }
        self.values = values
        var keys = [Float](repeating: .nan, count: ck_packed_keys_size(tokens, kvHeads, dim))
        ck_pack_keys(&keys, k, 0, tokens, kvHeads, dim, width)
        self.keys = keys
        let count = (tokens + page - 1) / page
        order = (0..<count).map { ($0, samples.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
        let pageSize = ck_packed_keys_size(page, kvHeads, dim)
        var keyPages = [Float](repeating: .nan, count: count * pageSize)
        var valuePages = [Float](repeating: .nan, count: count * page * stride)
        for (index, place) in order.enumerated() {
            let rows = index * page..<min(tokens, (index + 1) * page)
            var packed = [Float](repeating: .nan, count: pageSize)
            ck_pack_keys(&packed, Array(k[(rows.lowerBound * width)...]), 0, rows.count, kvHeads, dim, width)
            keyPages.replaceSubrange(place * pageSize..<(place + 1) * pageSize, with: packed)
            let at = place * page * stride
            valuePages.replaceSubrange(
                at..<at + rows.count * stride, with: values[rows.lowerBound * stride..<rows.upperBound * stride])
        }
        (self.keyPages, self.valuePages) = (keyPages, valuePages)
    }

    /// Output rows, then log-sum-exps, of the positions `range`, from pages or from one piece.
    func forward(_ range: Range<Int>, paged: Bool) -> [Float] {
        var out = [Float](repeating: .nan, count: range.count * queryWidth)
        var lse = [Float](repeating: .nan, count: range.count * heads)
        let q = Array(q[(range.lowerBound * queryWidth)...])
        if paged, half {
            halves(keyPages).withUnsafeBufferPointer { keyPages in
                halves(valuePages).withUnsafeBufferPointer { valuePages in
                    let keys = order.map { place in keyPages.baseAddress.map { $0 + place * pageKeys } }
                    let values = order.map { place in valuePages.baseAddress.map { $0 + place * pageValues } }
                    ck_attention_forward_paged_bf16(
                        &out, &lse, q, keys, values, range.lowerBound, range.count, heads, kvHeads, dim, queryWidth,
                        valueStride, queryWidth, 0.3)
                }
            }
        } else if paged {
            keyPages.withUnsafeBufferPointer { keyPages in
                valuePages.withUnsafeBufferPointer { valuePages in
                    let keys = order.map { place in keyPages.baseAddress.map { $0 + place * pageKeys } }
                    let values = order.map { place in valuePages.baseAddress.map { $0 + place * pageValues } }
                    ck_attention_forward_paged(
                        &out, &lse, q, keys, values, range.lowerBound, range.count, heads, kvHeads, dim, queryWidth,
                        valueStride, queryWidth, 0.3)
                }
            }
        } else {
            ck_attention_forward(
                &out, &lse, q, keys, values, range.lowerBound, range.count, heads, kvHeads, dim, queryWidth,
                valueStride, queryWidth, 0.3)
        }
        return out + lse
    }
}

/// The upper halves: what bf16 numbers are.
private func halves(_ numbers: [Float]) -> [UInt16] { numbers.map { UInt16($0.bitPattern >> 16) } }

private let shapes: [(heads: Int, kvHeads: Int, dim: Int)] = [
    (8, 4, 32), (10, 5, 64), (4, 4, 16), (3, 1, 40), (2, 2, 6), (2, 1, 256),
]

@Suite struct KernelPagedAttentionTests {
    @Test(arguments: kernelLevels, [false, true])
    func `whole sequences have the bits of one contiguous store`(level: Int32, half: Bool) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                for tokens in [1, 2, 5, 16, 63, 64, 65, 127, 128, 129, 200] {
                    let sequence = PagedSequence(tokens, heads, kvHeads, dim, half: half, seed: UInt64(tokens))
                    let paged = sequence.forward(0..<tokens, paged: true)
                    #expect(sameBits(paged, sequence.forward(0..<tokens, paged: false)), "\(tokens) \(heads) \(dim)")
                    #expect(paged.allSatisfy { $0.isFinite })
                }
            }
        }
    }

    @Test(arguments: kernelLevels, [false, true])
    func `decode steps and pieces of a prompt do too, from any position on`(level: Int32, half: Bool) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                let sequence = PagedSequence(150, heads, kvHeads, dim, half: half, seed: 1)
                let whole = sequence.forward(0..<150, paged: true)
                for position in stride(from: 0, to: 150, by: 7) {
                    let row = sequence.forward(position..<position + 1, paged: true)
                    let width = sequence.queryWidth
                    #expect(sameBits(row[..<width], whole[position * width..<(position + 1) * width]))
                    let rest = sequence.forward(position..<150, paged: true)
                    #expect(sameBits(rest, sequence.forward(position..<150, paged: false)), "from \(position)")
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `rounding to bf16 is to nearest, ties to even, once, and what is packed is what was rounded`(level: Int32) {
        atKernelLevel(level) {
            var samples = KernelSamples(seed: 5)
            var x = samples.floats(1000, scale: 100)
            // Ties both ways, the greatest number that stays finite and the least that does not, subnormals, infinities.
            x += [0x3f80_8000, 0x3f81_8000, 0x7f7f_7fff, 0x7f7f_8000, 1, 0x8000_8001, 0x7f80_0000, 0xff80_0000, 0]
                .map { Float(bitPattern: $0) }
            for count in [x.count, x.count - 1, 7, 1, 0] {
                var (rounded, expected) = (Array(x[..<count]), Array(x[..<count]))
                ck_round_bf16(&rounded, count)
                ck_round_to_bf16_reference(&expected, count)
                #expect(sameBits(rounded, expected))
                let once = rounded
                ck_round_bf16(&rounded, count)
                #expect(sameBits(rounded, once))
                var packed = [UInt16](repeating: 7, count: count + 1)
                ck_pack_bf16(&packed, x, count)
                #expect(packed == halves(once) + [7])
            }
            var nans = [Float.nan, Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0xffff_ffff)]
            ck_round_bf16(&nans, 3)
            #expect(nans.allSatisfy { $0.isNaN && $0.bitPattern & 0xffff == 0 })
        }
    }

    @Test func `keys packed as bf16 are the packed keys rounded, and neighbours stay`() {
        for (heads, dim, first, rows) in [(4, 32, 0, 40), (1, 6, 17, 1), (2, 16, 15, 3)] {
            var samples = KernelSamples(seed: 6)
            let width = heads * dim
            let k = samples.floats(rows * (width + 1))
            var packed = [Float](repeating: 1, count: ck_packed_keys_size(first + rows, heads, dim))
            var half = halves(packed)
            ck_pack_keys(&packed, k, first, rows, heads, dim, width + 1)
            ck_pack_keys_bf16(&half, k, first, rows, heads, dim, width + 1)
            ck_round_bf16(&packed, packed.count)
            #expect(half == halves(packed))
        }
    }
}
