// The file that is imported: lines or a table, packed or not, from a path or from standard input.
import ArgumentParser
import Datasets
import Domain
import Foundation

/// An opened file, and how far it was read.
final class ImportSource {
    /// The path's last part without its endings, as a name for what is in it (of `aime24/test.jsonl` the folder's); nil for standard
    /// input.
    let name: String?
    /// Whether it is a Parquet file, whose rows can be read again.
    let isTable: Bool
    private let handle: FileHandle
    private let size: Int?
    private var bytesRead = 0
    private var first: [UInt8]
    private var tableRows: Int?

    /// Opens a file; `-` is standard input. Throws `ValidationError` where it cannot be read.
    init(path: String) throws {
        guard let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path) else {
            throw ValidationError("\(path) cannot be read")
        }
        self.handle = handle
        name = path == "-" ? nil : Self.name(of: URL(fileURLWithPath: path))
        first = Array(try handle.read(upToCount: 1 << 20) ?? Data())
        isTable = isParquet(first)
        let attributes = path == "-" ? nil : try? FileManager.default.attributesOfItem(atPath: path)
        let bytes = (attributes?[.size] as? NSNumber)?.intValue
        size = bytes.flatMap { $0 > 0 ? $0 : nil }
        if isTable, size == nil {
            throw ValidationError("a Parquet file is read from its end, so not from standard input: give its path")
        }
    }

    /// Files are often named after their split, in a folder that is named after the set.
    private static func name(of url: URL) -> String? {
        let file = url.lastPathComponent.split(separator: ".").first.map(String.init)
        let splits = ["test", "train", "validation", "valid", "val", "dev", "eval", "data"]
        let stem = file?.prefix { $0 != "-" }.lowercased()
        let folder = url.deletingLastPathComponent().lastPathComponent
        guard let stem, splits.contains(stem), nameFault(folder, field: "name") == nil, folder != "/" else {
            return file
        }
        return folder
    }

    /// Its rows from the beginning: a table's any number of times, lines once.
    ///
    /// - Parameter names: The columns that are wanted of a table; nil for all.
    func rows(keeping names: Set<String>? = nil) throws -> any DatasetRows {
        guard isTable, let size else { return try LineRows { try self.nextBytes() } }
        let handle = self.handle
        let rows = try ParquetRows(
            FileBytes(count: size) { offset, count in
                try handle.seek(toOffset: UInt64(max(0, offset)))
                return Array(try handle.read(upToCount: max(0, count)) ?? Data())
            }, keeping: names)
        tableRows = rows.count
        return rows
    }

    /// How much was read when so many rows were; nil where nobody can know.
    func fraction(rows: Int) -> Double? {
        if let tableRows { return tableRows == 0 ? 1 : min(1, Double(rows) / Double(tableRows)) }
        return size.map { min(1, Double(bytesRead) / Double($0)) }
    }

    private func nextBytes() throws -> [UInt8]? {
        if !first.isEmpty {
            defer { first = [] }
            bytesRead = first.count
            return first
        }
        guard let data = try handle.read(upToCount: 1 << 20), !data.isEmpty else { return nil }
        bytesRead += data.count
        return Array(data)
    }
}
