// JSON columns: what we wrote ourselves, read back strictly. A column that cannot be read means a damaged file.
import Domain
import StrictJSON

/// Reads a JSON column; throws `LedgerError.corrupt` with the column's name.
func storedJSON(_ text: String, _ column: String) throws -> JSONValue {
    do {
        return try JSONValue.parse(text: text)
    } catch {
        throw LedgerError.corrupt("\(column) is no JSON: \(error)")
    }
}

/// Reads a value that was stored as JSON; throws `LedgerError.corrupt` with the column's name.
func stored<T>(_ text: String, _ column: String, _ decode: (JSONValue) throws(InputError) -> T) throws -> T {
    let value = try storedJSON(text, column)
    do {
        return try decode(value)
    } catch {
        throw LedgerError.corrupt("\(column): \(error)")
    }
}

/// Reads an enumeration column; a CHECK guards its values, so another one means a damaged file.
func storedCase<T: RawRepresentable<String>>(_ text: String, _ column: String) throws -> T {
    guard let value = T(rawValue: text) else { throw LedgerError.corrupt("\(column) holds '\(text)'") }
    return value
}
