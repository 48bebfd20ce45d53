// Tokens that are run through the model before sequences can be sampled: a group's prompt, or all that a sequence had
// when it lost its pages.

/// Work of one or more sequences that begin with the same tokens.
///
/// The last of the tokens is not stored: it is the first that the sequences feed to the model themselves, each in a row
/// of its own, and what follows it is their first draw.
final class Prefill {
    /// The sequences that start once all is stored, in order.
    private(set) var waiting: [LiveSequence]
    let pages: PageTable
    /// Positions in the pages so far.
    private(set) var stored = 0

    /// Takes sequences of equal tokens and no pages; at least one.
    init(_ sequences: [LiveSequence], _ pool: PagePool) {
        waiting = sequences
        pages = PageTable(pool, positions: sequences[0].stored)
    }

    /// The tokens to store, and one more.
    private var tokens: [Int32] { waiting.first?.tokens ?? [] }

    /// Positions to store.
    var positions: Int { waiting.first?.stored ?? 0 }

    /// Whether it goes before the others of its lane.
    var comesFirst: Bool { waiting.first?.call.options.comesFirst ?? false }

    var isComplete: Bool { stored == positions }

    /// Takes all pages at once; false when the pool has not so many, or not `spare` more.
    func reserve(_ pool: PagePool, spare: Int) -> Bool {
        guard pool.available >= PageShape.pages(for: positions) + spare else { return false }
        return pages.reserve(positions)
    }

    /// Appends the next tokens, at most `limit`, to a batch; returns how many.
    func feed(_ batch: inout RowBatch, limit: Int, _ cache: PagedCache) -> Int {
        let count = min(limit, positions - stored)
        batch.append(tokens[stored..<stored + count], past: stored, cache: cache)
        stored += count
        return count
    }

    /// The next sequence, with its share of the pages.
    func start() -> LiveSequence? {
        guard !waiting.isEmpty else { return nil }
        let sequence = waiting.removeFirst()
        sequence.pages.share(pages, positions: stored)
        if waiting.isEmpty { pages.releaseAll() }
        return sequence
    }

    /// Gives the pages back; everything will be run again.
    func yield() {
        pages.releaseAll()
        stored = 0
    }

    /// Lets go of all sequences and pages.
    func drop() {
        waiting = []
        pages.releaseAll()
    }
}
