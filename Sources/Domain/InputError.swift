// What is wrong with a client's input, in a form that every surface (HTTP, command line, import) can print.

/// One fault in what somebody sent: where, what, and what to do about it.
package struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case malformedJSON = "malformed_json"
        case malformedBody = "malformed_body"
        case wrongType = "wrong_type"
        case missingField = "missing_field"
        case unknownField = "unknown_field"
        case invalidValue = "invalid_value"
        case tooLarge = "too_large"
        case lengthMismatch = "length_mismatch"
        case notFound = "not_found"
        case conflict
        case staleLease = "stale_lease"
        case stalePolicy = "stale_policy"
    }

    package var code: Code
    package var message: String
    /// Where, as `rollouts[3].logprobs`; nil when the whole input is meant.
    package var field: String?
    /// What to do, naming the limit if there is one.
    package var hint: String?

    package init(_ code: Code, _ message: String, field: String? = nil, hint: String? = nil) {
        self.code = code
        self.message = message
        self.field = field
        self.hint = hint
    }

    package var description: String {
        (field.map { "\($0): " } ?? "") + message + (hint.map { " (\($0))" } ?? "")
    }

    /// The same fault seen from one level further out.
    package func inside(_ prefix: String) -> InputError {
        var outer = self
        outer.field = field.map { $0.hasPrefix("[") ? prefix + $0 : prefix + "." + $0 } ?? prefix
        return outer
    }
}
