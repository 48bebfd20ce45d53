// Zstandard (RFC 8878) through libzstd: one call each way, bounded output.
import CZstd

/// The compressed form of some bytes, one frame; empty input gives a frame too.
///
/// - Parameter level: 1 (fast) to 19 (small).
package func zstdCompressed(_ input: UnsafeRawBufferPointer, level: Int = 3) throws(CompressionFault) -> [UInt8] {
    var failure: String?
    let output = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(input.count)) { buffer, count in
        let written = ZSTD_compress(buffer.baseAddress, buffer.count, input.baseAddress, input.count, Int32(level))
        if ZSTD_isError(written) != 0 {
            failure = String(cString: ZSTD_getErrorName(written))
            count = 0
        } else {
            count = written
        }
    }
    if let failure { throw .failed("zstd: \(failure)") }
    return output
}

/// Decompresses one or more frames. A frame that asks for a window beyond 8 MiB is refused (RFC 9659).
func zstdDecompressed(
    _ input: UnsafeRawBufferPointer, limit: Int, reserve: (Int) -> Bool
) throws(CompressionFault) -> [UInt8] {
    guard input.count > 0 else { throw .malformed }
    guard let context = ZSTD_createDCtx() else { throw .failed("zstd: no memory") }
    defer { ZSTD_freeDCtx(context) }
    let windowBits: Int32 = 23
    guard ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowBits)) == 0 else {
        throw .failed("zstd: window")
    }
    var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var output = try GrowingOutput(compressedCount: input.count, limit: limit, reserve: reserve)
    while true {
        var code = 0
        output.append { free in
            var target = ZSTD_outBuffer(dst: free.baseAddress, size: free.count, pos: 0)
            code = ZSTD_decompressStream(context, &target, &source)
            return target.pos
        }
        guard ZSTD_isError(code) == 0 else { throw .malformed }
        // 0: a frame is complete and all of it is out.
        if code == 0, source.pos == source.size { return output.take() }
        if output.isFull {
            try output.grow(reserve)
        } else if source.pos == source.size {
            throw .malformed
        }
    }
}
