// What an operation's handler gets: the request, its path parameters, and strict readers for query and ids.
import Domain
import HTTPTypes
import Hummingbird
import Logging
import Service

/// One request on its way through a handler.
struct Call: Sendable {
    /// Head and body as they came.
    var request: Request
    /// The request's id, in the log and in the answer.
    var id: String
    /// Percent-decoded.
    var parameters: [String: String]
    /// The server's bounds.
    var configuration: HTTPConfiguration
    /// Memory for bodies, shared by all requests.
    var budget: BodyBudget
    /// Who asks.
    var caller = Caller.loopback
    /// What the caller's key may use.
    var access: AccessControl
    /// Keeps what the audit log is to have of the body, when the operation is audited.
    var audited: AuditNote?
    /// Names the request in each line.
    var logger: Logger
    /// Whether the client still waits for the answer, as far as the system knows.
    var isClientThere: @Sendable () async -> Bool = { true }

    /// Throws 403 unless the caller has one of these roles; for operations whose roles depend on the body.
    func require(anyOf roles: Set<KeyRole>) throws(HTTPFault) {
        guard caller.has(anyOf: roles) else { throw HTTPFault.missingRole(roles) }
    }

    /// A path parameter that names something.
    func identifier<ID: Identifier>(_ name: String, _: ID.Type) throws(InputError) -> ID {
        let text = parameters[name] ?? ""
        guard isValidIdentifier(text) else {
            throw InputError(
                .invalidValue, "not an identifier", field: name,
                hint: "1 to \(Limits.identifierBytesMax) ASCII letters, digits and -_.:/@#, percent-encoded")
        }
        return ID(text)
    }

    /// The query's parameters, of which none may be unknown.
    func query(_ known: [String]) throws(InputError) -> QueryParameters {
        try QueryParameters(request.head.path ?? "", known: known)
    }

    /// As a form sends them: a field left empty counts as absent, and a list's name comes once for each choice.
    func formQuery(_ known: [String], lists: Set<String> = []) throws(InputError) -> QueryParameters {
        try QueryParameters(request.head.path ?? "", known: known, lists: lists, isForm: true)
    }
}

/// The parameters of a query string, each given once.
struct QueryParameters: Sendable {
    private var values: [String: String] = [:]
    /// Each value of a list's name, as it came.
    private var several: [String: [String]] = [:]

    /// Reads what follows the question mark of a request's target; the values of a list are joined by commas.
    init(
        _ target: String, known: [String], lists: Set<String> = [], isForm: Bool = false
    ) throws(InputError) {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return }
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(parts[0], plusIsSpace: true),
                let value = percentDecoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                throw InputError(.invalidValue, "the query is not percent-encoded UTF-8")
            }
            guard known.contains(name) else {
                let shown = String(name.prefix(60))
                throw InputError(
                    .unknownField, "there is no parameter \"\(shown)\"", field: shown,
                    hint: known.isEmpty
                        ? "this path takes no parameters" : "known parameters: " + known.joined(separator: ", "))
            }
            if isForm, value.isEmpty { continue }
            if lists.contains(name) { several[name, default: []].append(value) }
            if lists.contains(name), let before = values[name] {
                values[name] = before + "," + value
                continue
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw InputError(.invalidValue, "given twice", field: name)
            }
        }
    }

    /// The name of a data set, a generator or a worker, or nil.
    func name(_ name: String) throws(InputError) -> String? {
        guard let value = values[name] else { return nil }
        if let fault = nameFault(value, field: name) { throw fault }
        return value
    }

    /// A parameter's text, or nil; an empty one is a fault.
    func text(_ name: String, bytesMax: Int) throws(InputError) -> String? {
        guard let value = values[name] else { return nil }
        guard (1...bytesMax).contains(value.utf8.count) else {
            throw InputError(.invalidValue, "must have 1 to \(bytesMax) bytes", field: name)
        }
        return value
    }

    /// The values of a list's name, each once, in their order; commas in them mean nothing.
    func list(_ name: String, countMax: Int) throws(InputError) -> [String] {
        let all = (several[name] ?? []).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        guard all.count <= countMax, !all.contains(where: { $0.utf8.count > Limits.runNameBytesMax }) else {
            throw InputError(
                .tooLarge, "more than \(countMax) values, or one that is too long", field: name, hint: "choose fewer")
        }
        return all
    }

    /// An integer in a range, or nil.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(InputError) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value), range.contains(number) else {
            throw InputError(
                .invalidValue, "not an integer in range", field: name,
                hint: "from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A finite number, or nil.
    func number(_ name: String) throws(InputError) -> Double? {
        guard let value = values[name] else { return nil }
        guard let number = Double(value), number.isFinite else {
            throw InputError(.invalidValue, "not a number", field: name)
        }
        return number
    }

    /// A moment as RFC 3339, or nil.
    func moment(_ name: String) throws(InputError) -> Timestamp? {
        guard let value = values[name] else { return nil }
        guard let moment = Timestamp(rfc3339: value) else {
            throw InputError(
                .invalidValue, "not a moment", field: name, hint: "as 2026-11-22T13:55:39Z, or 2026-11-22")
        }
        return moment
    }

    /// Seconds from 0 to `Limits.waitSecondsMax`; 0 when absent.
    func waitSeconds() throws(InputError) -> Double {
        guard let value = values["wait_seconds"] else { return 0 }
        guard let seconds = Double(value), (0...Limits.waitSecondsMax).contains(seconds) else {
            throw InputError(
                .invalidValue, "not a number in range", field: "wait_seconds",
                hint: "from 0 to \(Int(Limits.waitSecondsMax))")
        }
        return seconds
    }

    /// How many rows of a listing.
    func limit(default standard: Int = 50) throws(InputError) -> Int {
        try integer("limit", in: 1...Limits.pageRowsMax) ?? standard
    }

    /// An identifier, or nil.
    func identifier<ID: Identifier>(_ name: String, _: ID.Type) throws(InputError) -> ID? {
        guard let value = values[name] else { return nil }
        guard isValidIdentifier(value) else { throw InputError(.invalidValue, "not an identifier", field: name) }
        return ID(value)
    }

    /// One of an enum's raw values, or nil.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _: Choice.Type
    ) throws(InputError) -> Choice? {
        guard let value = values[name] else { return nil }
        guard let choice = Choice(rawValue: value) else {
            throw InputError(
                .invalidValue, "none of the values allowed", field: name,
                hint: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// A policy version, or nil.
    func version(_ name: String) throws(InputError) -> PolicyVersion? {
        try integer(name, in: 0...Int(Int32.max)).map { PolicyVersion($0) }
    }
}

/// Undoes percent-encoding (RFC 3986, section 2.1); nil when it is broken or not UTF-8.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var iterator = text.utf8.makeIterator()
    while let byte = iterator.next() {
        if byte == UInt8(ascii: "+"), plusIsSpace {
            bytes.append(UInt8(ascii: " "))
        } else if byte != UInt8(ascii: "%") {
            bytes.append(byte)
        } else {
            guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
