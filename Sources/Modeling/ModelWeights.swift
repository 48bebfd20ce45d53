// One version of a model's weights, ready to compute with. Immutable: training makes a new one each step.
import CKernels
import Glibc

/// An immutable snapshot of all parameters, shared freely between threads.
package final class ModelWeights: Sendable {
    package let configuration: ModelConfiguration
    let layout: TensorLayout
    /// All parameters, in the order of `layout`.
    let parameters: FloatBuffer
    /// Every matrix in the kernels' forward form.
    let packed: PackedMatrices
    let rotary: RotaryTable

    /// Takes over `parameters`, which nobody writes any more.
    init(
        configuration: ModelConfiguration, layout: TensorLayout, parameters: FloatBuffer, rotary: RotaryTable? = nil
    ) {
        precondition(parameters.count == layout.count)
        self.configuration = configuration
        self.layout = layout
        self.parameters = parameters
        packed = PackedMatrices(layout, parameters: parameters, direction: .forward)
        self.rotary = rotary ?? RotaryTable(configuration)
    }

    /// Every tensor with its Hugging Face name, shape and place, in the order of the flat buffer.
    package var tensors: [TensorPlace] { layout.tensors }

    /// The numbers of one tensor by its Hugging Face name, row-major; nil when the model has none of that name.
    package func tensor(named name: String) -> [Float]? {
        guard let place = layout.tensors.first(where: { $0.name == name }) else { return nil }
        return Array(parameters.view(place.offset, place.count))
    }

    /// Fresh weights: matrices normal with this standard deviation (0.02 is the `initializer_range` of Qwen3; narrow
    /// models learn several times faster from a wider one), norms one. The same seed gives the same weights.
    package static func random(
        _ configuration: ModelConfiguration, seed: UInt64, standardDeviation: Float = 0.02
    ) -> ModelWeights {
        let layout = TensorLayout(configuration)
        let parameters = FloatBuffer(count: layout.count)
        let random = CounterRandom(seed: seed)
        for (stream, tensor) in layout.tensors.enumerated() {
            for index in 0..<tensor.count {
                let target = parameters.base + tensor.offset + index
                target.pointee = tensor.isNorm ? 1 : standardDeviation * normal(random, UInt64(stream), UInt64(index))
            }
        }
        return ModelWeights(configuration: configuration, layout: layout, parameters: parameters)
    }

    /// A standard normal number (Box and Muller 1958).
    private static func normal(_ random: CounterRandom, _ stream: UInt64, _ index: UInt64) -> Float {
        let radius = sqrt(-2 * log(1 - random.uniform(stream: stream, position: 2 * index)))
        return Float(radius * cos(2 * Double.pi * random.uniform(stream: stream, position: 2 * index + 1)))
    }

    /// y `[rows, outputs]` (+)= x `[rows, inputs]` W^T.
    func multiply(
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ matrix: MatrixPlace, rows: Int,
        accumulate: Bool = false
    ) {
        ck_matmul_packed(
            y, x, packed.pointer(matrix), rows, matrix.outputs, matrix.inputs, accumulate, matrix.inputs,
            matrix.outputs)
    }

    /// y `[rows, dimension]` = RMS norm of x with the weight vector at `offset`; `rstd` `[rows]` is kept for backward.
    func normalize(
        _ y: UnsafeMutablePointer<Float>, rstd: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, offset: Int,
        rows: Int, dimension: Int
    ) {
        ck_rmsnorm_forward(y, rstd, x, parameters.base + offset, rows, dimension, configuration.normEpsilon)
    }
}
