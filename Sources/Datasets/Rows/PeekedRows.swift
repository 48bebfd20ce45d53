// Rows of which the first ones were looked at before anything is done with them: how a format is recognised.

/// Rows that can be looked at before they are taken.
package final class PeekedRows: DatasetRows {
    private let rows: any DatasetRows
    private var ahead: [DatasetRow] = []
    private var taken = 0

    package init(_ rows: any DatasetRows) { self.rows = rows }

    package var unit: String { rows.unit }

    /// The first so many rows, or all if there are fewer; they still come from `next`. Throws what the rows throw.
    package func peek(_ count: Int) throws -> [DatasetRow] {
        while ahead.count - taken < count, let row = try rows.next() { ahead.append(row) }
        return Array(ahead[taken...])
    }

    package func next() throws -> DatasetRow? {
        guard taken < ahead.count else { return try rows.next() }
        defer { taken += 1 }
        return ahead[taken]
    }
}
