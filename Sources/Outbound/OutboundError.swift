// Why no answer came, in words that say where to look.
import CCurl

/// An exchange that ended without an answer. The detail is libcurl's own sentence.
package enum OutboundError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The request itself cannot be sent (its URL, a header); nothing was tried.
    case badRequest(String)
    /// The host's name is not known.
    case unknownHost(String)
    /// Nobody listens there, or the network does not lead there.
    case refused(String)
    /// No connection, or no whole answer, in the time allowed.
    case timedOut(String)
    /// The other side's certificate is not trusted, or it speaks no TLS.
    case tls(String)
    /// The answer is longer than the request allowed.
    case tooLarge(limit: Int)
    /// The connection ended before the answer was whole. The request may have been carried out.
    case lost(String)
    /// More exchanges at once than the client was made for.
    case busy(limit: Int)
    /// The client was closed.
    case closed
    /// Anything else that libcurl says.
    case other(String)

    /// What happened, for a log or a person.
    package var description: String {
        switch self {
        case .badRequest(let detail): "the request cannot be sent: \(detail)"
        case .unknownHost(let detail): "the host is not known: \(detail)"
        case .refused(let detail): "no connection: \(detail)"
        case .timedOut(let detail): "timed out: \(detail)"
        case .tls(let detail): "no secure connection: \(detail)"
        case .tooLarge(let limit): "the answer is longer than \(limit) bytes"
        case .lost(let detail): "the connection was lost: \(detail)"
        case .busy(let limit): "more than \(limit) requests at once"
        case .closed: "the client is closed"
        case .other(let detail): detail
        }
    }

    /// Whether the same request may succeed later without anybody's help.
    package var isTemporary: Bool {
        switch self {
        case .unknownHost, .refused, .timedOut, .lost, .busy, .other: true
        case .badRequest, .tls, .tooLarge, .closed: false
        }
    }
}

extension OutboundError {
    /// A result of libcurl in our words.
    init(_ code: CURLcode, detail: String) {
        let text = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: self = .badRequest(text)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .unknownHost(text)
        case CURLE_COULDNT_CONNECT: self = .refused(text)
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut(text)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            self = .tls(text)
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY:
            self = .lost(text)
        default: self = .other(text)
        }
    }
}
