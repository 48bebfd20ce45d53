// How operations in OpenAI's form answer: errors with their `type` and `param`, work that ends when its client leaves, and
// streams of chunks.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON

/// A refusal as OpenAI's clients read it: `type` and `param` beside our own members, and 400 for a request that makes no sense,
/// which is `BadRequestError` to them.
func openAIRefusal(_ answer: ErrorAnswer) -> Response {
    var answer = answer
    if answer.status == .unprocessableContent { answer.status = .badRequest }
    answer.error = openAIError(answer)
    // What came over the connection may have been read ahead.
    answer.headers[.connection] = "close"
    return answer.response
}

/// The members of `error` in OpenAI's form.
private func openAIError(_ answer: ErrorAnswer) -> JSONValue {
    guard case .object(let members) = answer.error else { return answer.error }
    let isClients = answer.status.code < 500 && answer.status != .tooManyRequests
    return .object(
        members + [
            JSONMember("type", .string(isClients ? "invalid_request_error" : "server_error")),
            JSONMember("param", answer.error["field"] ?? .null),
        ])
}

extension Call {
    /// Works while the client stays: a client that closes its connection cancels the task, and the sampler gives its places
    /// to others. The body must have been read. The connection is spent afterwards, for what came over it was read ahead.
    func whileClientStays(_ work: @Sendable () async throws -> Response) async throws -> Response {
        do {
            var response = try await restOfRequest.consumeWithCancellationOnInboundClose { _ in try await work() }
            response.headers[.connection] = "close"
            return response
        } catch is CancellationError {
            // Nobody reads it; the log and the counters should not call it a fault of ours.
            throw HTTPFault.clientLeft
        }
    }

    /// What comes after the body, which was read: nothing, until the client leaves.
    private var restOfRequest: RequestBody {
        var request = request
        // Hummingbird goes on watching the connection behind a body that was put in the place of the one that came.
        request.body = RequestBody(buffer: ByteBuffer())
        return request.body
    }

    /// The stream as Server-Sent Events, each as soon as it is there. Sampling ends when the client leaves or takes nothing for
    /// as long as the connection's guard allows; an error on the way is an event `{"error": ...}`, and `[DONE]` does not follow.
    func streamed(_ stream: CompletionStream, _ chunks: some CompletionChunks) -> Response {
        let (body, logger) = (restOfRequest, logger)
        var headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-store", .connection: "close",
        ]
        headers[.accelBuffering] = "no"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await body.consumeWithCancellationOnInboundClose { _ in
                    do {
                        try await write(stream, chunks, to: &writer)
                    } catch let error where !(error is CancellationError || error is ReaderLeft) {
                        let answer = errorAnswer(for: error, logger: logger)
                        try await writer.write(event(.members(["error": openAIError(answer)])))
                    }
                    try await writer.finish(nil)
                }
            })
    }
}

/// The connection took no more.
private struct ReaderLeft: Error {}

private func write(
    _ stream: CompletionStream, _ chunks: some CompletionChunks, to writer: inout any ResponseBodyWriter
) async throws {
    var chunks = chunks
    for chunk in chunks.beginning() { try await writer.write(event(chunk)) }
    try await stream.forEach { piece in
        do { try await writer.write(event(chunks.chunk(piece))) } catch { throw ReaderLeft() }
    }
    for chunk in chunks.ending() { try await writer.write(event(chunk)) }
    try await writer.write(ByteBuffer(string: "data: [DONE]\n\n"))
}

private func event(_ json: JSONValue) -> ByteBuffer {
    ByteBuffer(bytes: Array("data: ".utf8) + json.serialized() + Array("\n\n".utf8))
}
