// Reading bodies: content type, length, time, UTF-8 JSON or NDJSON. Large ones are decoded on a queue of their own, so
// that no 30 MB body holds up the threads that serve the others.
import Dispatch
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON

extension Call {
    /// Bodies beyond this are decoded on the queue: about a millisecond of parsing.
    private static let inlineBytesMax = 262_144

    /// The JSON body, given to `read` where it was parsed.
    func readBody<Value: Sendable>(_ read: @escaping @Sendable (JSONValue) throws -> Value) async throws -> Value {
        guard try mediaType() == .json else { throw unsupportedMediaType("application/json") }
        return try await withBody { body in
            try await decode(body) { [audited] bytes in
                let json = try parseJSON(bytes, limits: Call.jsonLimits)
                audited?.keep(json)
                return try read(json)
            }
        }
    }

    /// A JSON body that may be left out.
    func readOptionalBody<Value: Sendable>(
        _ read: @escaping @Sendable (JSONValue) throws -> Value
    ) async throws -> Value {
        try await withBody { body in
            guard body.readableBytes > 0 else { return try read(.object([])) }
            guard try mediaType() == .json else { throw unsupportedMediaType("application/json") }
            return try await decode(body) { [audited] bytes in
                let json = try parseJSON(bytes, limits: Call.jsonLimits)
                audited?.keep(json)
                return try read(json)
            }
        }
    }

    /// A body that is one JSON object with a list under a name, or NDJSON with an element in each line.
    func readItems<Item: Sendable>(
        _ name: String, count: ClosedRange<Int>, linesMax: Int,
        _ read: @escaping @Sendable (JSONValue) throws(InputError) -> Item
    ) async throws -> [Result<Item, InputError>] {
        switch try mediaType() {
        case .json:
            return try await readBody { json in
                let fields = try JSONFields(json, known: [name])
                return HTTPAPI.readItems(try fields.array(name, count: count), in: name, read)
            }
        case .lines:
            return try await withBody { body in
                try await decode(body) { try readLines($0, name: name, linesMax: linesMax, read) }
            }
        }
    }

    /// Reads the body and holds its memory against the budget until the work is done with it.
    private func withBody<Value>(_ work: (ByteBuffer) async throws -> Value) async throws -> Value {
        // A body of unknown length may grow to the cap; without either header there is none (RFC 9112, section 6.3).
        let declared = request.headers[.contentLength].flatMap { Int($0) }.map { max(0, $0) }
        let bytes = declared ?? (request.headers[.transferEncoding] == nil ? 0 : configuration.bodyBytesMax)
        guard bytes <= configuration.bodyBytesMax else {
            throw HTTPFault.bodyTooLarge(limit: configuration.bodyBytesMax)
        }
        try access.admitBody(declared ?? 0, caller)
        guard budget.reserve(bytes, caller.lane) else { throw HTTPFault.tooManyBodies }
        defer { budget.release(bytes, caller.lane) }
        let body = try await body()
        if declared == nil { access.chargeBody(body.readableBytes, caller) }
        return try await work(body)
    }

    /// The whole body, at most so long and in the time allowed.
    private func body() async throws -> ByteBuffer {
        let limit = configuration.bodyBytesMax
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw HTTPFault(
                status: .unsupportedMediaType, code: "unsupported_encoding",
                message: "content-encoding \"\(encoding.prefix(40))\" is not read", hint: "send the body as it is",
                headers: HTTPFault.closing)
        }
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw HTTPFault.bodyTooLarge(limit: limit)
        } catch is SlowRequestError {
            throw HTTPFault.slowRequest(seconds: configuration.readSecondsMax)
        } catch {
            throw HTTPFault.truncatedBody
        }
    }

    private static let jsonLimits = JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.bodyBytesMax)

    private func decode<Value: Sendable>(
        _ buffer: ByteBuffer, _ read: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Value
    ) async throws -> Value {
        guard buffer.readableBytes > Call.inlineBytesMax else { return try buffer.withUnsafeReadableBytes(read) }
        return try await DecodingQueue.run { try buffer.withUnsafeReadableBytes(read) }
    }

    // MARK: Content types

    private enum MediaType { case json, lines }

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

/// One JSON text; its faults as input errors.
private func parseJSON(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits) throws(InputError) -> JSONValue {
    do throws(JSONError) {
        return try JSONValue.parse(bytes, limits: limits)
    } catch { throw InputError(error) }
}

/// NDJSON: an element in each line that is not empty; a fault is that of its line alone.
private func readLines<Item>(
    _ bytes: UnsafeRawBufferPointer, name: String, linesMax: Int, _ read: (JSONValue) throws(InputError) -> Item
) throws(InputError) -> [Result<Item, InputError>] {
    var items: [Result<Item, InputError>] = []
    let limits = JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.bodyBytesMax)
    for line in bytes.split(separator: UInt8(ascii: "\n")) where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) {
        let place = "\(name)[\(items.count)]"
        guard items.count < linesMax else {
            throw InputError(.tooLarge, "more than \(linesMax) lines", hint: "send at most \(linesMax) a request")
        }
        do throws(InputError) {
            items.append(.success(try read(try parseJSON(UnsafeRawBufferPointer(rebasing: line), limits: limits))))
        } catch { items.append(.failure(error.inside(place))) }
    }
    guard !items.isEmpty else { throw InputError(.invalidValue, "no lines", hint: "send 1 to \(linesMax)") }
    return items
}

private func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
}

/// The queue on which large bodies are decoded, one after the other.
enum DecodingQueue {
    private static let queue = DispatchQueue(label: "rolloutd.decoding", qos: .utility)

    /// Runs the work on the queue.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
