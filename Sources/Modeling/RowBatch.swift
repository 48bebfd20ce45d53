// Rows of several sequences, one after the other without padding: what one forward pass works on.

/// A run of new positions of one sequence inside a batch.
struct Segment {
    /// The segment's first row in the batch.
    let firstRow: Int
    /// New positions.
    let count: Int
    /// Positions already in the store.
    let past: Int
    let cache: KeyValueCache
}

/// The tokens of a forward pass, `[rows]`, and whose they are.
struct RowBatch {
    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var segments: [Segment] = []

    var rows: Int { tokens.count }

    /// Appends the next tokens of a sequence of which `past` positions are stored already.
    mutating func append(_ newTokens: some Collection<Int32>, past: Int, cache: KeyValueCache) {
        precondition(past + newTokens.count <= cache.capacity)
        segments.append(Segment(firstRow: rows, count: newTokens.count, past: past, cache: cache))
        positions.append(contentsOf: (0..<newTokens.count).map { Int32(past + $0) })
        tokens.append(contentsOf: newTokens)
    }
}
