// Reading bodies by their content type: JSON, NDJSON, or rollouts in binary. BodyDecoding.swift gets the bytes.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

extension Call {
    /// The JSON body, given to `read` where it was parsed.
    func readBody<Value: Sendable>(_ read: @escaping @Sendable (JSONValue) throws -> Value) async throws -> Value {
        guard try mediaType() == .json else { throw unsupportedMediaType("application/json") }
        return try await decodeBody { [audited] bytes in
            let json = try parseJSON(bytes)
            audited?.keep(json)
            return try read(json)
        }
    }

    /// A JSON body that may be left out.
    func readOptionalBody<Value: Sendable>(
        _ read: @escaping @Sendable (JSONValue) throws -> Value
    ) async throws -> Value {
        try await decodeBody { [audited] bytes in
            guard bytes.count > 0 else { return try read(.object([])) }
            guard try mediaType() == .json else { throw unsupportedMediaType("application/json") }
            let json = try parseJSON(bytes)
            audited?.keep(json)
            return try read(json)
        }
    }

    /// A body that is one JSON object with a list under a name, NDJSON with an element in each line, or, where `readBinary` is
    /// given, rollouts in binary.
    func readItems<Item: Sendable>(
        _ name: String, count: ClosedRange<Int>, linesMax: Int,
        readBinary: (@Sendable (UnsafeRawBufferPointer) throws(InputError) -> [Result<Item, InputError>])? = nil,
        _ read: @escaping @Sendable (JSONValue) throws(InputError) -> Item
    ) async throws -> [Result<Item, InputError>] {
        switch try mediaType() {
        case .json:
            return try await readBody { json in
                let fields = try JSONFields(json, known: [name])
                return HTTPAPI.readItems(try fields.array(name, count: count), in: name, read)
            }
        case .lines:
            return try await decodeBody { try readLines($0, name: name, linesMax: linesMax, read) }
        case .rollouts:
            guard let readBinary else { throw unsupportedMediaType("application/json") }
            return try await decodeBody { try readBinary($0) }
        }
    }

    /// Whether the client asks for rollouts in binary.
    var acceptsBinaryRollouts: Bool {
        (request.headers[.accept] ?? "").lowercased().split(separator: ",").contains { range in
            range.split(separator: ";").first.map(trimmed) == binaryRolloutsType
        }
    }

    // MARK: Content types

    private enum MediaType { case json, lines, rollouts }

    /// What the body is said to be; nothing said counts as JSON.
    private func mediaType() throws -> MediaType {
        guard let header = request.headers[.contentType] else { return .json }
        let parts = header.lowercased().split(separator: ";").map { trimmed($0) }
        if let charset = parts.dropFirst().first(where: { $0.hasPrefix("charset=") }),
            !["charset=utf-8", "charset=\"utf-8\""].contains(charset)
        {
            throw unsupportedMediaType("charset=utf-8")
        }
        switch parts.first {
        case "application/json": return .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl": return .lines
        case binaryRolloutsType: return .rollouts
        default: throw unsupportedMediaType("application/json")
        }
    }

    private func unsupportedMediaType(_ wanted: String) -> HTTPFault {
        HTTPFault(
            status: .unsupportedMediaType, code: "unsupported_media_type",
            message: "content-type \"\(request.headers[.contentType]?.prefix(80) ?? "")\" is not read here",
            hint: "send \(wanted)", headers: HTTPFault.closing)
    }
}

/// The content type of rollouts in binary, see `RolloutBinary`.
let binaryRolloutsType = "application/vnd.rolloutd.rollouts"

/// One JSON text; its faults as input errors.
private func parseJSON(_ bytes: UnsafeRawBufferPointer) throws(InputError) -> JSONValue {
    do throws(JSONError) {
        return try JSONValue.parse(
            bytes, limits: JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.bodyBytesMax))
    } catch { throw InputError(error) }
}

/// NDJSON: an element in each line that is not empty; a fault is that of its line alone.
private func readLines<Item>(
    _ bytes: UnsafeRawBufferPointer, name: String, linesMax: Int, _ read: (JSONValue) throws(InputError) -> Item
) throws(InputError) -> [Result<Item, InputError>] {
    var items: [Result<Item, InputError>] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) {
        let place = "\(name)[\(items.count)]"
        guard items.count < linesMax else {
            throw InputError(.tooLarge, "more than \(linesMax) lines", hint: "send at most \(linesMax) a request")
        }
        do throws(InputError) {
            items.append(.success(try read(try parseJSON(UnsafeRawBufferPointer(rebasing: line)))))
        } catch { items.append(.failure(error.inside(place))) }
    }
    guard !items.isEmpty else { throw InputError(.invalidValue, "no lines", hint: "send 1 to \(linesMax)") }
    return items
}

private func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
}
