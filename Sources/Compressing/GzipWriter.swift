// gzip (RFC 1952) out, piece by piece: for answers that are too large to be held whole.
import CZlib

/// Compresses a text that comes in pieces into one gzip member. Not thread-safe: one piece after the other.
package final class GzipWriter {
    private var stream = z_stream()
    private var piece = [UInt8](repeating: 0, count: 131_072)

    /// Throws `CompressionFault.failed` when the library has no memory.
    ///
    /// - Parameter level: 1 (fast) to 9 (small).
    package init(level: Int32 = 1) throws(CompressionFault) {
        // 15 bits of window, and 16 more: a gzip header and checksum are written.
        let opened = deflateInit2_(
            &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw .failed("zlib: \(opened)") }
    }

    deinit { deflateEnd(&stream) }

    /// What can be sent after so many more bytes of text; `isLast` ends the member.
    package func compress(_ bytes: [UInt8], isLast: Bool = false) throws(CompressionFault) -> [UInt8] {
        var output: [UInt8] = []
        var offset = 0
        var code = Z_OK
        repeat {
            // One call reads at most what zlib's counter holds.
            let count = min(bytes.count - offset, Int(UInt32.max))
            let flush = isLast && offset + count == bytes.count ? Z_FINISH : Z_NO_FLUSH
            bytes.withUnsafeBytes { input in
                stream.next_in = UnsafeMutablePointer(
                    mutating: input.bindMemory(to: UInt8.self).baseAddress.map { $0 + offset })
                stream.avail_in = UInt32(count)
                repeat {
                    let written = piece.withUnsafeMutableBufferPointer { free in
                        stream.next_out = free.baseAddress
                        stream.avail_out = UInt32(free.count)
                        code = deflate(&stream, flush)
                        return free.count - Int(stream.avail_out)
                    }
                    output += piece[..<written]
                } while stream.avail_out == 0 && code == Z_OK
            }
            offset += count
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw .failed("zlib: \(code)") }
        } while offset < bytes.count
        return output
    }
}
