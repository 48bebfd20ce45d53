// The one mapping from errors to statuses. No route makes an error response of its own.
import Domain
import HTTPTypes
import Hummingbird
import Logging
import Service
import StrictJSON

/// A fault of the exchange itself, before any use case is asked.
struct HTTPFault: Error, Sendable {
    /// The answer's status.
    var status: HTTPResponse.Status
    /// For programs.
    var code: String
    /// For people: what is wrong.
    var message: String
    /// For people: what to do.
    var hint: String?
    /// Headers the status asks for, as `Allow`.
    var headers: HTTPFields = [:]

    /// The body cannot be read to its end, so the connection cannot be used again.
    static let closing: HTTPFields = [.connection: "close"]

    /// 413.
    static func bodyTooLarge(limit: Int) -> HTTPFault {
        HTTPFault(
            status: .contentTooLarge, code: "body_too_large", message: "the request's body is too large",
            hint: "the limit is \(limit) bytes; send smaller batches", headers: closing)
    }

    /// 413: the body was read, and its text is longer than a body may be; the connection can go on.
    static func textTooLarge(limit: Int) -> HTTPFault {
        HTTPFault(
            status: .contentTooLarge, code: "body_too_large", message: "the decompressed body is too large",
            hint: "the limit is \(limit) bytes after decompression; send smaller batches")
    }

    /// 400: the body was read, and is not in the coding that it is said to be in.
    static func malformedEncoding(_ coding: String) -> HTTPFault {
        HTTPFault(
            status: .badRequest, code: "malformed_encoding", message: "the body is not \(coding), or ends too early",
            hint: "compress the body as one whole, or send it as it is without content-encoding")
    }

    /// 429: others' bodies fill the memory set aside for them.
    static let tooManyBodies = HTTPFault(
        status: .tooManyRequests, code: ServiceError.Code.overloaded.rawValue,
        message: "too many large requests are being read", hint: "send the same request again in a moment",
        headers: [.connection: "close", .retryAfter: "1"])

    /// 400: the client ended the body early.
    static let truncatedBody = HTTPFault(
        status: .badRequest, code: "truncated_body", message: "the body ended before it was complete",
        hint: "send as many bytes as content-length says", headers: closing)

    /// 403: the key is valid and has none of the roles.
    static func missingRole(_ roles: Set<KeyRole>) -> HTTPFault {
        let names = KeyRole.allCases.filter(roles.contains).map(\.rawValue).joined(separator: " or ")
        return HTTPFault(
            status: .forbidden, code: "forbidden", message: "this needs a key with the role \(names)",
            hint: "rolloutd keys list shows the roles of each key; admin has them all")
    }

    /// 499, as nginx says it: the client closed the connection before its answer was there.
    static let clientLeft = HTTPFault(
        status: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"), code: "client_left",
        message: "the client closed the connection", headers: closing)

    /// 408.
    static func slowRequest(seconds: Double) -> HTTPFault {
        HTTPFault(
            status: .requestTimeout, code: "request_timeout", message: "the request did not arrive in time",
            hint: "send the whole request within \(Int(seconds.rounded(.up))) seconds", headers: closing)
    }
}

/// What an error becomes on the wire.
struct ErrorAnswer: Sendable {
    /// The answer's status.
    var status: HTTPResponse.Status
    /// The members of `error`: code, message, field and hint.
    var error: JSONValue
    /// Headers the status asks for.
    var headers: HTTPFields = [:]

    /// `{"error": ...}` as a response.
    var response: Response { jsonResponse(.members(["error": error]), status: status, headers: headers) }
}

/// The answer to any error that a handler threw; what is not the client's fault is logged.
func errorAnswer(for error: any Error, logger: Logger) -> ErrorAnswer {
    switch error {
    case let fault as HTTPFault:
        ErrorAnswer(
            status: fault.status, error: errorJSON(fault.code, fault.message, hint: fault.hint), headers: fault.headers)
    case let fault as InputError:
        ErrorAnswer(status: status(of: fault.code), error: fault.json)
    case let failure as ServiceError:
        answer(to: failure, logger: logger)
    default:
        answer(toUnexpected: error, logger: logger)
    }
}

/// The status of a client's fault.
func status(of code: InputError.Code) -> HTTPResponse.Status {
    switch code {
    case .malformedJSON, .malformedBody: .badRequest
    case .wrongType, .missingField, .unknownField, .invalidValue, .tooLarge, .lengthMismatch: .unprocessableContent
    case .notFound: .notFound
    case .conflict, .staleLease, .stalePolicy: .conflict
    }
}

/// The status of a refusal or failure of the service.
func status(of code: ServiceError.Code) -> HTTPResponse.Status {
    switch code {
    case .overloaded, .quotaExceeded: .tooManyRequests
    case .unavailable, .shuttingDown: .serviceUnavailable
    case .notFound: .notFound
    case .conflict: .conflict
    case .internal: .internalServerError
    }
}

private func answer(to failure: ServiceError, logger: Logger) -> ErrorAnswer {
    var headers: HTTPFields = [:]
    let status = status(of: failure.code)
    if status == .tooManyRequests || status == .serviceUnavailable {
        headers[.retryAfter] = retryAfter(failure.retryAfterSeconds ?? 1)
    }
    if failure.code == .internal { logger.error("internal error", metadata: ["error": "\(failure)"]) }
    var error = errorJSON(failure.code.rawValue, failure.message, hint: failure.hint)
    if let quota = failure.quota, case .object(let members) = error {
        error = .object(members + [JSONMember("quota", quota.json)])
    }
    return ErrorAnswer(status: status, error: error, headers: headers)
}

/// Errors that nobody foresaw: the log has them, the client only hears that it was not its fault.
private func answer(toUnexpected error: any Error, logger: Logger) -> ErrorAnswer {
    logger.error("unexpected error", metadata: ["error": "\(error)"])
    return ErrorAnswer(
        status: .internalServerError,
        error: errorJSON(
            ServiceError.Code.internal.rawValue, "the service failed to answer",
            hint: "the log has the details under the request's id"))
}

/// Whole seconds for the header Retry-After, 1 to an hour.
func retryAfter(_ seconds: Double) -> String { String(Int(min(max(1, seconds.rounded(.up)), 3600))) }

private func errorJSON(_ code: String, _ message: String, hint: String?) -> JSONValue {
    var members = [JSONMember("code", .string(code)), JSONMember("message", .string(message))]
    if let hint { members.append(JSONMember("hint", .string(hint))) }
    return .object(members)
}
