// Every matrix of a model in the form the kernels read. Made once per version of the weights.
import CKernels

/// The matrices packed for one direction: y = x W^T (forward) or dx = dy W (backward).
struct PackedMatrices: Sendable {
    enum Direction: Sendable { case forward, backward }

    private let buffer: FloatBuffer
    private let offsets: [Int]

    /// Packs every matrix of `layout` out of `parameters`.
    init(_ layout: TensorLayout, parameters: FloatBuffer, direction: Direction) {
        var offsets: [Int] = []
        var total = 0
        for matrix in layout.matrices {
            offsets.append(total)
            let size =
                direction == .forward
                ? ck_packed_size(matrix.outputs, matrix.inputs) : ck_packed_size(matrix.inputs, matrix.outputs)
            total += (size + 15) / 16 * 16
        }
        buffer = FloatBuffer(count: total)
        for (matrix, offset) in zip(layout.matrices, offsets) {
            let source = parameters.base + matrix.offset
            switch direction {
            case .forward: ck_pack_nt(buffer.base + offset, source, matrix.outputs, matrix.inputs)
            case .backward: ck_pack_nn(buffer.base + offset, source, matrix.outputs, matrix.inputs)
            }
        }
        self.offsets = offsets
    }

    /// The packed form of one matrix.
    func pointer(_ matrix: MatrixPlace) -> UnsafeMutablePointer<Float> { buffer.base + offsets[matrix.index] }
}
