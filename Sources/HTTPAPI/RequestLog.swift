// Request ids and the line that each request leaves in the log.
import HTTPTypes
import Hummingbird
import Logging

extension HTTPField.Name {
    /// The request's id: the client's own, or ours.
    static var requestID: HTTPField.Name { HTTPField.Name("X-Request-ID") ?? .via }
}

/// Names one request in the log and in its answer.
struct RequestLog: Sendable {
    /// The request's id.
    let id: String
    /// Names the request in each line.
    let logger: Logger
    private let started = ContinuousClock.now

    /// The client's id if it can stand in a log line (1 to 64 visible ASCII characters), otherwise a fresh one.
    init(_ request: Request, fresh: String, logger: Logger) {
        let given = request.headers[.requestID] ?? ""
        let isUsable = (1...64).contains(given.utf8.count) && given.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        id = isUsable ? given : "req-" + fresh
        var logger = logger
        logger[metadataKey: "request"] = .string(id)
        logger[metadataKey: "hb.request.id"] = nil
        self.logger = logger
    }

    /// Since the request's head came.
    var seconds: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - started).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// One line: what was asked, what was answered, how long it took. Bodies are streamed after it.
    func finish(_ request: Request, _ response: Response) {
        let milliseconds = seconds * 1000
        let level: Logger.Level = response.status.code >= 500 ? .error : response.status.code >= 400 ? .info : .debug
        logger.log(
            level: level, "request",
            metadata: [
                "method": .string(request.method.rawValue),
                // Without the query: what people put there by mistake is theirs.
                "path": .string(String((request.head.path ?? "").prefix { $0 != "?" }.prefix(200))),
                "status": .stringConvertible(response.status.code),
                "ms": .stringConvertible((milliseconds * 10).rounded() / 10),
            ])
    }
}
