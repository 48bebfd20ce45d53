// How the pages of a Parquet file are packed.
import Compressing
import Domain

/// A coding of pages. Those that are not read are refused by name.
enum ParquetCodec {
    case none
    case snappy
    case gzip
    case zstd

    init(number: Int64) throws(DatasetFault) {
        switch number {
        case 0: self = .none
        case 1: self = .snappy
        case 2: self = .gzip
        case 6: self = .zstd
        default:
            let names: [Int64: String] = [3: "LZO", 4: "BROTLI", 5: "LZ4", 7: "LZ4_RAW"]
            throw DatasetFault(
                "Parquet: pages packed with \(names[number] ?? "codec \(number)") are not read; write it with zstd, gzip or snappy"
            )
        }
    }

    /// The page behind some bytes, which must have the size that its header says.
    func unpacked(_ bytes: ArraySlice<UInt8>, count: Int) throws(DatasetFault) -> [UInt8] {
        let fault = DatasetFault("Parquet: a page is damaged")
        guard count > 0 else { return [] }
        var page: [UInt8]?
        switch self {
        case .none: page = Array(bytes)
        case .snappy: page = snappyDecompressed(bytes, limit: count)
        case .gzip, .zstd:
            let coding: ContentCoding = if case .gzip = self { .gzip } else { .zstd }
            // One byte more than wanted: a decoder that is out of room may not have looked at its checksum yet.
            page = bytes.withUnsafeBytes { packed in
                do throws(CompressionFault) { return try decompressed(packed, from: coding, limit: count + 1) } catch {
                    return nil
                }
            }
        }
        guard let page, page.count == count else { throw fault }
        return page
    }
}
