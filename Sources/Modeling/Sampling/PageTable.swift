// The pages of one sequence, in order. Several tables may hold a page; whoever writes into a shared one copies it first.
import Glibc

/// A sequence's share of a pool.
final class PageTable {
    private let pool: PagePool
    private var pages: [Int32] = []
    /// The pages' memory, in order: what attention reads.
    private let bases: UnsafeMutablePointer<UnsafeMutableRawPointer>

    /// A table without pages, with room for those of `positions` positions.
    init(_ pool: PagePool, positions: Int) {
        self.pool = pool
        let most = max(PageShape.pages(for: positions), 1)
        pages.reserveCapacity(most)
        bases = .allocate(capacity: most)
    }

    deinit {
        releaseAll()
        bases.deallocate()
    }

    var count: Int { pages.count }

    /// The pages' memory, `[count]`; valid as long as the table.
    var view: UnsafePointer<UnsafeMutableRawPointer> { UnsafePointer(bases) }

    /// Holds the pages of another table's first `positions` positions as well. This table must be empty.
    func share(_ other: PageTable, positions: Int) {
        precondition(pages.isEmpty)
        for page in other.pages.prefix(PageShape.pages(for: positions)) {
            pool.retain(page)
            append(page)
        }
    }

    /// Makes the page of `position`, at most one beyond the last, ready to be written; false when the pool has none
    /// left. The positions before it stay as they are.
    func prepare(_ position: Int) -> Bool {
        let index = position / PageShape.positions
        guard index < pages.count else {
            guard let page = pool.take() else { return false }
            append(page)
            return true
        }
        guard pool.isShared(pages[index]) else { return true }
        guard let page = pool.take() else { return false }
        memcpy(pool.base(page), bases[index], pool.shape.bytes)
        pool.release(pages[index])
        pages[index] = page
        bases[index] = pool.base(page)
        return true
    }

    /// Takes fresh pages for the first `positions` positions, all or none. This table must be empty.
    func reserve(_ positions: Int) -> Bool {
        precondition(pages.isEmpty)
        let wanted = PageShape.pages(for: positions)
        guard pool.available >= wanted else { return false }
        for _ in 0..<wanted {
            guard let page = pool.take() else { return false }
            append(page)
        }
        return true
    }

    /// Gives all pages back.
    func releaseAll() {
        for page in pages { pool.release(page) }
        pages.removeAll(keepingCapacity: true)
    }

    private func append(_ page: Int32) {
        bases[pages.count] = pool.base(page)
        pages.append(page)
    }
}
