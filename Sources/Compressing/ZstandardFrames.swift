// One Zstandard frame whose length is known: for what we packed ourselves. Faster than the bounded reader of strangers'
// bytes, since the output is allocated once and no window is kept.
import CZstd

/// Decompresses one frame that fills the output exactly; throws `CompressionFault.malformed` when it does not.
package func zstdDecompress(
    _ input: UnsafeRawBufferPointer, filling output: UnsafeMutableRawBufferPointer
) throws(CompressionFault) {
    let written = ZSTD_decompress(output.baseAddress, output.count, input.baseAddress, input.count)
    guard ZSTD_isError(written) == 0, written == output.count else { throw .malformed }
}
