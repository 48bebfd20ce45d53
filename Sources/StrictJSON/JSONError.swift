// What is wrong with a JSON text, and where: byte, line, column and path.

/// The first fault of a JSON text.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of fault.
    package enum Reason: String, Sendable, CaseIterable {
        /// A byte that cannot stand there.
        case unexpectedByte = "unexpected_byte"
        /// The text ends too early.
        case unexpectedEnd = "unexpected_end"
        /// Something follows the value.
        case trailingBytes = "trailing_bytes"
        /// Not UTF-8, or an escaped surrogate without its partner.
        case invalidText = "invalid_text"
        /// A number that RFC 8259 does not allow.
        case invalidNumber = "invalid_number"
        /// NaN, Infinity, or a number beyond the range of a double.
        case notFinite = "not_finite"
        /// The same name twice in one object.
        case duplicateName = "duplicate_name"
        /// Nested deeper than the limit.
        case tooDeep = "too_deep"
        /// More bytes or more values than the limit.
        case tooLarge = "too_large"
    }

    /// What kind of fault, for programs.
    package var reason: Reason
    /// What is wrong, for people.
    package var message: String
    /// Bytes before the fault.
    package var offset: Int
    /// From 1.
    package var line: Int
    /// In bytes of the line, from 1.
    package var column: Int
    /// The value that holds the fault, as `items[3].task`; empty for the outermost.
    package var path: String

    package var description: String {
        "\(message) at line \(line), column \(column) (byte \(offset))" + (path.isEmpty ? "" : " in \(path)")
    }

    /// The same fault seen from the object that has it under a name.
    func inside(name: String) -> JSONError {
        let shown = name.utf8.count <= 64 ? name : String(name.prefix(60)) + "..."
        return prefixed(by: shown)
    }

    /// The same fault seen from the array that has it at an index.
    func inside(index: Int) -> JSONError { prefixed(by: "[\(index)]") }

    private func prefixed(by step: String) -> JSONError {
        var outer = self
        outer.path = path.isEmpty || path.hasPrefix("[") ? step + path : step + "." + path
        return outer
    }
}
