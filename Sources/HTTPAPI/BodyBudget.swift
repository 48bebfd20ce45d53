// How many bytes of request bodies may be in memory at once: the connections' cap times the body's cap would be far more
// than any machine has.
import Synchronization

/// Counts the bytes of bodies that are being read or decoded.
final class BodyBudget: Sendable {
    private let bytesMax: Int
    private let bytesInUse = Mutex(0)

    /// A budget of so many bytes.
    init(_ bytesMax: Int) { self.bytesMax = bytesMax }

    /// Takes bytes from the budget; false, and nothing taken, when there are too few. A body larger than the whole budget
    /// is admitted when no other is there, so that no valid request is refused for ever.
    func reserve(_ bytes: Int) -> Bool {
        bytesInUse.withLock { inUse in
            guard inUse == 0 || inUse + bytes <= bytesMax else { return false }
            inUse += bytes
            return true
        }
    }

    /// Gives reserved bytes back.
    func release(_ bytes: Int) { bytesInUse.withLock { $0 -= bytes } }
}
