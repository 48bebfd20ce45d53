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

    /// Activations of all layers.
    struct Activations {
        /// What is there when a pass has gone through all layers.
        enum Kept {
            /// One scratch layer that all share: no way back.
            case nothing
            /// Each layer's input; the rest is computed again on the way back, one layer at a time (Chen et al. 2016).
            case inputs
            /// Everything.
            case all
        }

        fileprivate let layers: [LayerActivations]
        fileprivate let kept: Kept
        /// The residual stream after the last layer, `[N, H]`.
        let output: UnsafeMutablePointer<Float>

        init(rows: Int, _ model: ModelConfiguration, keeping kept: Kept, _ workspace: inout Workspace) {
            self.kept = kept
            switch kept {
            case .all: layers = (0..<model.layerCount).map { _ in LayerActivations(rows: rows, model, &workspace) }
            case .inputs:
                let scratch = LayerActivations(rows: rows, model, &workspace)
                layers = (0..<model.layerCount).map {
                    $0 == 0 ? scratch : scratch.with(input: workspace.take(rows * model.hiddenSize))
                }
            case .nothing:
                layers = Array(repeating: LayerActivations(rows: rows, model, &workspace), count: model.layerCount)
            }
            output = workspace.take(rows * model.hiddenSize)
        }
    }

    /// Fills `activations`, and the segments' stores, from the tokens of the batch.
    func forward(_ batch: RowBatch, _ activations: Activations) {
        let layers = activations.layers
        weights.embed(layers[0].input, batch.tokens)
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
            let layer = activations.layers[index]
            // The last layer's are still there.
            if activations.kept == .inputs, index + 1 < activations.layers.count {
                attention[index].forward(batch, layer, weights)
                feedForward[index].gate(layer, weights, rows: batch.rows)
            }
            feedForward[index].backward(d, layer, pass, rows: batch.rows, &workspace)
            attention[index].backward(d, batch, layer, pass, &workspace)
        }
        pass.embed(d, batch.tokens)
    }
}
