// The memory behind one sequence's key-value store while it is sampled: it grows, for responses often end early.

/// Owns a `KeyValueCache`.
struct GrowingCache {
    private var buffer = FloatBuffer(count: 0)
    private var capacity = 0
    private var stored: KeyValueCache?

    /// An empty store without memory.
    init() {}

    /// Room for `capacity` positions.
    init(capacity: Int, _ model: ModelConfiguration) { allocate(capacity, model) }

    /// A copy of the first `positions` positions, with room to go on.
    init(copying other: GrowingCache, positions: Int, _ model: ModelConfiguration) {
        allocate(positions + 32, model)
        view.copy(positions, from: other.view)
    }

    /// The store; valid until the next `grow`.
    var view: KeyValueCache {
        guard let stored else { preconditionFailure("a store is used before it has memory") }
        return stored
    }

    /// Makes room for `positions` positions, by half as much again at least.
    mutating func grow(toHold positions: Int, _ model: ModelConfiguration) {
        guard positions > capacity else { return }
        let old = self
        allocate(max(positions, old.capacity + old.capacity / 2), model)
        if old.capacity > 0 { view.copy(old.capacity, from: old.view) }
    }

    private mutating func allocate(_ positions: Int, _ model: ModelConfiguration) {
        capacity = (positions + 15) / 16 * 16
        buffer = FloatBuffer(count: KeyValueCache.floats(capacity: capacity, model))
        stored = KeyValueCache(buffer.base, capacity: capacity, model)
    }
}
