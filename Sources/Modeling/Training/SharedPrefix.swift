// The gradient of attention for a sequence whose first rows other sequences share. All products but attention's run over
// the shared rows once; attention sees each sequence whole, in scratch memory, and its share of the prefix's gradient is
// added there.
import CKernels
import Glibc

extension Attention {
    /// Queries, keys, values and their gradients of one sequence, row after row.
    struct WholeSequence {
        private typealias Pointer = UnsafeMutablePointer<Float>

        private let model: ModelConfiguration
        private let queries, mixed, dQueries, dMixed: Pointer  // [T, heads, D]
        private let keys, values, dKeys, dValues: Pointer  // [T, kv heads, D]
        private let logSumExp: Pointer  // [heads, T]

        init(rows: Int, _ model: ModelConfiguration, _ workspace: inout Workspace) {
            self.model = model
            queries = workspace.take(rows * model.queryWidth)
            mixed = workspace.take(rows * model.queryWidth)
            dQueries = workspace.take(rows * model.queryWidth)
            dMixed = workspace.take(rows * model.queryWidth)
            keys = workspace.take(rows * model.keyWidth)
            values = workspace.take(rows * model.keyWidth)
            dKeys = workspace.take(rows * model.keyWidth)
            dValues = workspace.take(rows * model.keyWidth)
            logSumExp = workspace.take(rows * model.headCount)
        }

        /// Fills the gradients of a segment's rows and adds to those of its prefix, which must be there already.
        func backward(
            _ attention: Attention, _ segment: Segment, prefixRow: Int, _ a: LayerActivations, _ g: Gradients,
            _ packedValues: UnsafeMutablePointer<Float>
        ) {
            let total = segment.past + segment.count
            let rows = [(prefixRow, 0, segment.past), (segment.firstRow, segment.past, segment.count)]
            for (from, to, count) in rows {
                copy(queries, a.queries, from, to, count, model.queryWidth)
                copy(mixed, a.mixed, from, to, count, model.queryWidth)
                copy(keys, a.keys, from, to, count, model.keyWidth)
                copy(values, a.values, from, to, count, model.keyWidth)
                for head in 0..<model.headCount {
                    memcpy(
                        logSumExp + head * total + to, a.logSumExp + from * model.headCount + head * count, count * 4)
                }
            }
            // The prefix's own outputs are counted where it stands by itself.
            memset(dMixed, 0, segment.past * model.queryWidth * 4)
            copy(dMixed, g.mixed, segment.firstRow, segment.past, segment.count, model.queryWidth)
            ck_pack_keys(
                packedValues, values, 0, total, model.keyValueHeadCount, model.headDimension, model.keyWidth)
            ck_attention_backward(
                dQueries, dKeys, dValues, dMixed, mixed, logSumExp, queries, keys,
                segment.cache.keys(attention.layer), packedValues, total, model.headCount, model.keyValueHeadCount,
                model.headDimension, model.queryWidth, model.keyWidth, model.keyWidth, model.queryWidth,
                attention.scale)
            let own = segment.firstRow
            memcpy(
                g.queries + own * model.queryWidth, dQueries + segment.past * model.queryWidth,
                segment.count * model.queryWidth * 4)
            for (target, source) in [(g.keys, dKeys), (g.values, dValues)] {
                ck_add(target + prefixRow * model.keyWidth, source, segment.past * model.keyWidth)
                memcpy(
                    target + own * model.keyWidth, source + segment.past * model.keyWidth,
                    segment.count * model.keyWidth * 4)
            }
        }

        private func copy(_ target: Pointer, _ source: Pointer, _ from: Int, _ to: Int, _ count: Int, _ width: Int) {
            memcpy(target + to * width, source + from * width, count * width * 4)
        }
    }
}
