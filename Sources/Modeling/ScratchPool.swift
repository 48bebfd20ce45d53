// Scratch buffers of one size that threads borrow in turn, so that work in many pieces does not take fresh memory for each.
import Synchronization

/// Buffers of `count` numbers; as many as were ever borrowed at once.
final class ScratchPool: Sendable {
    private let count: Int
    private let free = Mutex<[FloatBuffer]>([])

    init(count: Int) { self.count = count }

    /// Calls `body` with a buffer that nobody else has meanwhile. It holds anything.
    func borrow<Result>(_ body: (UnsafeMutablePointer<Float>) -> Result) -> Result {
        let buffer = free.withLock { $0.popLast() } ?? FloatBuffer(count: count)
        defer { free.withLock { $0.append(buffer) } }
        return body(buffer.base)
    }
}
