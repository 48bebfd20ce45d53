// Rows of several sequences, one after the other without padding: what one forward pass works on.

/// A run of new positions of one sequence inside a batch.
struct Segment {
    /// Where the sequence's keys and values are kept.
    enum Store {
        /// In one piece: the learner's, whose backward pass reads them again.
        case whole(KeyValueCache)
        /// In pages: the sampler's.
        case paged(PagedCache)
    }

    /// The segment's first row in the batch.
    let firstRow: Int
    /// New positions.
    let count: Int
    /// Positions already in the store, or those of the prefix that is copied there.
    let past: Int
    let store: Store
    /// The first row of the same batch that holds the past positions, when several sequences share them; nil when they
    /// are in the store.
    let prefixRow: Int?

    /// The store of a segment that is kept in one piece.
    var cache: KeyValueCache {
        guard case .whole(let cache) = store else { preconditionFailure("the learner keeps sequences in one piece") }
        return cache
    }
}

/// The tokens of a forward pass, `[rows]`, and whose they are.
struct RowBatch {
    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var segments: [Segment] = []

    var rows: Int { tokens.count }

    /// Forgets all rows and keeps the memory.
    mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
    }

    /// Appends the next tokens of a sequence of which `past` positions are stored already.
    mutating func append(_ newTokens: some Collection<Int32>, past: Int, cache: KeyValueCache) {
        precondition(past + newTokens.count <= cache.capacity)
        append(newTokens, newTokens.count, past: past, .whole(cache), prefixRow: nil)
    }

    /// The same for a sequence in pages, which are there for the new positions too.
    mutating func append(_ newTokens: some Collection<Int32>, past: Int, cache: PagedCache) {
        precondition(past + newTokens.count <= cache.pageCount * PageShape.positions)
        append(newTokens, newTokens.count, past: past, .paged(cache), prefixRow: nil)
    }

    /// Appends the tokens of a sequence that follow a prefix which other sequences share: a segment of this batch that
    /// begins a sequence. The store has room for both.
    mutating func append(_ newTokens: some Collection<Int32>, after prefix: Segment, cache: KeyValueCache) {
        precondition(prefix.past == 0 && prefix.count + newTokens.count <= cache.capacity)
        append(newTokens, newTokens.count, past: prefix.count, .whole(cache), prefixRow: prefix.firstRow)
    }

    private mutating func append(
        _ newTokens: some Collection<Int32>, _ count: Int, past: Int, _ store: Segment.Store, prefixRow: Int?
    ) {
        segments.append(
            Segment(firstRow: rows, count: count, past: past, store: store, prefixRow: prefixRow))
        for position in past..<past + count { positions.append(Int32(position)) }
        tokens.append(contentsOf: newTokens)
    }
}
