// Every matrix of a model in the form the kernels read. Made once per version of the weights.
import CKernels

/// The matrices packed for one direction: y = x W^T (forward) or dx = dy W (backward).
struct PackedMatrices: Sendable {
    enum Direction: Sendable { case forward, backward }

    private let buffer: FloatBuffer
    private let offsets: [Int]

    /// Numbers of a matrix that one thread packs at a time.
    private static let chunkNumbers = 1 << 20
    /// Outputs that share a panel, which is what the kernels pad a single one to.
    private static let panelWidth = ck_packed_size(1, 1)

    /// Packs every matrix of `layout` out of `parameters`, on so many threads.
    init(_ layout: TensorLayout, _ parameters: some ParameterSource, direction: Direction, threads: Int) {
        var offsets: [Int] = []
        var total = 0
        for matrix in layout.matrices {
            offsets.append(total)
            total += (Self.size(matrix, direction) + 15) / 16 * 16
        }
        self.offsets = offsets
        buffer = FloatBuffer(count: total)
        fill(layout, parameters, direction, threads: threads)
    }

    private static func size(_ matrix: MatrixPlace, _ direction: Direction) -> Int {
        direction == .forward
            ? ck_packed_size(matrix.outputs, matrix.inputs) : ck_packed_size(matrix.inputs, matrix.outputs)
    }

    /// Packs other parameters into the same memory. Only for an owner that nobody shares.
    func fill(
        _ layout: TensorLayout, _ parameters: some ParameterSource, _ direction: Direction, threads: Int
    ) {
        let pieces = layout.matrices.flatMap { matrix in
            direction == .forward
                ? Self.rowPieces(matrix) : [Piece(matrix: matrix, rows: 0..<matrix.outputs)]
        }
        let packed = self
        WorkerThreads.forEach(pieces.count, threads: layout.count < Self.chunkNumbers ? 1 : threads) { index in
            packed.pack(pieces[index], parameters, direction)
        }
    }

    /// Some rows of a matrix, from a panel's first one on.
    private struct Piece {
        let matrix: MatrixPlace
        let rows: Range<Int>
    }

    private static func rowPieces(_ matrix: MatrixPlace) -> [Piece] {
        let step = max(chunkNumbers / matrix.inputs / panelWidth, 1) * panelWidth
        return stride(from: 0, to: matrix.outputs, by: step).map {
            Piece(matrix: matrix, rows: $0..<min($0 + step, matrix.outputs))
        }
    }

    private func pack(_ piece: Piece, _ parameters: some ParameterSource, _ direction: Direction) {
        let matrix = piece.matrix
        let count = piece.rows.count * matrix.inputs
        let target = pointer(matrix) + piece.rows.lowerBound * matrix.inputs
        var scratch: FloatBuffer?
        parameters.withNumbers(matrix.offset + piece.rows.lowerBound * matrix.inputs, count) {
            let copied = FloatBuffer(count: count)
            scratch = copied
            return copied.base
        } _: { source in
            switch direction {
            case .forward: ck_pack_nt(target, source, piece.rows.count, matrix.inputs)
            case .backward: ck_pack_nn(target, source, matrix.outputs, matrix.inputs)
            }
        }
        withExtendedLifetime(scratch) {}
    }

    /// The packed form of one matrix.
    func pointer(_ matrix: MatrixPlace) -> UnsafeMutablePointer<Float> {
        buffer.base + offsets[matrix.index] + matrix.firstOutput * matrix.inputs
    }
}
