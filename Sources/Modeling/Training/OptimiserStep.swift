// One AdamW step over all trained numbers, in pieces that threads share. Pieces are fixed, so the bits are too.
import CKernels
import Synchronization

/// The arithmetic of a step: shards' gradients to one sum and its norm, then new parameters and moments.
struct OptimiserStep {
    let tensors: [TensorPlace]
    let settings: AdamWSettings
    let threads: Int

    /// Numbers of one piece: large enough to forget about the threads, small enough to share them evenly.
    private static let pieceNumbers = 1 << 20

    /// Adds the gradients of all buffers to the first; the norm of the sum.
    func sum(_ gradients: [FloatBuffer]) -> Double {
        let count = gradients[0].count
        let starts = Array(stride(from: 0, to: count, by: Self.pieceNumbers))
        let squares = Squares(count: starts.count)
        WorkerThreads.forEach(starts.count, threads: threads) { index in
            let start = starts[index]
            let length = min(Self.pieceNumbers, count - start)
            let total = gradients[0].base + start
            for gradient in gradients.dropFirst() { ck_add(total, gradient.base + start, length) }
            let square = ck_sum_of_squares(total, length)
            squares.values.withLock { $0[index] = square }
        }
        return squares.values.withLock { $0.reduce(0, +) }.squareRoot()
    }

    private final class Squares: Sendable {
        let values: Mutex<[Double]>

        init(count: Int) { values = Mutex(Array(repeating: 0, count: count)) }
    }

    /// A run of numbers of one tensor.
    private struct Piece {
        let range: Range<Int>
        let decay: Float
    }

    /// Changes `values` and the moments by a gradient that is scaled by `factor` first. `step` counts from 1.
    func apply(
        to values: FloatBuffer, moments: (FloatBuffer, FloatBuffer), gradient: FloatBuffer, step: UInt64, factor: Float
    ) {
        let pieces = tensors.flatMap { tensor in
            let decay = tensor.isNorm && settings.skipsNormDecay ? 0 : settings.weightDecay
            let end = tensor.offset + tensor.count
            return stride(from: tensor.offset, to: end, by: Self.pieceNumbers).map {
                Piece(range: $0..<min($0 + Self.pieceNumbers, end), decay: decay)
            }
        }
        let adamW = settings
        WorkerThreads.forEach(pieces.count, threads: values.count < Self.pieceNumbers ? 1 : threads) { index in
            let piece = pieces[index]
            let start = piece.range.lowerBound
            ck_adamw(
                values.base + start, moments.0.base + start, moments.1.base + start, gradient.base + start,
                piece.range.count, adamW.learningRate, adamW.beta1, adamW.beta2, adamW.epsilon, piece.decay,
                step, factor)
        }
    }
}
