// Memory for numbers: aligned, fixed in size, given back to the system with its owner. It knows no shapes.
import Glibc

/// A block of fp32 numbers, aligned to 64 bytes and zero at first.
///
/// Large blocks come from the system page by page: what is never written takes no memory, and what is freed goes back at
/// once. The pointer may cross threads: the owner hands a buffer to one writer at a time (a shard, a sampler's worker) and
/// to readers only once writing has ended. Every use in this module is one of these two.
final class FloatBuffer: Sendable {
    /// Unsafe as every pointer is; see the rule above, which the type system cannot express.
    nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
    let count: Int
    private let mappedBytes: Int

    /// Blocks from this size on are mapped: big enough for huge pages to matter.
    private static let mappedBytesMin = 4 << 20
    /// Blocks from this size on give their pages back when they are cleared; smaller ones are faster to overwrite.
    private static let returnedBytesMin = 64 << 20

    /// Allocates `count` zeros.
    init(count: Int) {
        self.count = count
        let bytes = max(count, 16) * 4
        if bytes >= Self.mappedBytesMin,
            let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapped != MAP_FAILED
        {
            // Fewer page faults and fewer misses of the translation buffer; the system may refuse, which is no error.
            _ = madvise(mapped, bytes, Int32(MADV_HUGEPAGE))
            mappedBytes = bytes
            base = mapped.bindMemory(to: Float.self, capacity: max(count, 16))
            return
        }
        mappedBytes = 0
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 16))
        memset(raw, 0, bytes)
    }

    /// A copy of another buffer.
    convenience init(copying other: FloatBuffer) {
        self.init(count: other.count)
        memcpy(base, other.base, other.count * 4)
    }

    deinit {
        if mappedBytes > 0 {
            munmap(base, mappedBytes)
        } else {
            UnsafeMutableRawPointer(base).deallocate()
        }
    }

    /// Sets every number to zero.
    func clear() {
        // Of a large block the pages go back: a gradient that nobody adds to takes no memory.
        if mappedBytes >= Self.returnedBytesMin, madvise(base, mappedBytes, Int32(MADV_DONTNEED)) == 0 { return }
        memset(base, 0, count * 4)
    }

    /// A read-only view of the first `count` numbers from `offset`.
    func view(_ offset: Int, _ count: Int) -> UnsafeBufferPointer<Float> {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
        return UnsafeBufferPointer(start: base + offset, count: count)
    }
}
