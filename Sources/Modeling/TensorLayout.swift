// Where each tensor lies in the flat buffer of parameters (and of gradients and moments, which have the same layout).

/// A matrix `[outputs, inputs]` in the flat buffer, and in the buffers of packed matrices.
struct MatrixPlace: Sendable {
    /// First number in the flat buffer.
    let offset: Int
    let outputs: Int
    let inputs: Int
    /// Which packed matrix this is, in the order of the layout.
    let index: Int
    /// The first output in the packed matrix: more than 0 for a later part of it.
    var firstOutput = 0
    /// Whether this is less than the packed matrix.
    var isPart = false

    /// Some outputs of this matrix; the first is a multiple of the panel's width.
    func outputs(_ range: Range<Int>) -> MatrixPlace {
        MatrixPlace(
            offset: offset + range.lowerBound * inputs, outputs: range.count, inputs: inputs, index: index,
            firstOutput: firstOutput + range.lowerBound, isPart: isPart || range.count < outputs)
    }
}

/// The weight vector of a norm in the flat buffer, and among the vectors alone.
struct VectorPlace: Sendable {
    /// First number in the flat buffer.
    let offset: Int
    let count: Int
    /// First number when the vectors lie one after the other, in the order of the layout.
    let vectorOffset: Int
}

/// The places of one transformer layer.
struct LayerPlaces: Sendable {
    let inputNorm: VectorPlace
    let query: MatrixPlace
    let key: MatrixPlace
    let value: MatrixPlace
    let queryNorm: VectorPlace
    let keyNorm: VectorPlace
    let output: MatrixPlace
    let middleNorm: VectorPlace
    /// Gate and up projections as one matrix `[2F, H]`: they are neighbours in the flat buffer.
    let gateUp: MatrixPlace
    let down: MatrixPlace
}

/// A named tensor as Hugging Face stores it.
package struct TensorPlace: Sendable, Equatable {
    /// The Hugging Face name, such as `model.layers.0.mlp.up_proj.weight`.
    package let name: String
    package let shape: [Int]
    /// First number in the flat buffer.
    package let offset: Int

    /// Numbers in the tensor.
    package var count: Int { shape.reduce(1, *) }
    /// Whether this is the weight of a norm: a vector.
    package var isNorm: Bool { shape.count == 1 }
}

/// The order of all tensors in the flat buffer, without gaps.
struct TensorLayout: Sendable {
    private(set) var tensors: [TensorPlace] = []
    private(set) var matrices: [MatrixPlace] = []
    private(set) var vectors: [VectorPlace] = []
    private(set) var count = 0
    let embedding: MatrixPlace
    let layers: [LayerPlaces]
    let finalNorm: VectorPlace
    /// The output matrix `[V, H]`; the embedding itself when tied.
    let head: MatrixPlace

    init(_ configuration: ModelConfiguration) {
        var builder = Builder()
        let hidden = configuration.hiddenSize
        embedding = builder.matrix("model.embed_tokens.weight", configuration.vocabularySize, hidden)
        layers = (0..<configuration.layerCount).map { builder.layer($0, configuration) }
        finalNorm = builder.vector("model.norm.weight", hidden)
        head =
            configuration.tiesEmbeddings
            ? embedding : builder.matrix("lm_head.weight", configuration.vocabularySize, hidden)
        tensors = builder.tensors
        matrices = builder.matrices
        vectors = builder.vectors
        count = builder.count
    }

    /// Appends tensors one after the other.
    private struct Builder {
        var tensors: [TensorPlace] = []
        var matrices: [MatrixPlace] = []
        var vectors: [VectorPlace] = []
        var count = 0

        mutating func tensor(_ name: String, _ shape: [Int]) -> Int {
            let place = TensorPlace(name: name, shape: shape, offset: count)
            tensors.append(place)
            count += place.count
            return place.offset
        }

        mutating func vector(_ name: String, _ size: Int) -> VectorPlace {
            let start = vectors.last.map { $0.vectorOffset + $0.count } ?? 0
            let place = VectorPlace(offset: tensor(name, [size]), count: size, vectorOffset: start)
            vectors.append(place)
            return place
        }

        mutating func matrix(_ name: String, _ outputs: Int, _ inputs: Int) -> MatrixPlace {
            place(tensor(name, [outputs, inputs]), outputs, inputs)
        }

        mutating func place(_ offset: Int, _ outputs: Int, _ inputs: Int) -> MatrixPlace {
            let place = MatrixPlace(offset: offset, outputs: outputs, inputs: inputs, index: matrices.count)
            matrices.append(place)
            return place
        }

        mutating func layer(_ index: Int, _ model: ModelConfiguration) -> LayerPlaces {
            let prefix = "model.layers.\(index)."
            let hidden = model.hiddenSize
            let inner = model.feedForwardSize
            let inputNorm = vector(prefix + "input_layernorm.weight", hidden)
            let query = matrix(prefix + "self_attn.q_proj.weight", model.queryWidth, hidden)
            let key = matrix(prefix + "self_attn.k_proj.weight", model.keyWidth, hidden)
            let value = matrix(prefix + "self_attn.v_proj.weight", model.keyWidth, hidden)
            let queryNorm = vector(prefix + "self_attn.q_norm.weight", model.headDimension)
            let keyNorm = vector(prefix + "self_attn.k_norm.weight", model.headDimension)
            let output = matrix(prefix + "self_attn.o_proj.weight", hidden, model.queryWidth)
            let middleNorm = vector(prefix + "post_attention_layernorm.weight", hidden)
            let gate = tensor(prefix + "mlp.gate_proj.weight", [inner, hidden])
            _ = tensor(prefix + "mlp.up_proj.weight", [inner, hidden])
            let gateUp = place(gate, 2 * inner, hidden)
            let down = matrix(prefix + "mlp.down_proj.weight", hidden, inner)
            return LayerPlaces(
                inputNorm: inputNorm, query: query, key: key, value: value, queryNorm: queryNorm, keyNorm: keyNorm,
                output: output, middleNorm: middleNorm, gateUp: gateUp, down: down)
        }
    }
}
