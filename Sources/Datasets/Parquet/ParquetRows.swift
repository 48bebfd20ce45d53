// Rows of a Parquet file as JSON objects: lists, structures and maps put together again from their columns' levels.
// The way back is that of the Dremel paper (Melnik et al., 2010), walked down the tree of columns.
import Domain
import StrictJSON

/// The rows of a Parquet file, one after the other. Memory is that of one page of each column.
package final class ParquetRows: DatasetRows {
    package let unit = "row"
    /// All rows of the file, as its footer says.
    package let count: Int
    private let file: ParquetFile
    private let columns: [ParquetNode]
    private var groups: ArraySlice<ParquetFile.RowGroup>
    private var readers: [Int: ParquetColumn] = [:]
    private var rowsLeft = 0
    private var number = 0
    private var values = 0
    /// Columns of the row at hand whose text is not UTF-8.
    private var badColumn: String?

    /// Reads the footer. Throws `DatasetFault` when the file is damaged or has what is not read, and what the file throws.
    ///
    /// - Parameter names: The top-level columns that are wanted; nil for all. Others are not even read.
    package init(_ bytes: FileBytes, keeping names: Set<String>? = nil) throws {
        file = try ParquetFile(bytes)
        count = file.rowCount
        guard (0...Limits.datasetRowsMax).contains(count) else { throw DatasetFault("Parquet: \(count) rows") }
        columns = file.columns.filter { names?.contains($0.name) ?? true }
        groups = file.rowGroups[...]
        for leaf in columns.flatMap(\.leaves) {
            if case .unread(let type) = leaf.meaning {
                throw DatasetFault("Parquet: the column \(leaf.path) is of type \(type), which is not read")
            }
        }
    }

    package func next() throws -> DatasetRow? {
        while rowsLeft == 0 {
            guard let group = groups.popFirst() else { return nil }
            rowsLeft = group.rowCount
            readers = [:]
            for leaf in columns.flatMap(\.leaves) {
                readers[leaf.index] = ParquetColumn(leaf, group.chunks[leaf.index], of: file.bytes)
            }
        }
        rowsLeft -= 1
        number += 1
        values = 0
        badColumn = nil
        var members: [JSONMember] = []
        for column in columns { members.append(JSONMember(column.name, try value(of: column))) }
        for index in readers.keys where try readers[index]?.nextRepetition() != 0 {
            throw DatasetFault("Parquet: the columns of row \(number) do not agree")
        }
        if let badColumn {
            let fault = InputError(.invalidValue, "text that is not UTF-8", field: badColumn)
            return DatasetRow(number: number, content: .failure(fault))
        }
        return DatasetRow(number: number, content: .success(.object(members)))
    }

    // MARK: Assembly

    /// What a node holds where all above it is there.
    private func value(of node: ParquetNode) throws -> JSONValue {
        switch node.repetition {
        case .required: return try content(of: node)
        case .optional:
            guard try isThere(node) else {
                try pass(node)
                return .null
            }
            return try content(of: node)
        case .repeated: return listValue(try elements(of: node, content(of:)))
        }
    }

    /// The repeats of a node, each read by `read`.
    private func elements(
        of node: ParquetNode, _ read: (ParquetNode) throws -> JSONValue
    ) throws -> [JSONValue] {
        guard try isThere(node) else {
            try pass(node)
            return []
        }
        var elements: [JSONValue] = []
        repeat {
            elements.append(try read(node))
            try countValue()
        } while try firstRepetition(below: node) == node.repetitionLevel
        return elements
    }

    private func content(of node: ParquetNode) throws -> JSONValue {
        try countValue()
        switch node.content {
        case .leaf(let leaf):
            guard try readers[leaf.index]?.nextDefinition() == leaf.maxDefinition else {
                throw DatasetFault("Parquet: the columns of row \(number) do not agree")
            }
            guard let value = try readers[leaf.index]?.take() else {
                badColumn = leaf.path
                return .null
            }
            return value
        case .structure(let children):
            var members: [JSONMember] = []
            for child in children { members.append(JSONMember(child.name, try value(of: child))) }
            return .object(members)
        case .list(let repeated):
            let wrapped = elementOfList(node.name, repeated)
            return listValue(
                try elements(of: repeated) { try wrapped.map(self.value(of:)) ?? self.content(of: $0) })
        case .map(let repeated): return mapValue(try elements(of: repeated, content(of:)))
        }
    }

    private func isThere(_ node: ParquetNode) throws -> Bool {
        guard let leaf = firstLeaf(node) else { return true }
        return try readers[leaf.index]?.nextDefinition() ?? 0 >= node.definition
    }

    private func firstRepetition(below node: ParquetNode) throws -> Int {
        guard let leaf = firstLeaf(node) else { return 0 }
        return try readers[leaf.index]?.nextRepetition() ?? 0
    }

    /// Passes the entry that says, in each column below, that a node is not there.
    private func pass(_ node: ParquetNode) throws {
        for leaf in node.leaves {
            guard try readers[leaf.index]?.nextDefinition() ?? 0 < node.definition else {
                throw DatasetFault("Parquet: the columns of row \(number) do not agree")
            }
            _ = try readers[leaf.index]?.take()
        }
    }

    private func countValue() throws {
        values += 1
        guard values <= Limits.datasetRowValuesMax else {
            throw DatasetFault("Parquet: row \(number) has more than \(Limits.datasetRowValuesMax) values")
        }
    }
}

private func firstLeaf(_ node: ParquetNode) -> ParquetLeaf? {
    switch node.content {
    case .leaf(let leaf): leaf
    case .structure(let children): children.first.flatMap(firstLeaf)
    case .list(let child), .map(let child): firstLeaf(child)
    }
}

/// The field that a list's repeated group wraps, or nil where the group itself is the element (LogicalTypes.md, "Backward-compatibility
/// rules").
private func elementOfList(_ name: String, _ repeated: ParquetNode) -> ParquetNode? {
    guard case .structure(let children) = repeated.content, children.count == 1, let child = children.first,
        repeated.name != "array", repeated.name != name + "_tuple"
    else { return nil }
    return child
}

/// Pairs of key and value as an object; as they stand where a key is no string.
private func mapValue(_ pairs: [JSONValue]) -> JSONValue {
    var members: [JSONMember] = []
    var places: [String: Int] = [:]
    for pair in pairs {
        guard case .object(let fields) = pair, let key = fields.first?.value.string else { return .array(pairs) }
        let member = JSONMember(key, fields.count > 1 ? fields[1].value : .null)
        if let place = places[key] {
            members[place] = member
        } else {
            places[key] = members.count
            members.append(member)
        }
    }
    return .object(members)
}
