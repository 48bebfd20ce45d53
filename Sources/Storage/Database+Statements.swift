// Short names for cached statements: every query of the ledger is prepared once per connection.
import GRDB

extension Database {
    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        let statement = try cachedStatement(sql: sql)
        try statement.execute(arguments: arguments)
        return changesCount
    }

    /// The first row, or nil.
    func row(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Row? {
        try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
    }

    /// All rows; queries bound their number with LIMIT.
    func rows(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Row] {
        try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
    }

    /// The first column of the first row, or nil when there is no row or it is NULL.
    func integer(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int64? {
        try Int64.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
    }

    /// The first column of the first row as text, or nil when there is no row or it is NULL.
    func string(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> String? {
        try String.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
    }
}
