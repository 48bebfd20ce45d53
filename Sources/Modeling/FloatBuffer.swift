// Memory for numbers: aligned, fixed in size, freed with its owner. It knows no shapes.
import Glibc

/// A block of fp32 numbers, aligned to 64 bytes and zero at first.
///
/// The pointer may cross threads: the owner hands a buffer to one writer at a time (a shard, a sampler's worker) and to
/// readers only once writing has ended. Every use in this module is one of these two.
final class FloatBuffer: Sendable {
    /// Unsafe as every pointer is; see the rule above, which the type system cannot express.
    nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
    let count: Int

    /// Allocates `count` zeros.
    init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 16))
        memset(raw, 0, max(count, 16) * 4)
    }

    /// A copy of another buffer.
    convenience init(copying other: FloatBuffer) {
        self.init(count: other.count)
        memcpy(base, other.base, other.count * 4)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    /// Sets every number to zero.
    func clear() { memset(base, 0, count * 4) }

    /// A read-only view of the first `count` numbers from `offset`.
    func view(_ offset: Int, _ count: Int) -> UnsafeBufferPointer<Float> {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
        return UnsafeBufferPointer(start: base + offset, count: count)
    }
}
