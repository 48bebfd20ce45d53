// One version of a model's weights, ready to compute with. Immutable: training makes a new one each step.
import CKernels
import Glibc

/// An immutable snapshot of all parameters, shared freely between threads.
package final class ModelWeights: Sendable {
    package let configuration: ModelConfiguration
    let layout: TensorLayout
    /// All parameters, in the order of `layout`.
    let parameters: any ParameterSource
    /// Every matrix in the kernels' forward form.
    let packed: PackedMatrices
    let rotary: RotaryTable
    /// The directory that these weights were loaded from, unchanged; nil for others.
    package let directory: String?
    /// The weights of all norms, one after the other.
    private let vectors: FloatBuffer

    /// In which numbers the matrices are multiplied.
    package var precision: Precision { packed.precision }

    /// Whether they can go on with each other's sequences: one shape, one precision.
    func hasForm(of other: ModelWeights) -> Bool {
        precision == other.precision && configuration == other.configuration
    }

    /// Takes over `parameters`, which nobody writes any more, and packs them on so many threads.
    init(
        configuration: ModelConfiguration, layout: TensorLayout, parameters: some ParameterSource,
        rotary: RotaryTable? = nil, precision: Precision = .float32, threads: Int = 1, directory: String? = nil
    ) {
        self.directory = directory
        self.configuration = configuration
        self.layout = layout
        self.parameters = parameters
        packed = PackedMatrices(
            layout, parameters, direction: .forward, precision: precision, threads: threads)
        self.rotary = rotary ?? RotaryTable(configuration)
        vectors = FloatBuffer(count: layout.vectors.reduce(0) { $0 + $1.count })
        fillVectors()
    }

    /// The same model with other parameters, packed on so many threads.
    func with(_ parameters: some ParameterSource, threads: Int) -> ModelWeights {
        ModelWeights(
            configuration: configuration, layout: layout, parameters: parameters, rotary: rotary, precision: precision,
            threads: threads)
    }

    private func fillVectors() {
        for place in layout.vectors {
            parameters.copy(place.offset, place.count, into: vectors.base + place.vectorOffset)
        }
    }

    /// Makes this the next version in its own memory, after `change` has changed the parameters. Only for an owner that
    /// nobody shares, and only when the parameters are in memory.
    func change(threads: Int, _ change: () -> Void) {
        change()
        packed.fill(layout, parameters, threads: threads)
        fillVectors()
    }

    /// Every tensor with its Hugging Face name, shape and place, in the order of the flat buffer.
    package var tensors: [TensorPlace] { layout.tensors }

    /// The numbers of one tensor by its Hugging Face name, row-major; nil when the model has none of that name.
    package func tensor(named name: String) -> [Float]? {
        guard let place = layout.tensors.first(where: { $0.name == name }) else { return nil }
        return [Float](unsafeUninitializedCapacity: place.count) { target, count in
            if let base = target.baseAddress { parameters.copy(place.offset, place.count, into: base) }
            count = place.count
        }
    }

    /// Fresh weights: matrices normal with this standard deviation (0.02 is the `initializer_range` of Qwen3; narrow
    /// models learn several times faster from a wider one), norms one. The same seed gives the same weights on any
    /// number of threads.
    package static func random(
        _ configuration: ModelConfiguration, seed: UInt64, standardDeviation: Float = 0.02,
        precision: Precision = .float32, threads: Int = 1
    ) -> ModelWeights {
        let layout = TensorLayout(configuration)
        let parameters = FloatBuffer(count: layout.count)
        let random = CounterRandom(seed: seed)
        WorkerThreads.forEach(layout.tensors.count, threads: threads) { stream in
            let tensor = layout.tensors[stream]
            for index in 0..<tensor.count {
                let target = parameters.base + tensor.offset + index
                target.pointee = tensor.isNorm ? 1 : standardDeviation * normal(random, UInt64(stream), UInt64(index))
            }
        }
        return ModelWeights(
            configuration: configuration, layout: layout, parameters: parameters, precision: precision, threads: threads
        )
    }

    /// A standard normal number (Box and Muller 1958).
    private static func normal(_ random: CounterRandom, _ stream: UInt64, _ index: UInt64) -> Float {
        let radius = sqrt(-2 * log(1 - random.uniform(stream: stream, position: 2 * index)))
        return Float(radius * cos(2 * Double.pi * random.uniform(stream: stream, position: 2 * index + 1)))
    }

    /// x `[rows, H]` = the embeddings of the tokens.
    func embed(_ x: UnsafeMutablePointer<Float>, _ tokens: [Int32]) {
        let width = configuration.hiddenSize
        let place = layout.embedding
        if let table = parameters.pointer(place.offset, place.outputs * place.inputs) {
            ck_embedding_gather(x, table, tokens, tokens.count, width)
        } else {
            for (row, token) in tokens.enumerated() {
                parameters.copy(place.offset + Int(token) * width, width, into: x + row * width)
            }
        }
    }

    /// y `[rows, outputs]` (+)= x `[rows, inputs]` W^T.
    func multiply(
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ matrix: MatrixPlace, rows: Int,
        accumulate: Bool = false
    ) {
        PackedMatrices.multiply(
            y, x, packed.place(matrix), precision, rows: rows, outputs: matrix.outputs, inputs: matrix.inputs,
            accumulate: accumulate, strideX: matrix.inputs, strideY: matrix.outputs)
    }

    /// The weight vector of a norm.
    func vector(_ place: VectorPlace) -> UnsafePointer<Float> { UnsafePointer(vectors.base + place.vectorOffset) }

    /// y `[rows, dimension]` = RMS norm of x with this weight vector; `rstd` `[rows]` is kept for backward.
    func normalize(
        _ y: UnsafeMutablePointer<Float>, rstd: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>,
        weight: VectorPlace, rows: Int, dimension: Int
    ) {
        ck_rmsnorm_forward(y, rstd, x, vector(weight), rows, dimension, configuration.normEpsilon)
    }
}
