// A Parquet file's footer: its columns, and where each row group keeps them.
// Format: parquet-format's README.md and parquet.thrift (FileMetaData).
import Domain

/// Bytes of a file by their place.
package struct FileBytes {
    /// All bytes of the file.
    package let count: Int
    /// Gives so many bytes from a place on; fewer only at the end of the file.
    package let read: (_ offset: Int, _ count: Int) throws -> [UInt8]

    package init(count: Int, read: @escaping (_ offset: Int, _ count: Int) throws -> [UInt8]) {
        self.count = count
        self.read = read
    }

    /// A file that is in memory already.
    package init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { offset, count in
            guard offset >= 0, offset < bytes.count else { return [] }
            return Array(bytes[offset..<min(bytes.count, offset + max(0, count))])
        }
    }
}

/// Whether a file's first bytes are those of a Parquet file.
package func isParquet(_ bytes: some Sequence<UInt8>) -> Bool { Array(bytes.prefix(4)) == Array("PAR1".utf8) }

/// What the footer says.
struct ParquetFile {
    /// One column's values in one row group.
    struct Chunk {
        var codec: ParquetCodec
        /// Entries, nulls and empty lists included.
        var valueCount: Int
        var start: Int
        var end: Int
    }

    struct RowGroup {
        var rowCount: Int
        var chunks: [Chunk]
    }

    var bytes: FileBytes
    var columns: [ParquetNode]
    var rowGroups: [RowGroup]

    /// Reads the footer. Throws `DatasetFault`, and what the file throws.
    init(_ bytes: FileBytes) throws {
        self.bytes = bytes
        guard bytes.count >= 12 else { throw DatasetFault("Parquet: the file has only \(bytes.count) bytes") }
        let tail = try bytes.read(bytes.count - 8, 8)
        guard tail.count == 8, tail.suffix(4).elementsEqual("PAR1".utf8) else {
            let isEncrypted = tail.suffix(4).elementsEqual("PARE".utf8)
            throw DatasetFault(isEncrypted ? "Parquet: the file is encrypted" : "Parquet: the file ends too early")
        }
        let length = tail[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= min(Limits.parquetFooterBytesMax, bytes.count - 12) else {
            throw DatasetFault("Parquet: a footer of \(length) bytes")
        }
        let footer = try bytes.read(bytes.count - 8 - length, length)
        var reader = ThriftReader(footer[...])
        let metadata = try reader.structure()
        guard metadata[8] == nil else { throw DatasetFault("Parquet: the file is encrypted") }
        guard let schema = metadata[2]?.list, let groups = metadata[4]?.list else {
            throw DatasetFault("Parquet: a footer without columns or row groups")
        }
        columns = try ParquetSchemaReader.columns(schema)
        let leafCount = columns.reduce(0) { $0 + $1.leaves.count }
        guard leafCount <= Limits.parquetColumnsMax else { throw DatasetFault("Parquet: \(leafCount) columns") }
        rowGroups = []
        for group in groups { rowGroups.append(try Self.rowGroup(group, leafCount, bytes.count)) }
    }

    /// Rows of all groups together.
    var rowCount: Int { rowGroups.reduce(0) { $0 &+ $1.rowCount } }

    private static func rowGroup(
        _ group: ThriftValue, _ leafCount: Int, _ fileBytes: Int
    ) throws(DatasetFault) -> RowGroup {
        guard let rows = group[3]?.size, rows <= Limits.datasetRowsMax, let columns = group[1]?.list,
            columns.count == leafCount
        else {
            throw DatasetFault("Parquet: a row group without its columns")
        }
        var chunks: [Chunk] = []
        for column in columns { chunks.append(try chunk(column, fileBytes)) }
        return RowGroup(rowCount: rows, chunks: chunks)
    }

    private static func chunk(_ column: ThriftValue, _ fileBytes: Int) throws(DatasetFault) -> Chunk {
        guard column[1] == nil else { throw DatasetFault("Parquet: a column lies in another file") }
        guard let data = column[3], let count = data[5]?.size, let length = data[7]?.size,
            let first = data[9]?.size
        else { throw DatasetFault("Parquet: a column without its place") }
        let start = [data[11]?.size, first].compactMap { $0 }.filter { $0 > 0 }.min() ?? first
        guard start >= 4, start < fileBytes, length <= fileBytes - start else {
            throw DatasetFault("Parquet: a column lies outside the file")
        }
        return Chunk(
            codec: try ParquetCodec(number: data[4]?.integer ?? -1), valueCount: count, start: start,
            end: start + length)
    }
}
