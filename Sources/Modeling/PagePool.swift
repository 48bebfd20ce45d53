// The memory of paged key-value stores: pages of 64 positions in every layer, counted, shared and bounded. One worker
// owns a pool; nothing here is shared between threads.
import CKernels
import Glibc

/// Where keys and values of a layer lie in a page: `[layer][packed keys of 64 positions | value rows [64, keyWidth]]`.
struct PageShape: Equatable {
    /// Positions of a page, the kernels' CK_PAGE.
    static let positions = Int(CK_PAGE)

    let layerCount: Int
    let keyWidth: Int
    /// Numbers of a layer's packed keys; its value rows follow.
    let keysSize: Int
    let layerSize: Int

    init(_ model: ModelConfiguration) {
        layerCount = model.layerCount
        keyWidth = model.keyWidth
        keysSize = ck_packed_keys_size(Self.positions, model.keyValueHeadCount, model.headDimension)
        layerSize = keysSize + Self.positions * model.keyWidth
    }

    /// Numbers of a page.
    var floats: Int { layerCount * layerSize }

    /// Pages that hold so many positions.
    static func pages(for positions: Int) -> Int { (positions + Self.positions - 1) / Self.positions }
}

/// Pages by number, taken and given back one by one.
final class PagePool {
    let shape: PageShape
    /// Most pages there may be.
    let capacity: Int
    private var slabs: [FloatBuffer] = []
    private var bases: [UnsafeMutablePointer<Float>] = []
    private var references: [Int32] = []
    private var free: [Int32] = []

    /// Memory is asked for in pieces of this many bytes, or a page if that is more: enough for huge pages.
    private static let slabBytes = 8 << 20

    /// A pool of at most `bytes`.
    init(_ shape: PageShape, bytes: Int) {
        self.shape = shape
        capacity = Self.capacity(shape, bytes: bytes)
    }

    /// Pages in so many bytes.
    static func capacity(_ shape: PageShape, bytes: Int) -> Int { max(bytes, 0) / (shape.floats * 4) }

    /// Pages that can still be taken.
    var available: Int { free.count + capacity - bases.count }

    /// A page of one owner that holds anything; nil when the bound is reached.
    func take() -> Int32? {
        if free.isEmpty { grow() }
        guard let page = free.popLast() else { return nil }
        references[Int(page)] = 1
        return page
    }

    /// One more owner.
    func retain(_ page: Int32) { references[Int(page)] += 1 }

    /// One owner less; the last one gives the page back.
    func release(_ page: Int32) {
        references[Int(page)] -= 1
        if references[Int(page)] == 0 { free.append(page) }
    }

    /// Whether somebody else owns the page too: then it must not be written.
    func isShared(_ page: Int32) -> Bool { references[Int(page)] > 1 }

    /// The page's memory.
    func base(_ page: Int32) -> UnsafeMutablePointer<Float> { bases[Int(page)] }

    private func grow() {
        let count = min(max(Self.slabBytes / (shape.floats * 4), 1), capacity - bases.count)
        guard count > 0 else { return }
        let slab = FloatBuffer(count: count * shape.floats)
        slabs.append(slab)
        for index in 0..<count {
            free.append(Int32(bases.count))
            bases.append(slab.base + index * shape.floats)
            references.append(0)
        }
    }
}
