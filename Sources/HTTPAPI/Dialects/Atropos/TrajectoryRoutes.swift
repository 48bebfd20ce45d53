// Groups in and batches out: /scored_data, /scored_data_list, /batch, /latest_example.
import Compressing
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON
import Synchronization

extension HTTPField.Name {
    /// A client's own name for a post.
    static var idempotencyKey: HTTPField.Name { HTTPField.Name("Idempotency-Key") ?? .via }
    /// The number of the batch in an answer.
    static var batchID: HTTPField.Name { HTTPField.Name("X-Batch-Id") ?? .via }
    /// How often that batch was handed out.
    static var batchAttempt: HTTPField.Name { HTTPField.Name("X-Batch-Attempt") ?? .via }
    /// The numbers of batches that a trainer is done with, or `none`; without it, all that were taken.
    static var acknowledgeBatch: HTTPField.Name { HTTPField.Name("X-Acknowledge-Batch") ?? .via }
    /// The in-process policy.
    static var policyVersion: HTTPField.Name { HTTPField.Name("X-Policy-Version") ?? .via }
}

/// The operations on groups and batches.
func trajectoryEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/scored_data", access: .roles([.generate]), refusal: refuseAtropos) { call in
            let group = try await call.readBody { try TrajectoryGroup(scoredData: $0) }
            let post = TrajectoryPost(groups: [group], key: try idempotencyKey(call))
            let (receipt, taken) = try await service.post(trajectories: post)
            guard receipt.buffered > 0 else {
                return answer(call, .members(["status": .string("received")]), then: taken)
            }
            let size = JSONValue.integer(Int64(receipt.bufferSize ?? 0))
            return answer(call, .members(["status": .string("buffered"), "buffer_size": size]), then: taken)
        },
        Endpoint(.post, "/scored_data_list", access: .roles([.generate]), refusal: refuseAtropos) { call in
            let groups = try await call.readBody { try trajectoryGroups($0) }
            var members = [
                JSONMember("status", .string("received")),
                JSONMember("groups_processed", .integer(Int64(groups.count))),
            ]
            guard !groups.isEmpty else { return jsonResponse(.object(members)) }
            let post = TrajectoryPost(groups: groups, key: try idempotencyKey(call))
            let (receipt, taken) = try await service.post(trajectories: post)
            if receipt.buffered > 0 {
                members.append(JSONMember("buffered", .integer(Int64(receipt.buffered))))
                members.append(JSONMember("last_buffer_size", .integer(Int64(receipt.bufferSize ?? 0))))
            }
            return answer(call, .object(members), then: taken)
        },
        Endpoint(.get, "/batch", access: .roles([.train]), refusal: refuseAtropos) { call in
            try refuseUnasked(call)
            return try await nextBatch(call, service)
        },
        Endpoint(.get, "/latest_example", refusal: refuseAtropos) { call in
            let text = try await service.latestTrajectory() ?? noExample.serialized()
            return try await textAnswer(text, isCompressed: call.acceptsGzip)
        },
    ]
}

private func trajectoryGroups(_ json: JSONValue) throws(InputError) -> [TrajectoryGroup] {
    guard let elements = json.elements else {
        throw InputError(.wrongType, "expected an array, found \(json.kind)")
    }
    guard elements.count <= Limits.trajectoriesPerRequestMax else {
        throw InputError(
            .tooLarge, "\(elements.count) groups", hint: "send at most \(Limits.trajectoriesPerRequestMax) a request")
    }
    var groups: [TrajectoryGroup] = []
    for (index, element) in elements.enumerated() {
        do throws(InputError) { groups.append(try TrajectoryGroup(scoredData: element)) } catch {
            throw error.inside("[\(index)]")
        }
    }
    return groups
}

private func idempotencyKey(_ call: Call) throws(InputError) -> String? {
    guard let key = call.request.headers[.idempotencyKey] else { return nil }
    guard (1...Limits.identifierBytesMax).contains(key.utf8.count) else {
        throw InputError(
            .invalidValue, "must have 1 to \(Limits.identifierBytesMax) bytes", field: "Idempotency-Key")
    }
    return key
}

/// A small answer that is known to have left while the client waited for it, or is taken as lost.
private func answer(_ call: Call, _ json: JSONValue, then taken: @escaping @Sendable () -> Void) -> Response {
    let buffer = ByteBuffer(bytes: json.serialized())
    let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
        let isWanted = await call.isClientThere()
        try await writer.write(buffer)
        try await writer.finish(nil)
        if isWanted { taken() }
    }
    return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
}

// MARK: Batches

private func nextBatch(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["lease_seconds"])
    let seconds = try query.integer("lease_seconds", in: 1...Int(Limits.batchLeaseSecondsMax)).map { Double($0) }
    let (offer, taken) = try await service.takeBatch(
        acknowledging: try acknowledgement(call), seconds: seconds ?? Limits.batchLeaseSeconds)
    switch offer {
    case .notRegistered:
        return jsonResponse(
            .members([
                "status": .string("error"),
                "message": .string("Trainer not registered. Call /register first."), "batch": .array([]),
            ]))
    case .nothing: return jsonResponse(.members(["batch": .null]))
    case .batch(let batch):
        var headers: HTTPFields = [.contentType: "application/json", .vary: "Accept-Encoding"]
        headers[.batchID] = String(batch.seq)
        headers[.batchAttempt] = String(batch.attempt)
        if let version = service.learnerReport().policyVersion { headers[.policyVersion] = version.description }
        let isCompressed = call.acceptsGzip
        if isCompressed { headers[.contentEncoding] = "gzip" }
        let body = ResponseBody { writer in
            let gzip = isCompressed ? try CompressedPieces() : nil
            for (index, seq) in batch.groups.enumerated() {
                // A batch that was cleared while it was sent ends as a broken connection, not as a shorter batch.
                guard let text = try await service.trajectoryText(seq) else { throw HTTPFault.batchIsGone }
                let piece = Array((index == 0 ? #"{"batch":["# : ",").utf8) + text
                try await writer.write(ByteBuffer(bytes: try await gzip?.compress(piece) ?? piece))
            }
            let end = Array("]}".utf8)
            try await writer.write(ByteBuffer(bytes: try await gzip?.compress(end, isLast: true) ?? end))
            let isWanted = await call.isClientThere()
            try await writer.finish(nil)
            if isWanted { try await taken() }
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}

private func acknowledgement(_ call: Call) throws(InputError) -> BatchAcknowledgement {
    guard let text = call.request.headers[.acknowledgeBatch] else { return .all }
    guard text != "none" else { return .these([]) }
    var batches = Set<Int64>()
    for part in text.split(separator: ",") {
        guard let number = Int64(String(part.filter { $0 != " " })) else {
            throw InputError(
                .invalidValue, "not a batch's number", field: "X-Acknowledge-Batch",
                hint: "numbers as X-Batch-Id has them, by commas, or none")
        }
        batches.insert(number)
    }
    return .these(batches)
}

extension HTTPFault {
    fileprivate static let batchIsGone = HTTPFault(
        status: .serviceUnavailable, code: "unavailable", message: "the batch was cleared while it was sent")
}

// MARK: gzip

/// A whole text, compressed when that is wanted and worth it.
private func textAnswer(_ text: [UInt8], isCompressed: Bool) async throws -> Response {
    var headers: HTTPFields = [.contentType: "application/json", .vary: "Accept-Encoding"]
    guard isCompressed, text.count >= Limits.compressedAnswerBytesMin else {
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
    }
    headers[.contentEncoding] = "gzip"
    let bytes = try await CompressedPieces().compress(text, isLast: true)
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
}

/// A gzip stream whose work is done on the queue for bodies.
private final class CompressedPieces: Sendable {
    private let writer: Mutex<GzipWriter>

    init() throws { writer = Mutex(try GzipWriter()) }

    func compress(_ bytes: [UInt8], isLast: Bool = false) async throws -> [UInt8] {
        try await DecodingQueue.run { [self] in try writer.withLock { try $0.compress(bytes, isLast: isLast) } }
    }
}

extension Call {
    /// Whether the client takes gzip (RFC 9110, section 12.5.3); a weight of 0 is a no.
    fileprivate var acceptsGzip: Bool {
        (request.headers[.acceptEncoding] ?? "").lowercased().split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " } }
            guard parts.first == "gzip" || parts.first == "*" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=0") && Double($0.dropFirst(2)) == 0 }
        }
    }
}
