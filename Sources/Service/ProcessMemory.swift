// How much memory this process holds, from the kernel; and how much of what is free it keeps.
import CMalloc
import Domain
import Glibc

/// The process's own memory.
package enum ProcessMemory {
    /// Keeps the allocator to a few heaps; before threads are started.
    ///
    /// It would make eight for each core, and memory that is free in one serves no other: after ten minutes of full load on two
    /// cores more than half of what it held was free.
    package static func boundHeaps() { mallopt(M_ARENA_MAX, Limits.heapsMax) }

    /// Gives free pages in the midst of the heaps back to the kernel; takes milliseconds.
    static func releaseFree() { malloc_trim(0) }

    /// Resident bytes, from `/proc/self/statm`; nil where that cannot be read.
    static func residentBytes() -> Int? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let fields = bytes[..<count].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
