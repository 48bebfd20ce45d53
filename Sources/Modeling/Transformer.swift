// The Qwen3 language model as an equation: embed, add attention and feed-forward in every layer, normalise, project.
import CKernels

/// One version of the weights, as a function. The same code serves the sampler and the learner, which is why their
/// log-probabilities agree to the last bit: only how many rows a call has differs, and no kernel's row depends on that.
struct Transformer {
    let weights: ModelWeights
    private let attention: [Attention]
    private let feedForward: [FeedForward]

    private var model: ModelConfiguration { weights.configuration }

    init(_ weights: ModelWeights) {
        self.weights = weights
        let places = weights.layout.layers
        let model = weights.configuration
        attention = places.indices.map { Attention(layer: $0, model: model, places: places[$0]) }
        feedForward = places.map { FeedForward(model: model, places: $0) }
    }

    /// Activations of all layers: kept apart for a backward pass, or one scratch layer that all share.
    struct Activations {
        fileprivate let layers: [LayerActivations]
        /// The residual stream after the last layer, `[N, H]`.
        let output: UnsafeMutablePointer<Float>

        init(rows: Int, _ model: ModelConfiguration, keepingLayers: Bool, _ workspace: inout Workspace) {
            if keepingLayers {
                layers = (0..<model.layerCount).map { _ in LayerActivations(rows: rows, model, &workspace) }
            } else {
                let scratch = LayerActivations(rows: rows, model, &workspace)
                layers = Array(repeating: scratch, count: model.layerCount)
            }
            output = workspace.take(rows * model.hiddenSize)
        }
    }

    /// Fills `activations`, and the segments' stores, from the tokens of the batch.
    func forward(_ batch: RowBatch, _ activations: Activations) {
        let layers = activations.layers
        ck_embedding_gather(
            layers[0].input, weights.parameters.base + weights.layout.embedding.offset, batch.tokens, batch.rows,
            model.hiddenSize)
        for index in layers.indices {
            let next = index + 1 < layers.count ? layers[index + 1].input : activations.output
            attention[index].forward(batch, layers[index], weights)
            feedForward[index].forward(next, layers[index], weights, rows: batch.rows)
        }
    }

    /// Adds the gradients of all parameters below the head to `pass`; `d` `[N, H]` is the gradient by the output of the
    /// last layer and is overwritten. The activations are spent afterwards.
    func backward(
        _ d: UnsafeMutablePointer<Float>, _ batch: RowBatch, _ activations: Activations, _ pass: BackwardPass,
        _ workspace: inout Workspace
    ) {
        for index in activations.layers.indices.reversed() {
            feedForward[index].backward(d, activations.layers[index], pass, rows: batch.rows, &workspace)
            attention[index].backward(d, batch, activations.layers[index], pass, &workspace)
        }
        ck_embedding_scatter_add(
            pass.gradient + weights.layout.embedding.offset, d, batch.tokens, batch.rows, model.hiddenSize)
    }
}
