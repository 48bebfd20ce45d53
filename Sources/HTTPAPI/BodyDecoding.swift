// From a request to the bytes of its body: length, time, content coding, memory. What takes longer than a moment runs on a
// queue, so that no 30 MB body holds up the threads that serve the others.
import Compressing
import Dispatch
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service

extension Call {
    /// Bodies beyond this are decoded on the queue: about a millisecond of parsing.
    private static let inlineBytesMax = 262_144

    /// Reads the body, decompresses it, and gives the bytes to `read`; holds their memory against the budget meanwhile.
    func decodeBody<Value: Sendable>(
        _ read: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Value
    ) async throws -> Value {
        let limit = configuration.bodyBytesMax
        // A body of unknown length may grow to the cap; without either header there is none (RFC 9112, section 6.3).
        let declared = request.headers[.contentLength].flatMap { Int($0) }.map { max(0, $0) }
        let bytes = declared ?? (request.headers[.transferEncoding] == nil ? 0 : limit)
        guard bytes <= limit else { throw HTTPFault.bodyTooLarge(limit: limit) }
        let coding = try contentCoding()
        try access.admitBody(declared ?? 0, caller)
        guard let share = BodyShare(bytes, of: budget, lane: caller.lane) else { throw HTTPFault.tooManyBodies }
        defer { share.release() }
        let body = try await collectBody(expecting: declared ?? 0, limit: limit)
        if declared == nil { access.chargeBody(body.readableBytes, caller) }
        if let coding, body.readableBytes > 0 {
            return try await DecodingQueue.run {
                try decompress(body, from: coding, limit: limit, share).withUnsafeBytes(read)
            }
        }
        guard body.readableBytes > Call.inlineBytesMax else { return try body.withUnsafeReadableBytes(read) }
        return try await DecodingQueue.run { try body.withUnsafeReadableBytes(read) }
    }

    /// The coding of the body, nil for none; several in a row are not taken.
    private func contentCoding() throws -> ContentCoding? {
        guard let encoding = request.headers[.contentEncoding]?.lowercased(), encoding != "identity" else { return nil }
        // RFC 9110, section 8.4.1.3.
        if encoding == "x-gzip" { return .gzip }
        if let coding = ContentCoding(rawValue: encoding) { return coding }
        let known = ContentCoding.allCases.map(\.rawValue).joined(separator: ", ")
        throw HTTPFault(
            status: .unsupportedMediaType, code: "unsupported_encoding",
            message: "content-encoding \"\(encoding.prefix(40))\" is not read", hint: "one of \(known), or none",
            headers: [.connection: "close", .acceptEncoding: known])
    }

    /// The whole body as it was sent, at most so long and in the time allowed.
    private func collectBody(expecting count: Int, limit: Int) async throws -> ByteBuffer {
        var body = ByteBuffer()
        do {
            for try await piece in request.body {
                guard body.readableBytes + piece.readableBytes <= limit else {
                    throw HTTPFault.bodyTooLarge(limit: limit)
                }
                // Once, when the client has begun to send: growing by doubling would copy a large body several times.
                if body.capacity == 0 { body.reserveCapacity(max(count, piece.readableBytes)) }
                body.writeImmutableBuffer(piece)
            }
        } catch is SlowRequestError {
            throw HTTPFault.slowRequest(seconds: configuration.readSecondsMax)
        } catch let fault as HTTPFault {
            throw fault
        } catch {
            throw HTTPFault.truncatedBody
        }
        return body
    }
}

/// The text of a compressed body; its memory is taken from the budget as it grows.
private func decompress(
    _ body: ByteBuffer, from coding: ContentCoding, limit: Int, _ share: BodyShare
) throws -> [UInt8] {
    try body.withUnsafeReadableBytes { bytes in
        do throws(CompressionFault) {
            return try decompressed(bytes, from: coding, limit: limit, reserve: share.grow(by:))
        } catch {
            switch error {
            case .malformed: throw HTTPFault.malformedEncoding(coding.rawValue)
            case .tooLarge: throw HTTPFault.textTooLarge(limit: limit)
            case .noRoom: throw HTTPFault.tooManyBodies
            case .failed: throw error
            }
        }
    }
}

/// The queue on which large bodies are decoded, as many at once as there are cores: Dispatch bounds its threads by them.
enum DecodingQueue {
    private static let queue = DispatchQueue(label: "rolloutd.decoding", qos: .userInitiated, attributes: .concurrent)

    /// Runs the work on the queue.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
