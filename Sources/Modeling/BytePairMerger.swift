// Byte-pair merging inside one piece (Sennrich et al. 2016), in O(n log n) for a piece of any length.

/// Merges the pair of lowest rank, leftmost first, until no pair of neighbours merges.
enum BytePairMerger {
    /// A possible merge: the pair whose left half is at `left`, when it was seen.
    private struct Candidate: Comparable {
        let rank: Int32
        let left: Int32
        let pair: Tokenizer.Pair
        let result: Int32

        static func < (a: Candidate, b: Candidate) -> Bool { a.rank == b.rank ? a.left < b.left : a.rank < b.rank }
    }

    /// Appends the ids of a piece, given the ids of its bytes.
    static func merge(
        _ piece: [Int32], with merges: [Tokenizer.Pair: Tokenizer.Merge], into ids: inout [Int32]
    ) {
        guard piece.count > 1 else {
            ids.append(contentsOf: piece)
            return
        }
        // A doubly linked list over positions: -1 is no neighbour; a position merged away has id -1.
        var tokens = piece
        var next = (0..<piece.count).map { Int32($0 + 1 < piece.count ? $0 + 1 : -1) }
        var previous = (0..<piece.count).map { Int32($0 - 1) }
        var heap = MinimumHeap<Candidate>()
        func consider(_ left: Int32) {
            guard left >= 0, next[Int(left)] >= 0 else { return }
            let pair = Tokenizer.Pair(left: tokens[Int(left)], right: tokens[Int(next[Int(left)])])
            guard let merge = merges[pair] else { return }
            heap.insert(Candidate(rank: merge.rank, left: left, pair: pair, result: merge.result))
        }
        for left in 0..<piece.count - 1 { consider(Int32(left)) }
        while let candidate = heap.removeFirst() {
            let left = Int(candidate.left)
            let right = Int(next[left])
            // The list may have changed since the candidate was seen.
            guard right >= 0, tokens[left] == candidate.pair.left, tokens[right] == candidate.pair.right else {
                continue
            }
            tokens[left] = candidate.result
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
