// Rows of a text file: a JSON value a line, or one array of them.
import Compressing
import Domain
import Foundation
import StrictJSON

/// The lines of an NDJSON file, packed or not; a file that is one JSON array counts by its elements.
///
/// Memory is that of the longest line or element, and bounded: what is longer is passed over and reported.
package final class LineRows: DatasetRows {
    private let pieces: UnpackedPieces
    private let limits: JSONLimits
    private var piece: ArraySlice<UInt8> = []
    private var line: [UInt8] = []
    private var lineBytes = 0
    private var number = 0
    private var hasEnded = false
    /// Of a file that is one array.
    private var cutter: ElementCutter?
    private var isArrayOver = false
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
        if number == 0, cutter == nil, try beginsWithBracket() { (cutter, unit) = (ElementCutter(), "row") }
        if cutter != nil { return try nextElement() }
        while try fillLine() {
            number += 1
            guard lineBytes <= Limits.datasetRowBytesMax else {
                let fault = InputError(
                    .tooLarge, "a line of \(lineBytes) bytes", hint: "the limit is \(Limits.datasetRowBytesMax)")
                return DatasetRow(number: number, content: .failure(fault))
            }
            guard line.contains(where: { $0 > 0x20 }) else { continue }
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

    // MARK: One array

    /// Whether the first byte that says something opens an array; nothing is taken.
    private func beginsWithBracket() throws -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        while piece.count < 65_536 {
            if piece.count >= mark.count {
                let text = piece.starts(with: mark) ? piece.dropFirst(mark.count) : piece
                if let first = text.first(where: { $0 > 0x20 }) { return first == UInt8(ascii: "[") }
            }
            guard let more = try nextPiece() else { break }
            piece = piece.isEmpty ? more : piece + more
        }
        return piece.first { $0 > 0x20 } == UInt8(ascii: "[")
    }

    private func nextElement() throws -> DatasetRow? {
        if !isArrayOver {
            let isLast = try fillElement() == .last
            isArrayOver = isLast
            // An empty array, or a comma before its end, has no further element.
            let isEmpty = isLast && lineBytes == line.count && !line.contains { $0 > 0x20 }
            if !isEmpty { return element() }
        }
        try requireNothingMore()
        return nil
    }

    private func element() -> DatasetRow {
        number += 1
        guard lineBytes <= Limits.datasetRowBytesMax else {
            let fault = InputError(
                .tooLarge, "a row of \(lineBytes) bytes", hint: "the limit is \(Limits.datasetRowBytesMax)")
            return DatasetRow(number: number, content: .failure(fault))
        }
        return DatasetRow(number: number, content: parsed(line))
    }

    /// Fills `line` with the next element. Throws `DatasetFault` where the file ends in the middle of its array.
    private func fillElement() throws -> ElementCutter.Step {
        line.removeAll(keepingCapacity: true)
        lineBytes = 0
        while true {
            if piece.isEmpty {
                guard let more = try nextPiece() else {
                    isArrayOver = true
                    throw DatasetFault("after row \(number) the file ends in the middle of its array")
                }
                piece = more
            }
            let step =
                cutter?.take(from: &piece, to: &line, most: Limits.datasetRowBytesMax, count: &lineBytes) ?? .last
            if step != .goesOn { return step }
        }
    }

    private func requireNothingMore() throws {
        while true {
            if let byte = piece.first(where: { $0 > 0x20 }) {
                throw DatasetFault(
                    "after row \(number) the array ends, and something follows: \(Character(UnicodeScalar(byte)))")
            }
            guard let more = try nextPiece() else { return }
            piece = more
        }
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
