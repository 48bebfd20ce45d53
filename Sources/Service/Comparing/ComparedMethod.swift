// One of the methods that a comparison runs, as a person names it: `gppo`, or `ce-gppo,beta1=0.75,beta2=1`.
import Domain
import Learning

/// A method with what is changed in it.
package struct ComparedMethod: Sendable, Equatable {
    /// The text it was named by; it stands in the table and the curves.
    package let name: String
    private let objective: Objective
    private let changes: [String: SettingValue]

    /// Reads a method's name, followed by any hyper-parameters as `name=value` between commas.
    ///
    /// - Throws: `InputError` for an unknown method, setting or value.
    package init(_ text: String) throws {
        let parts = text.split(separator: ",").map(String.init)
        guard let method = parts.first else {
            throw InputError(.invalidValue, "a method has no name", field: "method", hint: "as gppo")
        }
        name = text
        objective = try Objective(named: method)
        var changes: [String: SettingValue] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else {
                throw InputError(
                    .invalidValue, "\"\(part)\" of \(text) is no assignment", field: "method",
                    hint: "as ce-gppo,beta1=0.75,beta2=1")
            }
            changes[String(part[..<equals])] = SettingValue(parsing: String(part[part.index(after: equals)...]))
        }
        self.changes = changes
        _ = try settings(from: LearnerSettings())
    }

    /// Some settings with this method: its constants, the advantage and aggregation of its paper, then its changes.
    package func settings(from base: LearnerSettings) throws -> LearnerSettings {
        try base.adopting(objective).applying(changes)
    }

    /// The name as a part of file names: letters, digits, points and dashes only.
    var fileName: String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" })
    }
}
