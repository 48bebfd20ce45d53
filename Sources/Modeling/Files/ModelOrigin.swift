// Where a base model came from, so that an adapter can be put on the same one again.
import CKernels
import Synchronization

/// A directory and what was in it.
struct ModelOrigin: Sendable, Equatable {
    let directory: String
    /// As `ModelWeights.fingerprint`.
    let fingerprint: String
}

extension ModelWeights {
    /// Where these weights lie; nil when they were made in memory.
    var origin: ModelOrigin? {
        directory.map { ModelOrigin(directory: $0, fingerprint: fingerprint(threads: 2)) }
    }

    /// Numbers that one thread sums at a time.
    private static let fingerprintChunk = 1 << 20

    /// A text that differs for other weights: the sums of squares of all pieces of the parameters, mixed in order. No defence
    /// against forgery.
    package func fingerprint(threads: Int) -> String {
        let pieces = layout.tensors.flatMap { tensor in
            stride(from: 0, to: tensor.count, by: Self.fingerprintChunk).map {
                (offset: tensor.offset + $0, count: min(Self.fingerprintChunk, tensor.count - $0))
            }
        }
        let sums = Sums(count: pieces.count)
        let parameters = parameters
        WorkerThreads.forEach(pieces.count, threads: threads) { index in
            var scratch: FloatBuffer?
            var sum = 0.0
            parameters.withNumbers(pieces[index].offset, pieces[index].count) {
                let buffer = FloatBuffer(count: pieces[index].count)
                scratch = buffer
                return buffer.base
            } _: {
                sum = ck_sum_of_squares($0, pieces[index].count)
            }
            withExtendedLifetime(scratch) {}
            sums.values.withLock { $0[index] = sum }
        }
        let random = CounterRandom(seed: 0)
        let mixed = sums.values.withLock {
            $0.reduce(UInt64(0)) { random.bits(stream: $0, position: $1.bitPattern) }
        }
        return String(mixed, radix: 16)
    }

    private final class Sums: Sendable {
        let values: Mutex<[Double]>

        init(count: Int) { values = Mutex(Array(repeating: 0, count: count)) }
    }
}
