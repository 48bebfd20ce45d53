// What each connection may take: time for a request to arrive and for its answer to be read, an end after answers that
// say so, and `100 Continue` for clients that ask before they send a large body.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// The request did not arrive in time.
struct SlowRequestError: Error {}

/// Guards one connection; lives on its event loop. Header time needs no guard here: the server's idle timeout counts
/// from the last whole message, so a client that drips header bytes is idle.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a closing connection still swallows what its client sends, so that the client can read the answer
    /// before a reset takes it away (as nginx's lingering_close).
    private static let lingering = TimeAmount.seconds(2)

    private let patience: TimeAmount
    private let bodyBytesMax: Int
    private let headerBytesMax: Int
    private var arrival: Scheduled<Void>?
    private var departure: Scheduled<Void>?
    /// Requests whose answers are not yet written.
    private var answersDue = 0
    private var closesAfterAnswer = false
    private var isClosing = false

    /// Guards within the server's bounds.
    init(_ configuration: HTTPConfiguration) {
        patience = .milliseconds(Int64((configuration.readSecondsMax * 1000).rounded()))
        bodyBytesMax = configuration.bodyBytesMax
        headerBytesMax = configuration.headerBytesMax
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.channel.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 16_384, maximum: Limits.receiveBytesMax)
        ).whenFailure { _ in }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            answersDue += 1
            expectEnd(context)
            answerExpectation(head, context)
        case .body: break
        case .end:
            arrival?.cancel()
            arrival = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            closesAfterAnswer = head.headerFields[.connection]?.lowercased() == "close"
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            answersDue -= 1
            context.write(data, promise: promise)
            if closesAfterAnswer { linger(context) }
        }
    }

    /// What is no HTTP gets an answer in our own form; a fault in the middle of a request is its reader's to report.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard answersDue == 0, arrival == nil, context.channel.isActive else { return context.fireErrorCaught(error) }
        guard !isClosing else { return }
        let body = ByteBuffer(
            string:
                #"{"error":{"code":"malformed_request","message":"the request is no HTTP/1.1, or its headers are too long","#
                + #""hint":"all headers together have at most \#(headerBytesMax) bytes"}}"#)
        let head = HTTPResponse(
            status: .badRequest,
            headerFields: [
                .contentType: "application/json", .contentLength: String(body.readableBytes), .connection: "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        departure?.cancel()
        departure = nil
        if !context.channel.isWritable {
            departure = schedule(context) { context in context.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelAll()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelAll() }

    private func expectEnd(_ context: ChannelHandlerContext) {
        arrival?.cancel()
        arrival = schedule(context) { context in context.fireErrorCaught(SlowRequestError()) }
    }

    /// A body that will be refused anyway is not asked for.
    private func answerExpectation(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return }
        let declared = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        guard declared <= bodyBytesMax else { return }
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func linger(_ context: ChannelHandlerContext) {
        isClosing = true
        context.flush()
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
    }

    private func schedule(
        _ context: ChannelHandlerContext, _ work: @escaping (ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        // The context and this handler stay on their event loop, where the task runs as well.
        let bound = NIOLoopBound((context: context, work: work), eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: patience) { bound.value.work(bound.value.context) }
    }

    private func cancelAll() {
        arrival?.cancel()
        arrival = nil
        departure?.cancel()
        departure = nil
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
