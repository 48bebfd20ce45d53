// The arithmetic of `calculate_output`: + - * / ** with parentheses, numbers, the names of graders and a few functions. Read by
// recursive descent within bounds; nothing is ever executed.
import Glibc

/// A formula over named numbers.
package struct GraderFormula: Sendable, Equatable {
    package enum Function: String, Sendable, CaseIterable {
        case min, max, abs, floor, ceil, exp, sqrt, log
    }

    package indirect enum Term: Sendable, Equatable {
        case number(Double)
        case name(String)
        case negative(Term)
        case sum(Term, Term)
        case difference(Term, Term)
        case product(Term, Term)
        case quotient(Term, Term)
        case power(Term, Term)
        case call(Function, [Term])
    }

    /// As it was written.
    package let text: String
    package let term: Term
    /// The names in it, each once, in order.
    package let names: [String]

    /// Reads a formula of at most `Limits.graderFormulaBytesMax` bytes and `Limits.graderFormulaDepthMax` levels.
    package init(_ text: String) throws(InputError) {
        guard text.utf8.count <= Limits.graderFormulaBytesMax else {
            throw InputError(
                .tooLarge, "\(text.utf8.count) bytes", hint: "the limit is \(Limits.graderFormulaBytesMax) bytes")
        }
        var reader = FormulaReader(text)
        self.text = text
        term = try reader.whole()
        names = reader.names
    }

    /// The value where each name has one; nil when one has none, or the value is not finite.
    package func value(_ values: [String: Double]) -> Double? {
        let value = GraderFormula.value(of: term, values)
        return value.isFinite ? value : nil
    }

    private static func value(of term: Term, _ values: [String: Double]) -> Double {
        func value(_ term: Term) -> Double { GraderFormula.value(of: term, values) }
        return switch term {
        case .number(let number): number
        case .name(let name): values[name] ?? .nan
        case .negative(let a): -value(a)
        case .sum(let a, let b): value(a) + value(b)
        case .difference(let a, let b): value(a) - value(b)
        case .product(let a, let b): value(a) * value(b)
        case .quotient(let a, let b): value(a) / value(b)
        case .power(let a, let b): pow(value(a), value(b))
        case .call(let function, let terms): apply(function, terms.map(value))
        }
    }

    private static func apply(_ function: Function, _ values: [Double]) -> Double {
        // A value that is none must not be lost in a comparison.
        guard let first = values.first, !values.contains(where: \.isNaN) else { return .nan }
        return switch function {
        case .min: values.min() ?? .nan
        case .max: values.max() ?? .nan
        case .abs: Swift.abs(first)
        case .floor: first.rounded(.down)
        case .ceil: first.rounded(.up)
        case .exp: Glibc.exp(first)
        case .sqrt: first.squareRoot()
        case .log: Glibc.log(first)
        }
    }
}

/// The grammar, as Python has it: sum = product (('+'|'-') product)*, product = signed (('*'|'/') signed)*,
/// signed = ('+'|'-') signed | power, power = atom ('**' signed)?.
private struct FormulaReader {
    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0
    private(set) var names: [String] = []

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func whole() throws(InputError) -> GraderFormula.Term {
        let term = try sum()
        skipSpace()
        guard place == bytes.count else { throw fault("something follows the formula") }
        return term
    }

    private func fault(_ what: String) -> InputError {
        InputError(
            .invalidValue, "\(what), at character \(place + 1)",
            hint: "numbers, names of graders, + - * / **, parentheses and "
                + GraderFormula.Function.allCases.map(\.rawValue).joined(separator: ", "))
    }

    private mutating func skipSpace() { while place < bytes.count, bytes[place] <= 32 { place += 1 } }

    /// Takes a sign if it is next; `*` is not the beginning of `**`.
    private mutating func takes(_ sign: String) -> Bool {
        skipSpace()
        let wanted = Array(sign.utf8)
        guard bytes[place...].starts(with: wanted) else { return false }
        if sign == "*", bytes[place...].starts(with: Array("**".utf8)) { return false }
        place += wanted.count
        return true
    }

    private mutating func sum() throws(InputError) -> GraderFormula.Term {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.graderFormulaDepthMax else { throw fault("too deep") }
        var term = try product()
        while true {
            if takes("+") {
                term = .sum(term, try product())
            } else if takes("-") {
                term = .difference(term, try product())
            } else {
                return term
            }
        }
    }

    private mutating func product() throws(InputError) -> GraderFormula.Term {
        var term = try signed()
        while true {
            if takes("*") {
                term = .product(term, try signed())
            } else if takes("/") {
                term = .quotient(term, try signed())
            } else {
                return term
            }
        }
    }

    private mutating func signed() throws(InputError) -> GraderFormula.Term {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.graderFormulaDepthMax else { throw fault("too deep") }
        if takes("-") { return .negative(try signed()) }
        if takes("+") { return try signed() }
        let base = try atom()
        guard takes("**") else { return base }
        return .power(base, try signed())
    }

    private mutating func atom() throws(InputError) -> GraderFormula.Term {
        if takes("(") {
            let term = try sum()
            guard takes(")") else { throw fault("a parenthesis is not closed") }
            return term
        }
        skipSpace()
        guard place < bytes.count else { throw fault("the formula ends too early") }
        let byte = bytes[place]
        if (48...57).contains(byte) || byte == UInt8(ascii: ".") { return try number() }
        guard isLetter(byte) else { throw fault("nothing that can stand here") }
        let start = place
        while place < bytes.count, isLetter(bytes[place]) || (48...57).contains(bytes[place]) { place += 1 }
        let name = String(decoding: bytes[start..<place], as: UTF8.self)
        guard takes("(") else {
            if !names.contains(name) { names.append(name) }
            return .name(name)
        }
        return try call(name)
    }

    private mutating func call(_ name: String) throws(InputError) -> GraderFormula.Term {
        guard let function = GraderFormula.Function(rawValue: name) else {
            throw fault("there is no function \"\(name.prefix(40))\"")
        }
        var terms = [try sum()]
        while takes(",") { terms.append(try sum()) }
        guard takes(")") else { throw fault("a parenthesis is not closed") }
        let takesMore = function == .min || function == .max
        guard takesMore ? terms.count >= 2 : terms.count == 1 else {
            throw fault("\(name) takes \(takesMore ? "two values or more" : "one value")")
        }
        return .call(function, terms)
    }

    private mutating func number() throws(InputError) -> GraderFormula.Term {
        let start = place
        func isDigit(_ at: Int) -> Bool { at < bytes.count && (48...57).contains(bytes[at]) }
        while isDigit(place) || (place < bytes.count && bytes[place] == UInt8(ascii: ".")) { place += 1 }
        if place < bytes.count, bytes[place] | 32 == UInt8(ascii: "e") {
            let sign = place + 1 < bytes.count && [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[place + 1])
            if isDigit(place + (sign ? 2 : 1)) {
                place += sign ? 2 : 1
                while isDigit(place) { place += 1 }
            }
        }
        guard let number = Double(String(decoding: bytes[start..<place], as: UTF8.self)), number.isFinite else {
            throw fault("no number")
        }
        return .number(number)
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
