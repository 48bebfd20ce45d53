// Byte-pair merging inside one piece (Sennrich et al. 2016): at once for short pieces, in O(n log n) for any length.

/// Merges the pair of lowest rank, leftmost first, until no pair of neighbours merges. Keeps its memory between pieces.
struct BytePairMerger {
    private var tokens: [Int32] = []
    private var merges: [MergeTable.Merge] = []

    /// Up to here, looking through all pairs for the next one is faster than keeping them in order.
    private static let shortPiece = 48

    /// Appends the ids of a piece, given the ids of its bytes.
    mutating func merge(_ piece: some Collection<Int32>, with table: MergeTable, into ids: inout [Int32]) {
        let count = piece.count
        guard count > 1 else { return ids.append(contentsOf: piece) }
        guard count <= Self.shortPiece else { return LongPiece.merge(Array(piece), with: table, into: &ids) }
        tokens.removeAll(keepingCapacity: true)
        merges.removeAll(keepingCapacity: true)
        tokens.append(contentsOf: piece)
        for index in 1..<count { merges.append(table.merge(tokens[index - 1], tokens[index])) }
        tokens.withUnsafeMutableBufferPointer { tokens in
            merges.withUnsafeMutableBufferPointer { merges in
                let left = Self.mergeAll(tokens, merges, table)
                ids.append(contentsOf: tokens[..<left])
            }
        }
    }

    /// Merges in place; returns how many tokens are left. `merges[i]` is that of tokens i and i + 1.
    private static func mergeAll(
        _ tokens: UnsafeMutableBufferPointer<Int32>, _ merges: UnsafeMutableBufferPointer<MergeTable.Merge>,
        _ table: MergeTable
    ) -> Int {
        var count = tokens.count
        while count > 1 {
            var (best, place) = (UInt32.max, 0)
            for index in 0..<count - 1 where merges[index].rank < best { (best, place) = (merges[index].rank, index) }
            guard best < .max else { break }
            tokens[place] = merges[place].result
            count -= 1
            for index in place + 1..<count { tokens[index] = tokens[index + 1] }
            for index in place..<count - 1 { merges[index] = merges[index + 1] }
            if place + 1 < count { merges[place] = table.merge(tokens[place], tokens[place + 1]) }
            if place > 0 { merges[place - 1] = table.merge(tokens[place - 1], tokens[place]) }
        }
        return count
    }
}

/// The same with a heap of possible merges over a linked list of tokens.
private enum LongPiece {
    /// A possible merge: the pair whose left half is at `left`, when it was seen.
    private struct Candidate: Comparable {
        let merge: MergeTable.Merge
        let left: Int32
        let pair: Tokenizer.Pair

        static func < (a: Candidate, b: Candidate) -> Bool {
            a.merge.rank == b.merge.rank ? a.left < b.left : a.merge.rank < b.merge.rank
        }
    }

    static func merge(_ piece: [Int32], with table: MergeTable, into ids: inout [Int32]) {
        // A doubly linked list over positions: -1 is no neighbour; a position merged away has id -1.
        var tokens = piece
        var next = (0..<piece.count).map { Int32($0 + 1 < piece.count ? $0 + 1 : -1) }
        var previous = (0..<piece.count).map { Int32($0 - 1) }
        var heap = MinimumHeap<Candidate>()
        func consider(_ left: Int32) {
            guard left >= 0, next[Int(left)] >= 0 else { return }
            let pair = Tokenizer.Pair(left: tokens[Int(left)], right: tokens[Int(next[Int(left)])])
            let merge = table.merge(pair.left, pair.right)
            if merge != .none { heap.insert(Candidate(merge: merge, left: left, pair: pair)) }
        }
        for left in 0..<piece.count - 1 { consider(Int32(left)) }
        while let candidate = heap.removeFirst() {
            let left = Int(candidate.left)
            let right = Int(next[left])
            // The list may have changed since the candidate was seen.
            guard right >= 0, tokens[left] == candidate.pair.left, tokens[right] == candidate.pair.right else {
                continue
            }
            tokens[left] = candidate.merge.result
            tokens[right] = -1
            next[left] = next[right]
            if next[left] >= 0 { previous[Int(next[left])] = candidate.left }
            consider(previous[left])
            consider(candidate.left)
        }
        ids.append(contentsOf: tokens.lazy.filter { $0 >= 0 })
    }
}
/// A binary heap whose first element is the least.
struct MinimumHeap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { break }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> Element? {
        guard let first = elements.first, let last = elements.popLast() else { return nil }
        if elements.isEmpty { return first }
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < elements.count {
                if elements[child] < elements[least] { least = child }
            }
            if least == parent { return first }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
