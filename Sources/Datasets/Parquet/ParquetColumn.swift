// One column of one row group, entry by entry: pages are read and unpacked as they are needed, one at a time.
// Format: parquet-format's README.md (data pages) and parquet.thrift (PageHeader).
import Domain
import StrictJSON

/// The entries of a column chunk in the order of the file.
struct ParquetColumn {
    let leaf: ParquetLeaf
    private let bytes: FileBytes
    private let chunk: ParquetFile.Chunk
    private var offset: Int
    private var entriesLeft: Int
    private var pageLeft = 0
    private var dictionary: [JSONValue?]?
    private var repetitions: HybridReader?
    private var definitions: HybridReader?
    private var values: ParquetValues?
    private var isPeeked = false
    private var peekedRepetition = 0
    private var peekedDefinition = 0
    /// The bytes of the file last read, and where they begin: headers and small pages share a read.
    private var window: [UInt8] = []
    private var windowStart = 0

    init(_ leaf: ParquetLeaf, _ chunk: ParquetFile.Chunk, of bytes: FileBytes) {
        self.leaf = leaf
        self.chunk = chunk
        self.bytes = bytes
        offset = chunk.start
        entriesLeft = chunk.valueCount
    }

    /// The repetition level of the next entry; 0 at the end, as if another row began.
    mutating func nextRepetition() throws -> Int {
        try peek() ? peekedRepetition : 0
    }

    /// The definition level of the next entry. Throws `DatasetFault` at the end.
    mutating func nextDefinition() throws -> Int {
        guard try peek() else { throw DatasetFault("Parquet: \(leaf.path) has fewer values than rows") }
        return peekedDefinition
    }

    /// Passes the next entry: its value, or null where it is not defined; nil where it is text that is not UTF-8.
    mutating func take() throws -> JSONValue? {
        let definition = try nextDefinition()
        isPeeked = false
        guard definition == leaf.maxDefinition else { return .null }
        return try values?.next()
    }

    /// Reads the levels of the next entry; false at the end of the chunk.
    private mutating func peek() throws -> Bool {
        if isPeeked { return true }
        guard entriesLeft > 0 else { return false }
        while pageLeft == 0 { try readPage() }
        peekedRepetition = try repetitions?.next() ?? 0
        peekedDefinition = try definitions?.next() ?? leaf.maxDefinition
        guard peekedRepetition <= leaf.maxRepetition, peekedDefinition <= leaf.maxDefinition else {
            throw DatasetFault("Parquet: \(leaf.path) has a level beyond its own")
        }
        pageLeft -= 1
        entriesLeft -= 1
        isPeeked = true
        return true
    }

    // MARK: Pages

    private mutating func readPage() throws {
        let (header, headerEnd) = try readHeader()
        guard let packed = header[3]?.size, let unpacked = header[2]?.size,
            unpacked <= Limits.parquetPageBytesMax, packed <= chunk.end - headerEnd
        else { throw DatasetFault("Parquet: a page of \(leaf.path) is larger than its column or than is read") }
        let body = try fileBytes(headerEnd, packed)
        guard body.count == packed else { throw DatasetFault("Parquet: the file ends too early") }
        offset = headerEnd + packed
        switch header[1]?.integer {
        case 0: try beginPage(header[5], body, unpacked)
        case 2: try readDictionary(header[7], body, unpacked)
        case 3: try beginPageV2(header[8], body, unpacked)
        default: break
        }
    }

    private mutating func readHeader() throws -> (header: ThriftValue, end: Int) {
        guard offset < chunk.end else { throw DatasetFault("Parquet: \(leaf.path) has fewer values than it says") }
        var size = 16_384
        while true {
            let given = try fileBytes(offset, min(size, chunk.end - offset))
            var reader = ThriftReader(given)
            do { return (try reader.structure(), offset + reader.offset - given.startIndex) } catch {
                guard reader.ranOut, size < Limits.parquetPageHeaderBytesMax, given.count == size else { throw error }
                size *= 8
            }
        }
    }

    /// Bytes of the file, from the window where they lie in it.
    private mutating func fileBytes(_ start: Int, _ count: Int) throws -> ArraySlice<UInt8> {
        if start < windowStart || start + count > windowStart + window.count {
            window = try bytes.read(start, max(count, min(65_536, chunk.end - start)))
            windowStart = start
        }
        let from = start - windowStart
        return window[from..<min(window.count, from + count)]
    }

    private mutating func readDictionary(_ header: ThriftValue?, _ body: ArraySlice<UInt8>, _ size: Int) throws {
        guard dictionary == nil, let count = header?[1]?.size else {
            throw DatasetFault("Parquet: \(leaf.path) has a dictionary that is damaged, or two")
        }
        let page = try chunk.codec.unpacked(body, count: size)
        // Every value takes at least a bit, and all but truth values four bytes.
        guard count <= page.count * 8 else { throw DatasetFault("Parquet: a dictionary of \(count) values") }
        var reader = try ParquetValues(page[...], encoding: 0, leaf: leaf, dictionary: nil)
        var all: [JSONValue?] = []
        for _ in 0..<count { all.append(try reader.next()) }
        dictionary = all
    }

    private mutating func beginPage(_ header: ThriftValue?, _ body: ArraySlice<UInt8>, _ size: Int) throws {
        guard let header, let count = header[1]?.size, let encoding = header[2]?.integer else {
            throw DatasetFault("Parquet: a page of \(leaf.path) is damaged")
        }
        var page = try chunk.codec.unpacked(body, count: size)[...]
        repetitions = try levels(&page, most: leaf.maxRepetition, encoding: header[4]?.integer)
        definitions = try levels(&page, most: leaf.maxDefinition, encoding: header[3]?.integer)
        try begin(count, page, encoding)
    }

    /// Levels of a page of the first version: their length, then they themselves.
    private func levels(
        _ page: inout ArraySlice<UInt8>, most: Int, encoding: Int64?
    ) throws(DatasetFault) -> HybridReader? {
        guard most > 0 else { return nil }
        guard encoding == 3 else { throw DatasetFault("Parquet: \(leaf.path) has levels in an old encoding") }
        let length = page.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard page.count >= 4, length <= page.count - 4 else {
            throw DatasetFault("Parquet: a page of \(leaf.path) is damaged")
        }
        let start = page.startIndex + 4
        let own = page[start..<(start + length)]
        page = page[(start + length)...]
        return HybridReader(own, width: bitWidth(of: most))
    }

    /// A page of the second version: its levels stand first, in the header's lengths, and are never packed.
    private mutating func beginPageV2(_ header: ThriftValue?, _ body: ArraySlice<UInt8>, _ size: Int) throws {
        guard let header, let count = header[1]?.size, let encoding = header[4]?.integer,
            let definitionBytes = header[5]?.size, let repetitionBytes = header[6]?.size,
            repetitionBytes <= body.count, definitionBytes <= body.count - repetitionBytes,
            size >= repetitionBytes + definitionBytes
        else { throw DatasetFault("Parquet: a page of \(leaf.path) is damaged") }
        let middle = body.startIndex + repetitionBytes
        let end = middle + definitionBytes
        repetitions =
            leaf.maxRepetition == 0
            ? nil : HybridReader(body[..<middle], width: bitWidth(of: leaf.maxRepetition))
        definitions =
            leaf.maxDefinition == 0
            ? nil : HybridReader(body[middle..<end], width: bitWidth(of: leaf.maxDefinition))
        let isPacked = header[7]?.bool ?? true
        let codec = isPacked ? chunk.codec : .none
        let values = try codec.unpacked(body[end...], count: size - repetitionBytes - definitionBytes)
        try begin(count, values[...], encoding)
    }

    private mutating func begin(_ count: Int, _ page: ArraySlice<UInt8>, _ encoding: Int64) throws(DatasetFault) {
        guard count <= entriesLeft else { throw DatasetFault("Parquet: \(leaf.path) has more values than it says") }
        pageLeft = count
        values = try ParquetValues(page, encoding: encoding, leaf: leaf, dictionary: dictionary)
    }
}
