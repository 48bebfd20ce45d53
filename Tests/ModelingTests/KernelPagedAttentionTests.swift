// Attention over keys and values in pages: the bits of the contiguous store, wherever the pages lie.
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

    var queryWidth: Int { heads * dim }
    var pageKeys: Int { ck_packed_keys_size(Int(CK_PAGE), kvHeads, dim) }
    var pageValues: Int { Int(CK_PAGE) * valueStride }

    init(_ tokens: Int, _ heads: Int, _ kvHeads: Int, _ dim: Int, seed: UInt64) {
        (self.tokens, self.heads, self.kvHeads, self.dim) = (tokens, heads, kvHeads, dim)
        var samples = KernelSamples(seed: seed)
        let page = Int(CK_PAGE)
        let width = kvHeads * dim
        let stride = width + 3
        valueStride = stride
        q = samples.floats(tokens * heads * dim, scale: 2)
        let k = samples.floats(tokens * width)
        values = samples.floats(tokens * stride)
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
        if paged {
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

private let shapes: [(heads: Int, kvHeads: Int, dim: Int)] = [
    (8, 4, 32), (10, 5, 64), (4, 4, 16), (3, 1, 40), (2, 2, 6), (2, 1, 256),
]

@Suite struct KernelPagedAttentionTests {
    @Test(arguments: kernelLevels)
    func `whole sequences have the bits of one contiguous store`(level: Int32) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                for tokens in [1, 2, 5, 16, 63, 64, 65, 127, 128, 129, 200] {
                    let sequence = PagedSequence(tokens, heads, kvHeads, dim, seed: UInt64(tokens))
                    let paged = sequence.forward(0..<tokens, paged: true)
                    #expect(sameBits(paged, sequence.forward(0..<tokens, paged: false)), "\(tokens) \(heads) \(dim)")
                    #expect(paged.allSatisfy { $0.isFinite })
                }
            }
        }
    }

    @Test(arguments: kernelLevels)
    func `decode steps and pieces of a prompt do too, from any position on`(level: Int32) {
        atKernelLevel(level) {
            for (heads, kvHeads, dim) in shapes {
                let sequence = PagedSequence(150, heads, kvHeads, dim, seed: 1)
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
}
