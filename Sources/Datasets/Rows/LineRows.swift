// Rows of a text file: a JSON value a line, or one array of them.
import Compressing
import Domain
import Foundation
import StrictJSON

/// The lines of an NDJSON file, packed or not; a file that is one JSON array counts by its elements.
///
/// Memory is that of the longest line, and bounded: what is longer is passed over and reported.
package final class LineRows: DatasetRows {
    private let pieces: UnpackedPieces
    private let limits: JSONLimits
    private var piece: ArraySlice<UInt8> = []
    private var line: [UInt8] = []
    private var lineBytes = 0
    private var number = 0
    private var hasEnded = false
    private var elements: ArraySlice<JSONValue>?
    package private(set) var unit = "line"

    /// Reads the first bytes. Throws what `read` throws, and `DatasetFault` when the library has no memory.
    ///
    /// - Parameter read: Gives the next bytes of the file, and nil at its end.
    package init(read: @escaping () throws -> [UInt8]?) throws {
        pieces = try UnpackedPieces(read: read)
        limits = JSONLimits(
            depth: Limits.jsonDepthMax, bytes: Limits.datasetRowBytesMax, values: Limits.datasetRowValuesMax)
    }

    package func next() throws -> DatasetRow? {
        if elements != nil { return nextElement() }
        while try fillLine() {
            number += 1
            guard lineBytes <= Limits.datasetRowBytesMax else {
                let fault = InputError(
                    .tooLarge, "a line of \(lineBytes) bytes", hint: "the limit is \(Limits.datasetRowBytesMax)")
                return DatasetRow(number: number, content: .failure(fault))
            }
            guard let first = line.first(where: { $0 > 0x20 }) else { continue }
            if number == 1, first == UInt8(ascii: "[") {
                try readArray()
                return nextElement()
            }
            return DatasetRow(number: number, content: parsed(line))
        }
        return nil
    }

    /// Fills `line` with the next one, as far as the limit allows; false at the end of the file.
    private func fillLine() throws -> Bool {
        line.removeAll(keepingCapacity: true)
        lineBytes = 0
        while true {
            if piece.isEmpty {
                guard let more = try nextPiece() else {
                    hasEnded = true
                    return lineBytes > 0
                }
                piece = more
            }
            let end = firstLineFeed(in: piece)
            let part = piece[..<(end ?? piece.endIndex)]
            lineBytes += part.count
            if lineBytes <= Limits.datasetRowBytesMax { line += part } else { line = [] }
            piece = end.map { piece[($0 + 1)...] } ?? []
            if end != nil { return true }
        }
    }

    private func nextPiece() throws -> ArraySlice<UInt8>? {
        guard !hasEnded else { return nil }
        do { return try pieces.next() } catch let fault as CompressionFault {
            hasEnded = true
            let name = pieces.coding == .gzip ? "gzip" : "Zstandard"
            throw DatasetFault("after \(unit) \(number) the file is no \(name), or ends in the middle of it: \(fault)")
        }
    }

    /// The rest of a file that is one array; it is held whole, so it is bounded as one row is.
    private func readArray() throws {
        var text = line
        while try fillLine() {
            text.append(0x0A)
            text += line
            guard text.count <= Limits.datasetRowBytesMax, lineBytes <= Limits.datasetRowBytesMax else {
                throw DatasetFault(
                    "the file is one JSON array of more than \(Limits.datasetRowBytesMax) bytes; write it as a line each"
                )
            }
        }
        guard case .success(let value) = parsed(text), let all = value.elements else {
            throw DatasetFault("the file begins with [ but is no JSON array, nor a JSON value a line")
        }
        (unit, number, elements) = ("row", 0, all[...])
    }

    private func nextElement() -> DatasetRow? {
        guard let value = elements?.popFirst() else { return nil }
        number += 1
        return DatasetRow(number: number, content: .success(value))
    }

    private func parsed(_ text: [UInt8]) -> Result<JSONValue, InputError> {
        do throws(JSONError) { return .success(try JSONValue.parse(text, limits: limits)) } catch {
            return .failure(InputError(.malformedJSON, error.description))
        }
    }
}

/// The place of the first line feed; the C library looks at many bytes at once.
private func firstLineFeed(in bytes: ArraySlice<UInt8>) -> Int? {
    bytes.withUnsafeBytes { buffer in
        guard let start = buffer.baseAddress, let found = memchr(start, 0x0A, buffer.count) else { return nil }
        return bytes.startIndex + (UnsafeRawPointer(found) - start)
    }
}
