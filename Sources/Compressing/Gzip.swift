// gzip (RFC 1952) and zlib's own framing (RFC 1950) through zlib: one call, bounded output.
import CZlib

/// Decompresses one or more gzip members.
func gunzipped(
    _ input: UnsafeRawBufferPointer, limit: Int, reserve: (Int) -> Bool
) throws(CompressionFault) -> [UInt8] {
    // 15 bits of window, and 16 more: a gzip header and checksum are wanted.
    try inflated(input, windowBits: 15 + 16, limit: limit, reserve: reserve)
}

/// The text behind bytes in zlib's framing, at most `limit` bytes of it; as `decompressed(_:from:limit:)`, for what is no coding of HTTP.
package func zlibDecompressed(_ input: UnsafeRawBufferPointer, limit: Int) throws(CompressionFault) -> [UInt8] {
    try inflated(input, windowBits: 15, limit: limit) { _ in true }
}

private func inflated(
    _ input: UnsafeRawBufferPointer, windowBits: Int32, limit: Int, reserve: (Int) -> Bool
) throws(CompressionFault) -> [UInt8] {
    guard input.count > 0, input.count <= Int(UInt32.max) else { throw .malformed }
    var stream = z_stream()
    let opened = inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { throw .failed("zlib: \(opened)") }
    defer { inflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(input.count)
    var output = try GrowingOutput(compressedCount: input.count, limit: limit, reserve: reserve)
    while true {
        var code: Int32 = Z_OK
        output.append { free in
            // One call writes at most what zlib's counter holds.
            let room = min(free.count, Int(UInt32.max))
            stream.next_out = free.bindMemory(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(room)
            code = inflate(&stream, Z_NO_FLUSH)
            return room - Int(stream.avail_out)
        }
        switch code {
        case Z_STREAM_END where stream.avail_in == 0: return output.take()
        case Z_STREAM_END: guard inflateReset(&stream) == Z_OK else { throw .malformed }
        case Z_OK, Z_BUF_ERROR:
            if output.isFull {
                try output.grow(reserve)
            } else if stream.avail_in == 0 || code == Z_BUF_ERROR {
                throw .malformed
            }
        default: throw .malformed
        }
    }
}
