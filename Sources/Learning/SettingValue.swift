// One setting's value between the outside (flags, files, JSON) and the typed settings. Not JSON itself.
import Domain

/// The value of a named setting.
package enum SettingValue: Sendable, Equatable, CustomStringConvertible {
    case number(Double)
    case text(String)
    case flag(Bool)
    /// No value: `null` in JSON, `none` in a flag.
    case none

    /// Reads a flag's or environment variable's text; what is no number, no truth value and not `none` is a word.
    package init(parsing text: String) {
        switch text {
        case "true", "on", "yes": self = .flag(true)
        case "false", "no": self = .flag(false)
        case "none", "null": self = .none
        default: self = Double(text).map { .number($0) } ?? .text(text)
        }
    }

    /// As a person would type it.
    package var description: String {
        switch self {
        case .number(let value) where value.rounded() == value && abs(value) < 1e15: String(Int64(value))
        case .number(let value): String(value)
        case .text(let value): value
        case .flag(let value): String(value)
        case .none: "none"
        }
    }
}

/// One named hyper-parameter of settings of a type: how it is called, what it means, how it is read and changed.
package struct SettingField<Settings>: Sendable {
    /// As in flags, files and JSON: `epsilon_low`.
    package let name: String
    /// One sentence for `--help` and the documentation of the wire.
    package let summary: String
    /// What may be given, for hints: `0 to 1`, or the words.
    package let allowed: String
    /// The present value.
    package let get: @Sendable (Settings) -> SettingValue
    /// Changes the value, or throws an `InputError` with this field's name and what is allowed.
    package let set: @Sendable (inout Settings, SettingValue) throws -> Void
}

extension SettingField {
    /// A real number within a range.
    static func number(
        _ name: String, _ path: any WritableKeyPath<Settings, Double> & Sendable, _ range: ClosedRange<Double>,
        _ summary: String
    ) -> SettingField {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        return SettingField(
            name: name, summary: summary, allowed: allowed, get: { .number($0[keyPath: path]) },
            set: { settings, value in
                guard case .number(let number) = value else { throw wrongType(name, "a number", allowed) }
                guard range.contains(number) else { throw outOfRange(name, value, allowed) }
                settings[keyPath: path] = number
            })
    }

    /// A real number within a range, or none.
    static func optionalNumber(
        _ name: String, _ path: any WritableKeyPath<Settings, Double?> & Sendable, _ range: ClosedRange<Double>,
        _ summary: String
    ) -> SettingField {
        let allowed = "\(range.lowerBound) to \(range.upperBound), or none"
        return SettingField(
            name: name, summary: summary, allowed: allowed,
            get: { settings in settings[keyPath: path].map { .number($0) } ?? .none },
            set: { settings, value in
                switch value {
                case .none: settings[keyPath: path] = nil
                case .number(let number):
                    guard range.contains(number) else { throw outOfRange(name, value, allowed) }
                    settings[keyPath: path] = number
                default: throw wrongType(name, "a number or null", allowed)
                }
            })
    }

    /// A name, or none.
    static func optionalName(
        _ name: String, _ path: any WritableKeyPath<Settings, String?> & Sendable, _ summary: String
    ) -> SettingField {
        let allowed = "a name of \(nameRule); or none"
        return SettingField(
            name: name, summary: summary, allowed: allowed,
            get: { settings in settings[keyPath: path].map { .text($0) } ?? .none },
            set: { settings, value in
                switch value {
                case .none: settings[keyPath: path] = nil
                case .text(let text):
                    guard isValidName(text) else {
                        throw outOfRange(name, value, allowed)
                    }
                    settings[keyPath: path] = text
                default: throw wrongType(name, "a name or null", allowed)
                }
            })
    }

    /// A whole number within a range.
    static func integer(
        _ name: String, _ path: any WritableKeyPath<Settings, Int> & Sendable, _ range: ClosedRange<Int>,
        _ summary: String
    ) -> SettingField {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return SettingField(
            name: name, summary: summary, allowed: allowed, get: { .number(Double($0[keyPath: path])) },
            set: { settings, value in
                guard case .number(let number) = value else { throw wrongType(name, "a whole number", allowed) }
                guard let whole = Int(exactly: number), range.contains(whole) else {
                    throw outOfRange(name, value, allowed)
                }
                settings[keyPath: path] = whole
            })
    }

    /// On or off.
    static func flag(
        _ name: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable, _ summary: String
    ) -> SettingField {
        SettingField(
            name: name, summary: summary, allowed: "true or false", get: { .flag($0[keyPath: path]) },
            set: { settings, value in
                switch value {
                case .flag(let flag): settings[keyPath: path] = flag
                // `off` is also a word of other settings, so it reaches us as one.
                case .text("off"): settings[keyPath: path] = false
                default: throw wrongType(name, "a boolean", "true or false")
                }
            })
    }

    /// One of the words of an enumeration.
    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Settings, Choice> & Sendable, _ summary: String
    ) -> SettingField {
        let allowed = "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return SettingField(
            name: name, summary: summary, allowed: allowed, get: { .text($0[keyPath: path].rawValue) },
            set: { settings, value in
                guard case .text(let word) = value else { throw wrongType(name, "a word", allowed) }
                guard let choice = Choice(rawValue: word) else { throw outOfRange(name, value, allowed) }
                settings[keyPath: path] = choice
            })
    }
}

private func wrongType(_ name: String, _ expected: String, _ allowed: String) -> InputError {
    InputError(.wrongType, "must be \(expected)", field: name, hint: allowed)
}

private func outOfRange(_ name: String, _ value: SettingValue, _ allowed: String) -> InputError {
    InputError(.invalidValue, "\(value) is not allowed", field: name, hint: allowed)
}
