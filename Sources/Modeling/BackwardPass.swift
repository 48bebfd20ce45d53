// What the backward halves need: the weights, their transposed packing, and the buffer that gradients are added to.
import CKernels

/// One shard's backward pass through one version of the weights.
struct BackwardPass {
    let weights: ModelWeights
    let transposed: PackedMatrices
    /// Gradients in the layout of the parameters; every function adds to them.
    let gradient: UnsafeMutablePointer<Float>

    /// Through y = x W^T: dx `[rows, inputs]` (+)= dy W, and dW += dy^T x.
    func multiply(
        _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
        _ matrix: MatrixPlace, rows: Int, accumulate: Bool = false
    ) {
        ck_matmul_packed(
            dx, dy, transposed.pointer(matrix), rows, matrix.inputs, matrix.outputs, accumulate, matrix.outputs,
            matrix.inputs)
        ck_matmul_tn(
            gradient + matrix.offset, dy, x, rows, matrix.outputs, matrix.inputs, true, matrix.outputs, matrix.inputs)
    }

    /// Through y = norm(x) with the weight vector at `offset`: dx `[rows, dimension]` (+)= ..., dweight += ....
    func normalize(
        _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
        rstd: UnsafePointer<Float>, offset: Int, rows: Int, dimension: Int, accumulate: Bool
    ) {
        ck_rmsnorm_backward(
            dx, gradient + offset, dy, x, weights.parameters.base + offset, rstd, rows, dimension, accumulate)
    }
}
