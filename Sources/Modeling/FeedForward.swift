// The gated feed-forward block (SwiGLU, Shazeer 2020): forward beside backward.
import CKernels
import Glibc

/// The feed-forward block of one layer: output = middle + D (silu(G n) * U n), n = norm(middle).
struct FeedForward {
    let model: ModelConfiguration
    let places: LayerPlaces

    /// Fills `output` `[N, H]` from `a.middle`.
    func forward(
        _ output: UnsafeMutablePointer<Float>, _ a: LayerActivations, _ weights: ModelWeights, rows: Int
    ) {
        gate(a, weights, rows: rows)
        memcpy(output, a.middle, rows * model.hiddenSize * 4)
        weights.multiply(output, a.gated, places.down, rows: rows, accumulate: true)
    }

    /// Fills `a.gated` from `a.middle`: all that the way back needs.
    func gate(_ a: LayerActivations, _ weights: ModelWeights, rows: Int) {
        let inner = model.feedForwardSize
        weights.normalize(
            a.middleNormed, rstd: a.middleRstd, a.middle, weight: places.middleNorm, rows: rows,
            dimension: model.hiddenSize)
        weights.multiply(a.gateUp, a.middleNormed, places.gateUp, rows: rows)
        ck_swiglu_forward(a.gated, a.gateUp, a.gateUp + inner, rows, inner, 2 * inner, inner)
    }

    /// Turns `d` from the gradient by the output into the gradient by `middle`; `a.gateUp` is overwritten.
    func backward(
        _ d: UnsafeMutablePointer<Float>, _ a: LayerActivations, _ pass: BackwardPass, rows: Int,
        _ workspace: inout Workspace
    ) {
        let mark = workspace.mark
        defer { workspace.reset(to: mark) }
        let inner = model.feedForwardSize
        let gated = workspace.take(rows * inner)
        let normed = workspace.take(rows * model.hiddenSize)
        pass.multiply(gated, d, a.gated, places.down, rows: rows, &workspace)
        ck_swiglu_backward(
            a.gateUp, a.gateUp + inner, gated, a.gateUp, a.gateUp + inner, rows, inner, 2 * inner, inner)
        pass.multiply(normed, a.gateUp, a.middleNormed, places.gateUp, rows: rows, &workspace)
        pass.normalize(
            d, normed, a.middle, rstd: a.middleRstd, weight: places.middleNorm, rows: rows,
            dimension: model.hiddenSize, accumulate: true, &workspace)
    }
}
