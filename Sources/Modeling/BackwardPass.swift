// What the backward halves need: the weights, their transposed packing, and where gradients are added.
import CKernels

/// One shard's backward pass through one version of the weights.
struct BackwardPass {
    let weights: ModelWeights
    /// The matrices for dx = dy W, or nil when each is packed as it is needed: a large model has no room for a second form.
    let transposed: PackedMatrices?
    /// Every function adds to these: in the layout of the parameters, or in that of `adapter`.
    let gradient: UnsafeMutablePointer<Float>
    /// The adapter that alone is trained, or nil when all parameters are.
    let adapter: AdaptedParameters?
    let limits: PassLimits

    /// Through y = x W^T: dx `[rows, inputs]` (+)= dy W, and dW += dy^T x.
    func multiply(
        _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
        _ matrix: MatrixPlace, rows: Int, accumulate: Bool = false, _ workspace: inout Workspace
    ) {
        if let transposed, !matrix.isPart {
            PackedMatrices.multiply(
                dx, dy, transposed.place(matrix), weights.precision, rows: rows, outputs: matrix.inputs,
                inputs: matrix.outputs, accumulate: accumulate, strideX: matrix.outputs, strideY: matrix.inputs)
        } else {
            multiplyPacking(dx, dy, matrix, rows: rows, accumulate: accumulate, &workspace)
        }
        if let adapter {
            for pair in adapter.layout.pairs[matrix.index] {
                addGradient(of: pair, adapter, dy + pair.firstOutput, x, matrix, rows: rows, &workspace)
            }
        } else {
            addGradient(dy, x, matrix, rows: rows)
        }
    }

    /// dW += dy^T x.
    private func addGradient(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ matrix: MatrixPlace, rows: Int
    ) {
        let target = gradient + matrix.offset
        switch weights.precision {
        case .float32:
            ck_matmul_tn(target, dy, x, rows, matrix.outputs, matrix.inputs, true, matrix.outputs, matrix.inputs)
        case .bfloat16:
            ck_matmul_tn_bf16(target, dy, x, rows, matrix.outputs, matrix.inputs, true, matrix.outputs, matrix.inputs)
        }
    }

    /// dx (+)= dy W with W packed here, some outputs at a time.
    private func multiplyPacking(
        _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ matrix: MatrixPlace, rows: Int,
        accumulate: Bool, _ workspace: inout Workspace
    ) {
        let mark = workspace.mark
        defer { workspace.reset(to: mark) }
        let step = min(max(limits.packed / matrix.inputs, 1), matrix.outputs)
        let precision = weights.precision
        let packed = workspace.take(PackedMatrices.floats(precision, matrix.inputs, step))
        for first in stride(from: 0, to: matrix.outputs, by: step) {
            let part = matrix.outputs(first..<min(first + step, matrix.outputs))
            let numbers = part.outputs * part.inputs
            weights.parameters.withNumbers(part.offset, numbers, scratch: { workspace.take(numbers) }) {
                PackedMatrices.pack($0, part, .backward, precision, into: packed)
            }
            PackedMatrices.multiply(
                dx, dy + first, packed, precision, rows: rows, outputs: matrix.inputs, inputs: part.outputs,
                accumulate: accumulate || first > 0, strideX: matrix.outputs, strideY: matrix.inputs)
        }
    }

    /// dB += s dy^T (x A^T) and dA += s (dy B)^T x; no gradient of W itself is ever made.
    private func addGradient(
        of pair: AdapterPair, _ adapter: AdaptedParameters, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
        _ matrix: MatrixPlace, rows: Int, _ workspace: inout Workspace
    ) {
        let mark = workspace.mark
        defer { workspace.reset(to: mark) }
        let rank = adapter.layout.settings.rank
        let packed = workspace.take(
            max(ck_packed_size(rank, pair.inputs), ck_packed_size(rank, pair.outputs)))
        let low = workspace.take(rows * rank)
        ck_pack_nt(packed, adapter.values.base + pair.a, rank, pair.inputs)
        ck_matmul_packed(low, x, packed, rows, rank, pair.inputs, false, matrix.inputs, rank)
        ck_scale(low, adapter.layout.settings.scale, rows * rank)
        ck_matmul_tn(gradient + pair.b, dy, low, rows, pair.outputs, rank, true, matrix.outputs, rank)
        ck_pack_nn(packed, adapter.values.base + pair.b, pair.outputs, rank)
        ck_matmul_packed(low, dy, packed, rows, rank, pair.outputs, false, matrix.outputs, rank)
        ck_scale(low, adapter.layout.settings.scale, rows * rank)
        ck_matmul_tn(gradient + pair.a, low, x, rows, rank, pair.inputs, true, rank, matrix.inputs)
    }

    /// Through y = norm(x) with this weight vector: dx `[rows, dimension]` (+)= ..., dweight += ....
    func normalize(
        _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
        rstd: UnsafePointer<Float>, weight: VectorPlace, rows: Int, dimension: Int, accumulate: Bool,
        _ workspace: inout Workspace
    ) {
        let mark = workspace.mark
        defer { workspace.reset(to: mark) }
        // An adapter leaves norms as they are; their gradient goes nowhere.
        let target = adapter == nil ? gradient + weight.offset : workspace.take(weight.count)
        ck_rmsnorm_backward(
            dx, target, dy, x, weights.vector(weight), rstd, rows, dimension, accumulate)
    }

    /// Through x = embedding[tokens].
    func embed(_ dx: UnsafePointer<Float>, _ tokens: [Int32]) {
        guard adapter == nil else { return }
        ck_embedding_scatter_add(
            gradient + weights.layout.embedding.offset, dx, tokens, tokens.count, weights.configuration.hiddenSize)
    }
}
