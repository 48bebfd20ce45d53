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
    /// What the system gave, when it was asked for pages of its own.
    nonisolated(unsafe) private let mapping: UnsafeMutableRawBufferPointer?

    /// Blocks from this size on are mapped, in huge pages of this size: weights and keys are read once a step, and with small
    /// pages the processor looks for their addresses longer than it reads them.
    private static let hugePage = 2 << 20
    /// Blocks from this size on give their pages back when they are cleared; smaller ones are faster to overwrite.
    private static let returnedBytesMin = 64 << 20

    /// Allocates `count` zeros.
    init(count: Int) {
        self.count = count
        let bytes = max(count, 16) * 4
        let room = bytes + Self.hugePage
        if bytes >= Self.hugePage,
            let mapped = mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapped != MAP_FAILED
        {
            let aligned = mapped.alignedUp(toMultipleOf: Self.hugePage)
            #if os(Linux)
                // The system may have none left, which is no error.
                _ = madvise(aligned, bytes, Int32(MADV_HUGEPAGE))
            #endif
            mapping = UnsafeMutableRawBufferPointer(start: mapped, count: room)
            base = aligned.bindMemory(to: Float.self, capacity: max(count, 16))
            return
        }
        mapping = nil
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
        if let mapping {
            munmap(mapping.baseAddress, mapping.count)
        } else {
            UnsafeMutableRawPointer(base).deallocate()
        }
    }

    /// Sets every number to zero.
    func clear() {
        // Of a large block the pages go back: a gradient that nobody adds to takes no memory.
        if mapping != nil, count * 4 >= Self.returnedBytesMin, madvise(base, count * 4, Int32(MADV_DONTNEED)) == 0 {
            return
        }
        memset(base, 0, count * 4)
    }

    /// A read-only view of the first `count` numbers from `offset`.
    func view(_ offset: Int, _ count: Int) -> UnsafeBufferPointer<Float> {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
        return UnsafeBufferPointer(start: base + offset, count: count)
    }
}
