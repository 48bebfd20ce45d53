// How many bytes of request bodies may be in memory at once: the connections' cap times the body's cap would be far more
// than any machine has. Shared so that no key can keep the others out.
import Domain
import Synchronization

/// Counts the bytes of bodies that are being read or decoded, by the key that sent them.
final class BodyBudget: Sendable {
    private struct State {
        var all = 0
        var lanes: [Int64: Int] = [:]
    }

    private let bytesMax: Int
    private let state = Mutex(State())
    /// A stored key may hold so many times what is still free ("dynamic thresholds", Choudhury and Hahne, 1998): alone it
    /// gets three quarters, two get three sevenths each, and there is always room for another.
    private static let shareOfFree = 3

    /// A budget of so many bytes.
    init(_ bytesMax: Int) { self.bytesMax = bytesMax }

    /// Takes bytes from the budget; false, and nothing taken, when there are too few or the key holds its share. A body
    /// larger than the whole budget is admitted when no other is there, so that no valid request is refused for ever.
    ///
    /// - Parameter held: What the asker holds already, for a body that grows.
    func reserve(_ bytes: Int, _ lane: Int64 = KeyLane.unnamed, beside held: Int = 0) -> Bool {
        state.withLock { state in
            let own = state.lanes[lane, default: 0]
            guard state.all == held || state.all + bytes <= bytesMax else { return false }
            // Whoever holds nothing else gets in; callers without a stored key are one another's business.
            let share = (bytesMax - state.all - bytes) * Self.shareOfFree
            guard own == held || lane <= 0 || own + bytes <= share else { return false }
            state.all += bytes
            state.lanes[lane] = own + bytes
            return true
        }
    }

    /// Gives reserved bytes back.
    func release(_ bytes: Int, _ lane: Int64 = KeyLane.unnamed) {
        state.withLock { state in
            state.all -= bytes
            let own = state.lanes[lane, default: 0] - bytes
            state.lanes[lane] = own > 0 ? own : nil
        }
    }
}

/// One request's part of the budget; grows while its body is decompressed.
final class BodyShare: Sendable {
    private let budget: BodyBudget
    private let lane: Int64
    private let held: Mutex<Int>

    /// A share of so many bytes in a key's name, or nil when there are too few.
    init?(_ bytes: Int, of budget: BodyBudget, lane: Int64 = KeyLane.unnamed) {
        guard budget.reserve(bytes, lane) else { return nil }
        self.budget = budget
        self.lane = lane
        held = Mutex(bytes)
    }

    /// Takes more; false, and nothing taken, when there is too little.
    func grow(by bytes: Int) -> Bool {
        held.withLock { held in
            guard budget.reserve(bytes, lane, beside: held) else { return false }
            held += bytes
            return true
        }
    }

    /// Gives all of it back.
    func release() {
        held.withLock { held in
            budget.release(held, lane)
            held = 0
        }
    }
}
