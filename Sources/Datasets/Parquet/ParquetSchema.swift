// The tree of a Parquet file's columns, from the flat list of its footer.
// Format: parquet-format's parquet.thrift (SchemaElement) and LogicalTypes.md.
import Domain

/// How a leaf's bytes become a value.
struct ParquetLeaf {
    enum Physical: Int64 { case boolean, int32, int64, int96, float, double, byteArray, fixedLengthByteArray }

    /// What the writer says that the bytes mean.
    enum Meaning: Equatable {
        case plain
        case text
        case unsigned
        case date
        /// So many units a second.
        case timestamp(perSecond: Int64)
        /// Known by name, but not read.
        case unread(String)
    }

    /// Its place among the leaves of the file, which is that of its chunk in each row group.
    var index: Int
    var physical: Physical
    /// Bytes of one value of `fixedLengthByteArray`.
    var length: Int
    var meaning: Meaning
    var maxDefinition: Int
    var maxRepetition: Int
    /// The names down to it, with dots.
    var path: String
}

/// One node of the tree.
struct ParquetNode {
    enum Repetition: Int64 { case required, optional, repeated }

    indirect enum Content {
        case leaf(ParquetLeaf)
        case structure([ParquetNode])
        /// Its one child repeats.
        case list(ParquetNode)
        /// Its one child repeats and holds key and value.
        case map(ParquetNode)
    }

    var name: String
    var repetition: Repetition
    /// The levels at which this node itself is there.
    var definition: Int
    var repetitionLevel: Int
    var content: Content

    /// All leaves below, in the order of the file.
    var leaves: [ParquetLeaf] {
        switch content {
        case .leaf(let leaf): [leaf]
        case .structure(let children): children.flatMap(\.leaves)
        case .list(let child), .map(let child): child.leaves
        }
    }
}

/// Builds the tree.
struct ParquetSchemaReader {
    private let elements: [ThriftValue]
    private var position = 0
    private var leafCount = 0

    /// The top-level columns. Throws `DatasetFault` when the list is no tree, or larger than is read.
    static func columns(_ elements: [ThriftValue]) throws(DatasetFault) -> [ParquetNode] {
        guard elements.count <= 4 * Limits.parquetColumnsMax else { throw DatasetFault("Parquet: too many columns") }
        var reader = ParquetSchemaReader(elements: elements)
        guard let count = elements.first?[5]?.size else { throw DatasetFault("Parquet: no columns") }
        reader.position = 1
        return try reader.children(count, definition: 0, repetition: 0, path: "", depth: 0)
    }

    private init(elements: [ThriftValue]) { self.elements = elements }

    private mutating func children(
        _ count: Int, definition: Int, repetition: Int, path: String, depth: Int
    ) throws(DatasetFault) -> [ParquetNode] {
        guard depth <= Limits.parquetDepthMax else { throw DatasetFault("Parquet: columns nest too deep") }
        guard count <= elements.count - position else { throw DatasetFault("Parquet: columns are missing") }
        var nodes: [ParquetNode] = []
        for _ in 0..<count {
            nodes.append(try node(definition: definition, repetition: repetition, path: path, depth: depth))
        }
        return nodes
    }

    private mutating func node(
        definition: Int, repetition: Int, path: String, depth: Int
    ) throws(DatasetFault) -> ParquetNode {
        guard position < elements.count else { throw DatasetFault("Parquet: columns are missing") }
        let element = elements[position]
        position += 1
        guard let name = element[4]?.text, let kind = ParquetNode.Repetition(rawValue: element[3]?.integer ?? -1)
        else { throw DatasetFault("Parquet: a column without name or repetition") }
        let path = path.isEmpty ? name : path + "." + name
        let definition = definition + (kind == .required ? 0 : 1)
        let repetition = repetition + (kind == .repeated ? 1 : 0)
        var node = ParquetNode(
            name: name, repetition: kind, definition: definition, repetitionLevel: repetition, content: .structure([]))
        guard let count = element[5]?.size, count > 0 else {
            node.content = .leaf(try leaf(element, definition, repetition, path))
            return node
        }
        let below = try children(
            count, definition: definition, repetition: repetition, path: path, depth: depth + 1)
        node.content = groupContent(element, below)
        return node
    }

    private mutating func leaf(
        _ element: ThriftValue, _ definition: Int, _ repetition: Int, _ path: String
    ) throws(DatasetFault) -> ParquetLeaf {
        guard let physical = ParquetLeaf.Physical(rawValue: element[1]?.integer ?? -1) else {
            throw DatasetFault("Parquet: the column \(path) has no type")
        }
        let length = element[2]?.size ?? 0
        guard physical != .fixedLengthByteArray || (1...Limits.datasetRowBytesMax).contains(length) else {
            throw DatasetFault("Parquet: the column \(path) has values of \(length) bytes")
        }
        defer { leafCount += 1 }
        return ParquetLeaf(
            index: leafCount, physical: physical, length: length, meaning: meaning(element, physical),
            maxDefinition: definition, maxRepetition: repetition, path: path)
    }
}

/// What a group is: a list or a map where the writer says so and its shape agrees, otherwise a structure.
private func groupContent(_ element: ThriftValue, _ children: [ParquetNode]) -> ParquetNode.Content {
    guard children.count == 1, let child = children.first, child.repetition == .repeated else {
        return .structure(children)
    }
    let logical = element[10]
    switch element[6]?.integer {
    case 3: return .list(child)
    case 1, 2: return .map(child)
    default:
        if logical?[3] != nil { return .list(child) }
        return logical?[2] != nil ? .map(child) : .structure(children)
    }
}

private func meaning(_ element: ThriftValue, _ physical: ParquetLeaf.Physical) -> ParquetLeaf.Meaning {
    let logical = element[10]
    if physical == .int96 { return .unread("INT96") }
    if logical?[5] != nil { return .unread("DECIMAL") }
    if logical?[15] != nil { return .unread("FLOAT16") }
    if let unit = logical?[8]?[2] {
        return .timestamp(perSecond: unit[1] != nil ? 1_000 : unit[2] != nil ? 1_000_000 : 1_000_000_000)
    }
    if let integer = logical?[10] { return integer[2]?.bool == false ? .unsigned : .plain }
    switch element[6]?.integer {
    case 5: return .unread("DECIMAL")
    case 6: return .date
    case 9: return .timestamp(perSecond: 1_000)
    case 10: return .timestamp(perSecond: 1_000_000)
    case 11, 12, 13, 14: return .unsigned
    default: return logical?[6] != nil ? .date : physical == .byteArray ? .text : .plain
    }
}
