// The memory of paged key-value stores: pages of 64 positions in every layer, counted, shared and bounded. One worker
// owns a pool; nothing here is shared between threads.
import CKernels
import Glibc

/// Where keys and values of a layer lie in a page: `[layer][packed keys of 64 positions | value rows [64, keyWidth]]`, in
/// fp32 or bf16 as the matrices are.
struct PageShape: Equatable {
    /// Positions of a page, the kernels' CK_PAGE.
    static let positions = Int(CK_PAGE)

    let layerCount: Int
    let keyWidth: Int
    let precision: Precision
    /// Bytes of a layer's packed keys; its value rows follow.
    let keysBytes: Int
    let layerBytes: Int

    init(_ model: ModelConfiguration, _ precision: Precision) {
        self.precision = precision
        layerCount = model.layerCount
        keyWidth = model.keyWidth
        keysBytes =
            precision.bytes * ck_packed_keys_size(Self.positions, model.keyValueHeadCount, model.headDimension)
        layerBytes = keysBytes + precision.bytes * Self.positions * model.keyWidth
    }

    /// Bytes of a page, a multiple of 64.
    var bytes: Int { layerCount * layerBytes }

    /// Pages that hold so many positions.
    static func pages(for positions: Int) -> Int { (positions + Self.positions - 1) / Self.positions }
}

/// Pages by number, taken and given back one by one.
final class PagePool {
    let shape: PageShape
    /// Most pages there may be.
    let capacity: Int
    private var slabs: [FloatBuffer] = []
    private var bases: [UnsafeMutableRawPointer] = []
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
    static func capacity(_ shape: PageShape, bytes: Int) -> Int { max(bytes, 0) / shape.bytes }

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
    func base(_ page: Int32) -> UnsafeMutableRawPointer { bases[Int(page)] }

    private func grow() {
        let count = min(max(Self.slabBytes / shape.bytes, 1), capacity - bases.count)
        guard count > 0 else { return }
        let slab = FloatBuffer(count: count * shape.bytes / 4)
        slabs.append(slab)
        for index in 0..<count {
            free.append(Int32(bases.count))
            bases.append(UnsafeMutableRawPointer(slab.base) + index * shape.bytes)
            references.append(0)
        }
    }
}
