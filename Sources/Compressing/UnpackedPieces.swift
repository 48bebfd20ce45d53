// Files of any length, packed or not, read piece by piece: what comes out at once is bounded, whatever the bytes claim.
import CZlib
import CZstd

/// The text of a file that may be compressed with gzip or Zstandard, in pieces of at most 128 KiB. Not thread-safe.
package final class UnpackedPieces {
    private static let pieceBytes = 131_072

    /// The coding that the file's first bytes named; nil when they are the text itself.
    package private(set) var coding: ContentCoding?
    private let read: () throws -> [UInt8]?
    private var input: [UInt8] = []
    private var offset = 0
    private var hasEnded = false
    private var piece = [UInt8](repeating: 0, count: pieceBytes)
    /// Whether the bytes so far end with a whole member or frame.
    private var isWhole = true
    /// Whether the last piece was full, so that the decoder may hold more without further input.
    private var mayHoldMore = false
    private var zlib = z_stream()
    private var isInflating = false
    private var zstd: OpaquePointer?

    /// Looks at the first bytes.
    ///
    /// - Parameter read: Gives the next bytes of the file, any number but none, and nil at its end.
    package init(read: @escaping () throws -> [UInt8]?) throws {
        self.read = read
        while input.count < 4, let more = try read() { input += more }
        coding = namedCoding(input)
        switch coding {
        case .gzip:
            guard inflateInit2_(&zlib, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
                throw CompressionFault.failed("zlib: no memory")
            }
            isInflating = true
        case .zstd:
            zstd = ZSTD_createDCtx()
            // As for strangers' bodies: a frame that asks for a window beyond 8 MiB is refused (RFC 9659).
            guard let zstd, ZSTD_isError(ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, 23)) == 0 else {
                throw CompressionFault.failed("zstd: no memory")
            }
        case nil: break
        }
    }

    deinit {
        if isInflating { inflateEnd(&zlib) }
        ZSTD_freeDCtx(zstd)
    }

    /// The next piece of the text, never empty; nil at its end. Throws `CompressionFault.malformed` when the bytes are no such
    /// coding or end too early, and what `read` throws.
    package func next() throws -> ArraySlice<UInt8>? {
        while true {
            if offset == input.count, !mayHoldMore {
                guard !hasEnded, let more = try read() else {
                    hasEnded = true
                    guard isWhole else { throw CompressionFault.malformed }
                    return nil
                }
                (input, offset) = (more, 0)
                if input.isEmpty { continue }
            }
            guard coding != nil else {
                let end = min(input.count, offset + Self.pieceBytes)
                defer { offset = end }
                return input[offset..<end]
            }
            let before = offset
            let written = zstd == nil ? try inflateStep() : try zstdStep()
            // A decoder that neither takes nor gives would be asked for ever.
            guard written > 0 || offset > before || mayHoldMore else { throw CompressionFault.malformed }
            mayHoldMore = written == Self.pieceBytes
            if written > 0 { return piece[..<written] }
        }
    }

    private func inflateStep() throws(CompressionFault) -> Int {
        // Members in a row are one text; the next begins where the last one ended.
        if isWhole, offset < input.count, zlib.total_in > 0 {
            guard inflateReset(&zlib) == Z_OK else { throw .malformed }
        }
        var code: Int32 = Z_OK
        var taken = 0
        var written = 0
        let given = min(input.count - offset, Int(UInt32.max))
        input.withUnsafeBufferPointer { source in
            piece.withUnsafeMutableBufferPointer { free in
                zlib.next_in = UnsafeMutablePointer(mutating: source.baseAddress.map { $0 + offset })
                zlib.avail_in = UInt32(given)
                zlib.next_out = free.baseAddress
                zlib.avail_out = UInt32(free.count)
                code = inflate(&zlib, Z_NO_FLUSH)
                taken = given - Int(zlib.avail_in)
                written = free.count - Int(zlib.avail_out)
            }
        }
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw .malformed }
        offset += taken
        if code == Z_STREAM_END { isWhole = true } else if taken > 0 { isWhole = false }
        return written
    }

    private func zstdStep() throws(CompressionFault) -> Int {
        var code = 0
        var written = 0
        var taken = 0
        input.withUnsafeBytes { source in
            piece.withUnsafeMutableBytes { free in
                var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: offset)
                var to = ZSTD_outBuffer(dst: free.baseAddress, size: free.count, pos: 0)
                code = ZSTD_decompressStream(zstd, &to, &from)
                taken = from.pos - offset
                written = to.pos
            }
        }
        guard ZSTD_isError(code) == 0 else { throw .malformed }
        offset += taken
        if taken > 0 || written > 0 { isWhole = code == 0 }
        return written
    }
}

/// The coding that a file's first four bytes name (RFC 1952, section 2.3.1; RFC 8878, section 3.1.1), or nil.
private func namedCoding(_ bytes: [UInt8]) -> ContentCoding? {
    if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
    return bytes.starts(with: [0x1F, 0x8B, 0x08]) ? .gzip : nil
}
