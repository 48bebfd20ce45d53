// Compiled programs by their source, kept by the server so that every slot finds what any slot compiled. Whole sources
// are compared, not hashes; bounded in bytes; the least recently used go first. Knows nothing of how they are compiled.
import CSandbox
import Glibc
import Synchronization

/// A program in memory that nobody can change any more; closed when the last user lets go of it.
final class SealedProgram: Sendable {
    /// The memory file, to be sent to a jail.
    let descriptor: Int32
    /// Bytes that it takes.
    let size: Int

    /// Nil where the memory cannot be had.
    init?(_ bytes: ArraySlice<UInt8>) {
        let file = bytes.withUnsafeBytes { csandbox_sealed_file($0.baseAddress, $0.count) }
        guard file >= 0 else { return nil }
        descriptor = file
        size = bytes.count
    }

    deinit { close(descriptor) }
}

/// The programs that were compiled lately, at most `bytesMax` bytes of them.
final class CompiledPrograms: Sendable {
    fileprivate struct Entry {
        let program: SealedProgram
        var used: UInt64
    }

    fileprivate struct State {
        /// By the bytes of the source: strings that only look alike are different programs.
        var entries: [[UInt8]: Entry] = [:]
        var uses: UInt64 = 0
        var bytes = 0
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// The program of this source, if it is kept.
    func program(for source: [UInt8]) -> SealedProgram? {
        state.withLock { state in
            state.uses += 1
            state.entries[source]?.used = state.uses
            return state.entries[source]?.program
        }
    }

    /// Keeps a program, and drops those not used for longest when there are too many bytes.
    func keep(_ bytes: ArraySlice<UInt8>, for source: [UInt8]) {
        guard bytes.count + source.count <= bytesMax, let program = SealedProgram(bytes) else { return }
        state.withLock { state in
            state.drop(source)
            state.uses += 1
            state.entries[source] = Entry(program: program, used: state.uses)
            state.bytes += program.size + source.count
            while state.bytes > bytesMax, let oldest = state.entries.min(by: { $0.value.used < $1.value.used }) {
                state.drop(oldest.key)
            }
        }
    }

    /// How many programs are kept, and their bytes.
    var size: (count: Int, bytes: Int) { state.withLock { ($0.entries.count, $0.bytes) } }
}

extension CompiledPrograms.State {
    fileprivate mutating func drop(_ source: [UInt8]) {
        guard let entry = entries.removeValue(forKey: source) else { return }
        bytes -= entry.program.size + source.count
    }
}
