// Dealing groups into steps and sequences into micro-batches.
import Learning
import Testing

struct MiniBatchesTests {
    @Test func `every group is dealt exactly once, in parts of nearly equal size`() {
        for groups in [1, 2, 5, 48, 127] {
            for count in [1, 2, 4, 8, 200] {
                let parts = MiniBatches.deal(groups: groups, count: count, seed: 1, update: 3, epoch: 0)
                #expect(parts.flatMap { $0 }.sorted() == Array(0..<groups))
                #expect(parts.count == min(groups, count))
                let sizes = parts.map(\.count)
                #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            }
        }
        #expect(MiniBatches.deal(groups: 0, count: 4, seed: 1, update: 1, epoch: 0).isEmpty)
    }

    @Test func `the dealing depends on seed, update and epoch, and on nothing else`() {
        func deal(_ seed: Int, _ update: Int, _ epoch: Int) -> [[Int]] {
            MiniBatches.deal(groups: 30, count: 3, seed: seed, update: update, epoch: epoch)
        }
        #expect(deal(1, 1, 0) == deal(1, 1, 0))
        #expect(Set([deal(1, 1, 0), deal(2, 1, 0), deal(1, 2, 0), deal(1, 1, 1)]).count == 4)
    }

    @Test func `micro-batches keep the order and the limit, and a long sequence goes alone`() {
        #expect(MiniBatches.microBatches(lengths: [3, 3, 3], tokensMax: 6) == [0..<2, 2..<3])
        #expect(MiniBatches.microBatches(lengths: [9, 1, 9], tokensMax: 5) == [0..<1, 1..<2, 2..<3])
        #expect(MiniBatches.microBatches(lengths: [0, 0], tokensMax: 1) == [0..<2])
        #expect(MiniBatches.microBatches(lengths: [], tokensMax: 5).isEmpty)
    }
}
