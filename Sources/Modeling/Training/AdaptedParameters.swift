// The parameters of a model with an adapter merged in, computed piece by piece: W + scale B A.
import CKernels

/// A base that stays as it is, and the numbers of an adapter. A row's bits do not depend on the piece it is asked for with.
struct AdaptedParameters: ParameterSource {
    let base: any ParameterSource
    let layout: AdapterLayout
    /// A and B of every pair, in the order of `layout`.
    let values: FloatBuffer
    /// Where the base lies; nil when it was made in memory.
    var origin: ModelOrigin?

    func copy(_ offset: Int, _ count: Int, into target: UnsafeMutablePointer<Float>) {
        base.copy(offset, count, into: target)
        for pair in layout.all where overlaps(pair, offset, count) {
            let first = max(offset, pair.offset)
            let end = min(offset + count, pair.offset + pair.outputs * pair.inputs)
            let rows = (first - pair.offset) / pair.inputs..<(end - pair.offset) / pair.inputs
            add(pair, rows, into: target + (first - offset))
        }
    }

    func pointer(_ offset: Int, _ count: Int) -> UnsafePointer<Float>? {
        layout.all.contains { overlaps($0, offset, count) } ? nil : base.pointer(offset, count)
    }

    private func overlaps(_ pair: AdapterPair, _ offset: Int, _ count: Int) -> Bool {
        pair.offset < offset + count && offset < pair.offset + pair.outputs * pair.inputs
    }

    /// Adds scale B A of some rows to `target` `[rows, inputs]`.
    private func add(_ pair: AdapterPair, _ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        let rank = layout.settings.rank
        let scaled = FloatBuffer(count: rows.count * rank)
        scaled.base.update(from: values.base + pair.b + rows.lowerBound * rank, count: scaled.count)
        ck_scale(scaled.base, layout.settings.scale, scaled.count)
        let packed = FloatBuffer(count: ck_packed_size(pair.inputs, rank))
        ck_pack_nn(packed.base, values.base + pair.a, rank, pair.inputs)
        ck_matmul_packed(
            target, scaled.base, packed.base, rows.count, pair.inputs, rank, true, rank, pair.inputs)
    }
}
