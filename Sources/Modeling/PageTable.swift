// The pages of one sequence, in order. Several tables may hold a page; whoever writes into a shared one copies it first.
import CKernels
import Glibc

/// A sequence's share of a pool.
final class PageTable {
    private let pool: PagePool
    private var pages: [Int32] = []
    /// The pages' memory, in order: what attention reads.
    private let bases: UnsafeMutablePointer<UnsafeMutablePointer<Float>>

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
    var view: UnsafePointer<UnsafeMutablePointer<Float>> { UnsafePointer(bases) }

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
        memcpy(pool.base(page), bases[index], pool.shape.floats * 4)
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

/// A view of a table's pages for one forward pass, and scratch memory for the pointers that the kernel wants.
struct PagedCache {
    let shape: PageShape
    let pages: UnsafePointer<UnsafeMutablePointer<Float>>
    let pageCount: Int
    let scratch: PagePointers

    /// Writes keys and values `[count, keyWidth]` of one layer behind the first `past` positions.
    func append(
        _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, past: Int, count: Int, layer: Int,
        _ model: ModelConfiguration
    ) {
        var done = 0
        while done < count {
            let place = (past + done) % PageShape.positions
            let rows = min(count - done, PageShape.positions - place)
            let base = pages[(past + done) / PageShape.positions] + layer * shape.layerSize
            ck_pack_keys(
                base, keys + done * shape.keyWidth, place, rows, model.keyValueHeadCount, model.headDimension,
                shape.keyWidth)
            memcpy(
                base + shape.keysSize + place * shape.keyWidth, values + done * shape.keyWidth,
                rows * shape.keyWidth * 4)
            done += rows
        }
    }

    /// Points `scratch` at one layer.
    func point(at layer: Int) {
        for index in 0..<pageCount {
            let base = pages[index] + layer * shape.layerSize
            scratch.keys[index] = UnsafePointer(base)
            scratch.values[index] = UnsafePointer(base + shape.keysSize)
        }
    }
}

/// Pointers to keys and values of every page of one sequence in one layer. Whoever makes it frees it.
struct PagePointers {
    let keys, values: UnsafeMutablePointer<UnsafePointer<Float>?>

    init(pages: Int) {
        keys = .allocate(capacity: pages)
        values = .allocate(capacity: pages)
    }

    func deallocate() {
        keys.deallocate()
        values.deallocate()
    }
}
