// Rows of several sequences, one after the other without padding: what one forward pass works on.

/// A run of new positions of one sequence inside a batch.
struct Segment {
    /// The segment's first row in the batch.
    let firstRow: Int
    /// New positions.
    let count: Int
    /// Positions already in the store, or those of the prefix that is copied there.
    let past: Int
    let cache: KeyValueCache
    /// The first row of the same batch that holds the past positions, when several sequences share them; nil when they are
    /// in the store.
    let prefixRow: Int?
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
        append(newTokens, Segment(firstRow: rows, count: newTokens.count, past: past, cache: cache, prefixRow: nil))
    }

    /// Appends the tokens of a sequence that follow a prefix which other sequences share: a segment of this batch that
    /// begins a sequence. The store has room for both.
    mutating func append(_ newTokens: some Collection<Int32>, after prefix: Segment, cache: KeyValueCache) {
        precondition(prefix.past == 0 && prefix.count + newTokens.count <= cache.capacity)
        append(
            newTokens,
            Segment(
                firstRow: rows, count: newTokens.count, past: prefix.count, cache: cache, prefixRow: prefix.firstRow))
    }

    private mutating func append(_ newTokens: some Collection<Int32>, _ segment: Segment) {
        segments.append(segment)
        positions.append(contentsOf: (0..<segment.count).map { Int32(segment.past + $0) })
        tokens.append(contentsOf: newTokens)
    }
}
