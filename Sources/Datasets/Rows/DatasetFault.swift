// Why a file, or a part of it, cannot be read.
import Domain
import StrictJSON

/// The fault of a file as a whole: nothing after it can be read. Faults of single rows are `InputError`s instead.
package struct DatasetFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, for people.
    package let description: String
    init(_ description: String) { self.description = description }
}

/// One row of a file: what it holds, or why it cannot be read. The next row can be read either way.
package struct DatasetRow: Sendable {
    /// The line of a text file, or the row of a table; from 1.
    package let number: Int
    /// What the row holds.
    package let content: Result<JSONValue, InputError>
}

/// Rows of a file one after the other.
package protocol DatasetRows: AnyObject {
    /// What a row is called in messages: `line` or `row`.
    var unit: String { get }
    /// The next row, or nil at the end. Throws `DatasetFault` when the rest of the file cannot be read.
    func next() throws -> DatasetRow?
}
