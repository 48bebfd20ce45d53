// Grouped-query attention with normalised queries and keys and rotary positions, as in Qwen3: forward beside backward.
import CKernels
import Glibc

/// The attention block of one layer: middle = input + O attend(rope(norm(Q n)), rope(norm(K n)), V n), n = norm(input).
struct Attention {
    let layer: Int
    let model: ModelConfiguration
    let places: LayerPlaces

    var scale: Float { 1 / Float(model.headDimension).squareRoot() }

    /// Fills `a.middle` from `a.input`, and the stores of the batch's segments with this layer's keys and values.
    func forward(_ batch: RowBatch, _ a: LayerActivations, _ weights: ModelWeights) {
        let rows = batch.rows
        weights.normalize(
            a.inputNormed, rstd: a.inputRstd, a.input, weight: places.inputNorm, rows: rows,
            dimension: model.hiddenSize)
        weights.multiply(a.rawQueries, a.inputNormed, places.query, rows: rows)
        weights.multiply(a.rawKeys, a.inputNormed, places.key, rows: rows)
        weights.multiply(a.values, a.inputNormed, places.value, rows: rows)
        weights.normalize(
            a.queries, rstd: a.queryRstd, a.rawQueries, weight: places.queryNorm, rows: rows * model.headCount,
            dimension: model.headDimension)
        weights.normalize(
            a.keys, rstd: a.keyRstd, a.rawKeys, weight: places.keyNorm, rows: rows * model.keyValueHeadCount,
            dimension: model.headDimension)
        rotate(a.queries, heads: model.headCount, batch, weights.rotary, inverse: false)
        rotate(a.keys, heads: model.keyValueHeadCount, batch, weights.rotary, inverse: false)
        if weights.precision == .bfloat16 {
            // What the sampler's pages hold is what everybody computes with; the way back takes rounding for identity.
            ck_round_bf16(a.keys, rows * model.keyWidth)
            ck_round_bf16(a.values, rows * model.keyWidth)
        }
        // By index: an unoptimised build allocates for every element of an array's iterator.
        for index in batch.segments.indices { attend(batch.segments[index], a) }
        memcpy(a.middle, a.input, rows * model.hiddenSize * 4)
        weights.multiply(a.middle, a.mixed, places.output, rows: rows, accumulate: true)
    }

    /// Appends a segment's keys and values to its store, then mixes the values of everything stored.
    private func attend(_ segment: Segment, _ a: LayerActivations) {
        switch segment.store {
        case .whole(let cache): attend(segment, cache, a)
        case .paged(let cache): attend(segment, cache, a)
        }
    }

    private func attend(_ segment: Segment, _ cache: KeyValueCache, _ a: LayerActivations) {
        let queryStart = segment.firstRow * model.queryWidth
        let keyStart = segment.firstRow * model.keyWidth
        let keys = cache.keys(layer)
        let values = cache.values(layer)
        if let row = segment.prefixRow {
            ck_pack_keys(
                keys, a.keys + row * model.keyWidth, 0, segment.past, model.keyValueHeadCount, model.headDimension,
                model.keyWidth)
            memcpy(values, a.values + row * model.keyWidth, segment.past * model.keyWidth * 4)
        }
        ck_pack_keys(
            keys, a.keys + keyStart, segment.past, segment.count, model.keyValueHeadCount, model.headDimension,
            model.keyWidth)
        memcpy(values + segment.past * model.keyWidth, a.values + keyStart, segment.count * model.keyWidth * 4)
        ck_attention_forward(
            a.mixed + queryStart, a.logSumExp + segment.firstRow * model.headCount, a.queries + queryStart, keys,
            values, segment.past, segment.count, model.headCount, model.keyValueHeadCount, model.headDimension,
            model.queryWidth, model.keyWidth, model.queryWidth, scale)
    }

    /// The same with the store in pages; the bits are the same too.
    private func attend(_ segment: Segment, _ cache: PagedCache, _ a: LayerActivations) {
        let queryStart = segment.firstRow * model.queryWidth
        let keyStart = segment.firstRow * model.keyWidth
        cache.append(
            a.keys + keyStart, a.values + keyStart, past: segment.past, count: segment.count, layer: layer, model)
        cache.attend(
            a.mixed + queryStart, a.logSumExp + segment.firstRow * model.headCount, a.queries + queryStart,
            past: segment.past, count: segment.count, layer: layer, model, scale: scale)
    }

    private func rotate(
        _ x: UnsafeMutablePointer<Float>, heads: Int, _ batch: RowBatch, _ table: RotaryTable, inverse: Bool
    ) {
        ck_rope(
            x, table.cosines, table.sines, batch.positions, batch.rows, heads, model.headDimension,
            heads * model.headDimension, inverse)
    }

    /// Turns `d` from the gradient by `middle` into the gradient by `input`.
    func backward(
        _ d: UnsafeMutablePointer<Float>, _ batch: RowBatch, _ a: LayerActivations, _ pass: BackwardPass,
        _ workspace: inout Workspace
    ) {
        let rows = batch.rows
        let mark = workspace.mark
        defer { workspace.reset(to: mark) }
        let g = Gradients(rows, model, &workspace)
        pass.multiply(g.mixed, d, a.mixed, places.output, rows: rows, &workspace)
        let longest = batch.segments.map { $0.past + $0.count }.max() ?? 0
        let packedValues = workspace.take(
            ck_packed_keys_size(longest, model.keyValueHeadCount, model.headDimension))
        let shared = batch.segments.contains { $0.prefixRow != nil }
        let whole = shared ? WholeSequence(rows: longest, model, &workspace) : nil
        for segment in batch.segments {
            if let whole, let row = segment.prefixRow {
                whole.backward(self, segment, prefixRow: row, a, g, packedValues)
            } else {
                attendBackward(segment, a, g, packedValues)
            }
        }
        rotate(g.queries, heads: model.headCount, batch, pass.weights.rotary, inverse: true)
        rotate(g.keys, heads: model.keyValueHeadCount, batch, pass.weights.rotary, inverse: true)
        pass.normalize(
            g.rawQueries, g.queries, a.rawQueries, rstd: a.queryRstd, weight: places.queryNorm,
            rows: rows * model.headCount, dimension: model.headDimension, accumulate: false, &workspace)
        pass.normalize(
            g.rawKeys, g.keys, a.rawKeys, rstd: a.keyRstd, weight: places.keyNorm,
            rows: rows * model.keyValueHeadCount, dimension: model.headDimension, accumulate: false, &workspace)
        pass.multiply(g.normed, g.rawQueries, a.inputNormed, places.query, rows: rows, &workspace)
        pass.multiply(g.normed, g.rawKeys, a.inputNormed, places.key, rows: rows, accumulate: true, &workspace)
        pass.multiply(g.normed, g.values, a.inputNormed, places.value, rows: rows, accumulate: true, &workspace)
        pass.normalize(
            d, g.normed, a.input, rstd: a.inputRstd, weight: places.inputNorm, rows: rows,
            dimension: model.hiddenSize, accumulate: true, &workspace)
    }

    /// Gradients of `attend` for one whole sequence (a segment without a past).
    private func attendBackward(
        _ segment: Segment, _ a: LayerActivations, _ g: Gradients, _ packedValues: UnsafeMutablePointer<Float>
    ) {
        precondition(segment.past == 0)
        let queryStart = segment.firstRow * model.queryWidth
        let keyStart = segment.firstRow * model.keyWidth
        ck_pack_keys(
            packedValues, a.values + keyStart, 0, segment.count, model.keyValueHeadCount, model.headDimension,
            model.keyWidth)
        ck_attention_backward(
            g.queries + queryStart, g.keys + keyStart, g.values + keyStart, g.mixed + queryStart,
            a.mixed + queryStart, a.logSumExp + segment.firstRow * model.headCount, a.queries + queryStart,
            a.keys + keyStart, segment.cache.keys(layer), packedValues, segment.count, model.headCount,
            model.keyValueHeadCount, model.headDimension, model.queryWidth, model.keyWidth, model.keyWidth,
            model.queryWidth, scale)
    }

    /// Scratch for the gradients of the activations of the same names.
    struct Gradients {
        let mixed, queries, keys, values, rawQueries, rawKeys, normed: UnsafeMutablePointer<Float>

        init(_ rows: Int, _ model: ModelConfiguration, _ workspace: inout Workspace) {
            mixed = workspace.take(rows * model.queryWidth)
            queries = workspace.take(rows * model.queryWidth)
            keys = workspace.take(rows * model.keyWidth)
            values = workspace.take(rows * model.keyWidth)
            rawQueries = workspace.take(rows * model.queryWidth)
            rawKeys = workspace.take(rows * model.keyWidth)
            normed = workspace.take(rows * model.hiddenSize)
        }
    }
}
