// Every matrix of a model in the form the kernels read. Made once per version of the weights.
import CKernels

/// The matrices packed for one direction: y = x W^T (forward) or dx = dy W (backward).
struct PackedMatrices: Sendable {
    enum Direction: Sendable { case forward, backward }

    let precision: Precision
    private let direction: Direction
    private let buffer: FloatBuffer
    /// Where each matrix begins, in fp32 numbers.
    private let offsets: [Int]

    /// Numbers of a matrix that one thread packs at a time.
    private static let chunkNumbers = 1 << 17
    /// Models from this size on are packed by several threads.
    private static let sharedNumbers = 1 << 20
    /// Outputs that share a panel, which is what the kernels pad a single one to.
    static let panelWidth = ck_packed_size(1, 1)

    /// Packs every matrix of `layout` out of `parameters`, on so many threads.
    init(
        _ layout: TensorLayout, _ parameters: some ParameterSource, direction: Direction, precision: Precision,
        threads: Int
    ) {
        self.precision = precision
        self.direction = direction
        var offsets: [Int] = []
        var total = 0
        for matrix in layout.matrices {
            offsets.append(total)
            let floats = Self.floats(
                precision, direction == .forward ? matrix.outputs : matrix.inputs,
                direction == .forward ? matrix.inputs : matrix.outputs)
            total += (floats + 15) / 16 * 16
        }
        self.offsets = offsets
        buffer = FloatBuffer(count: total)
        fill(layout, parameters, threads: threads)
    }

    /// Numbers of fp32 that a packed matrix takes, whatever it is packed in.
    static func floats(_ precision: Precision, _ outputs: Int, _ inputs: Int) -> Int {
        switch precision {
        case .float32: ck_packed_size(outputs, inputs)
        case .bfloat16: (ck_packed_bf16_size(outputs, inputs) + 1) / 2
        }
    }

    /// Packs other parameters into the same memory. Only for an owner that nobody shares.
    func fill(_ layout: TensorLayout, _ parameters: some ParameterSource, threads: Int) {
        let pieces = layout.matrices.flatMap { direction == .forward ? Self.rowPieces($0) : [$0] }
        let packed = self
        let scratch = ScratchPool(count: pieces.map { $0.outputs * $0.inputs }.max() ?? 0)
        WorkerThreads.forEach(pieces.count, threads: layout.count < Self.sharedNumbers ? 1 : threads) { index in
            packed.pack(pieces[index], parameters, scratch)
        }
    }

    /// A matrix cut into whole panels.
    private static func rowPieces(_ matrix: MatrixPlace) -> [MatrixPlace] {
        let step = max(chunkNumbers / matrix.inputs / panelWidth, 1) * panelWidth
        return stride(from: 0, to: matrix.outputs, by: step).map {
            matrix.outputs($0..<min($0 + step, matrix.outputs))
        }
    }

    private func pack(_ piece: MatrixPlace, _ parameters: some ParameterSource, _ scratch: ScratchPool) {
        let count = piece.outputs * piece.inputs
        if let source = parameters.pointer(piece.offset, count) {
            return Self.pack(source, piece, direction, precision, into: place(piece))
        }
        scratch.borrow { copied in
            parameters.copy(piece.offset, count, into: copied)
            Self.pack(copied, piece, direction, precision, into: place(piece))
        }
    }

    /// Packs one matrix, or a part of it in whole panels, whose numbers lie at `source`.
    static func pack(
        _ source: UnsafePointer<Float>, _ matrix: MatrixPlace, _ direction: Direction, _ precision: Precision,
        into target: UnsafeMutablePointer<Float>
    ) {
        switch (precision, direction) {
        case (.float32, .forward): ck_pack_nt(target, source, matrix.outputs, matrix.inputs)
        case (.float32, .backward): ck_pack_nn(target, source, matrix.outputs, matrix.inputs)
        case (.bfloat16, .forward): ck_pack_nt_bf16(halves(target), source, matrix.outputs, matrix.inputs)
        case (.bfloat16, .backward): ck_pack_nn_bf16(halves(target), source, matrix.outputs, matrix.inputs)
        }
    }

    /// y `[rows, outputs]` (+)= x `[rows, inputs]` times a packed matrix, with the strides of x and y.
    static func multiply(
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ packed: UnsafeMutablePointer<Float>,
        _ precision: Precision, rows: Int, outputs: Int, inputs: Int, accumulate: Bool, strideX: Int, strideY: Int
    ) {
        switch precision {
        case .float32: ck_matmul_packed(y, x, packed, rows, outputs, inputs, accumulate, strideX, strideY)
        case .bfloat16:
            ck_matmul_packed_bf16(y, x, halves(packed), rows, outputs, inputs, accumulate, strideX, strideY)
        }
    }

    private static func halves(_ pointer: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt16.self)
    }

    /// Where a matrix is packed, or a part of it from a panel's first output on.
    func place(_ matrix: MatrixPlace) -> UnsafeMutablePointer<Float> {
        buffer.base + offsets[matrix.index] + Self.floats(precision, matrix.firstOutput, matrix.inputs)
    }
}
