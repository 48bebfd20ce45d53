// What compressed bytes are in, and what can be wrong with them.

/// A coding of bytes as HTTP names it (RFC 9110, section 8.4.1).
package enum ContentCoding: String, Sendable, CaseIterable {
    /// RFC 1952; several members in a row are one text.
    case gzip
    /// RFC 8878; several frames in a row are one text.
    case zstd
}

/// Why bytes were not decompressed.
package enum CompressionFault: Error, Sendable, Equatable {
    /// The bytes are not of this coding, or end too early.
    case malformed
    /// The text is longer than was allowed; how long in all is not known.
    case tooLarge(limit: Int)
    /// The caller had no room for more of the text.
    case noRoom
    /// The library had no memory, or refused its own parameters.
    case failed(String)
}

/// The text behind compressed bytes, at most `limit` bytes of it.
///
/// Memory grows with what comes out, never beyond the limit, whatever the bytes claim; so a bomb costs no more than a body of
/// that size. Throws `CompressionFault`.
///
/// - Parameter reserve: Asked before each growth for so many bytes more; false ends the work with `.noRoom`.
package func decompressed(
    _ bytes: UnsafeRawBufferPointer, from coding: ContentCoding, limit: Int,
    reserve: (Int) -> Bool = { _ in true }
) throws(CompressionFault) -> [UInt8] {
    switch coding {
    case .gzip: try gunzipped(bytes, limit: limit, reserve: reserve)
    case .zstd: try zstdDecompressed(bytes, limit: limit, reserve: reserve)
    }
}
