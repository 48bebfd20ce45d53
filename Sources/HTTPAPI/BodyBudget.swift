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
    ///
    /// - Parameter held: What the asker holds already, for a body that grows.
    func reserve(_ bytes: Int, beside held: Int = 0) -> Bool {
        bytesInUse.withLock { inUse in
            guard inUse == held || inUse + bytes <= bytesMax else { return false }
            inUse += bytes
            return true
        }
    }

    /// Gives reserved bytes back.
    func release(_ bytes: Int) { bytesInUse.withLock { $0 -= bytes } }
}

/// One request's part of the budget; grows while its body is decompressed.
final class BodyShare: Sendable {
    private let budget: BodyBudget
    private let held: Mutex<Int>

    /// A share of so many bytes, or nil when there are too few.
    init?(_ bytes: Int, of budget: BodyBudget) {
        guard budget.reserve(bytes) else { return nil }
        self.budget = budget
        held = Mutex(bytes)
    }

    /// Takes more; false, and nothing taken, when there is too little.
    func grow(by bytes: Int) -> Bool {
        held.withLock { held in
            guard budget.reserve(bytes, beside: held) else { return false }
            held += bytes
            return true
        }
    }

    /// Gives all of it back.
    func release() {
        held.withLock { held in
            budget.release(held)
            held = 0
        }
    }
}
