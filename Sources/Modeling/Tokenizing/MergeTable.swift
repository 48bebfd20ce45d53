// The merges of a tokenizer, looked up by pair: an open table, since this is where encoding spends its time.

/// From a pair of ids to what it becomes.
struct MergeTable: Sendable {
    /// What a pair becomes, and how early: the lowest rank merges first. The rank is the upper half.
    struct Merge: Equatable, Sendable {
        let bits: UInt64

        init(rank: Int32, result: Int32) {
            bits = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: result))
        }

        fileprivate init(bits: UInt64) { self.bits = bits }

        var rank: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
        var result: Int32 { Int32(truncatingIfNeeded: bits) }

        /// No merge: later than all.
        static let none = Merge(bits: .max)
    }

    private struct Slot {
        var key: UInt64 = .max
        var value: UInt64 = .max
    }

    private var slots: [Slot]
    private let mask: UInt64
    /// Drawn anew for each table, so that no file can be written whose pairs collide.
    private let multiplier = UInt64.random(in: .min ... .max) | 1

    /// The merges in the order of their rank; of equal pairs the last counts, as in the Hugging Face library.
    init(_ merges: [(pair: Tokenizer.Pair, result: Int32)]) {
        var capacity = 16
        while capacity < 2 * merges.count { capacity *= 2 }
        slots = Array(repeating: Slot(), count: capacity)
        mask = UInt64(capacity - 1)
        for (rank, merge) in merges.enumerated() {
            let key = Self.key(merge.pair.left, merge.pair.right)
            var index = start(key)
            while slots[index].key != .max, slots[index].key != key { index = (index + 1) & Int(mask) }
            slots[index] = Slot(key: key, value: Merge(rank: Int32(rank), result: merge.result).bits)
        }
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func start(_ key: UInt64) -> Int {
        let product = key.multipliedFullWidth(by: multiplier)
        return Int((product.high ^ product.low) & mask)
    }

    /// What two neighbours become; `.none` if they do not merge. Ids are 0 or more.
    func merge(_ left: Int32, _ right: Int32) -> Merge {
        let key = Self.key(left, right)
        return slots.withUnsafeBufferPointer { slots in
            var index = start(key)
            while true {
                let slot = slots[index]
                if slot.key == key { return Merge(bits: slot.value) }
                if slot.key == .max { return .none }
                index = (index + 1) & Int(mask)
            }
        }
    }
}
