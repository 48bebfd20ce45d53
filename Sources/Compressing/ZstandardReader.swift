// Zstandard frames of any length, piece by piece: for files. The window is bounded as for strangers' bodies.
import CZstd

/// Decompresses a stream of frames in a row.
package final class ZstandardReader {
    private let context: OpaquePointer
    private var piece = [UInt8](repeating: 0, count: 131_072)
    private var isBetweenFrames = true

    /// Throws `CompressionFault.failed` when the library has no memory.
    package init() throws(CompressionFault) {
        guard let context = ZSTD_createDCtx() else { throw .failed("zstd: no memory") }
        self.context = context
        guard ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)) == 0 else {
            throw .failed("zstd: window")
        }
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Whether the bytes so far end with a whole frame.
    package var isComplete: Bool { isBetweenFrames }

    /// Hands what the next bytes decompress to over, in pieces of at most 128 KiB.
    package func read(_ input: UnsafeRawBufferPointer, _ take: (ArraySlice<UInt8>) -> Void) throws(CompressionFault) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var isFull = false
        while source.pos < source.size || isFull {
            var written = 0
            let code = piece.withUnsafeMutableBytes { free in
                var target = ZSTD_outBuffer(dst: free.baseAddress, size: free.count, pos: 0)
                defer { written = target.pos }
                return ZSTD_decompressStream(context, &target, &source)
            }
            guard ZSTD_isError(code) == 0 else { throw .malformed }
            isBetweenFrames = code == 0
            isFull = written == piece.count
            take(piece[..<written])
        }
    }
}

/// Whether bytes begin with the mark of a Zstandard frame (RFC 8878, section 3.1.1).
package func isZstandard(_ bytes: some Sequence<UInt8>) -> Bool {
    Array(bytes.prefix(4)) == [0x28, 0xB5, 0x2F, 0xFD]
}
