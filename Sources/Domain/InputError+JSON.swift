// Faults of JSON texts as input errors, and input errors as they stand on the wire.
import StrictJSON

extension InputError {
    /// A fault of the text itself; the field is the path where it lies.
    package init(_ error: JSONError) {
        let field = error.path.isEmpty ? nil : error.path
        let place = "line \(error.line), column \(error.column) (byte \(error.offset))"
        switch error.reason {
        case .notFinite:
            self.init(.invalidValue, "\(error.message) at \(place)", field: field, hint: "send finite numbers only")
        case .tooDeep, .tooLarge:
            self.init(.tooLarge, "\(error.message) at \(place)", field: field)
        default:
            self.init(
                .malformedJSON, "\(error.message) at \(place)", field: field,
                hint: "send JSON as RFC 8259 has it, in UTF-8")
        }
    }

    /// `{"code","message","field","hint"}`; the last two only when known.
    package var json: JSONValue {
        var members = [JSONMember("code", .string(code.rawValue)), JSONMember("message", .string(message))]
        if let field { members.append(JSONMember("field", .string(field))) }
        if let hint { members.append(JSONMember("hint", .string(hint))) }
        return .object(members)
    }
}
