// Which web pages may call a server without keys. Knows no keys.
import HTTPTypes
import Hummingbird

/// Keeps web pages away from a server without keys: a page could otherwise reach loopback through its reader's browser,
/// by a form (its `Origin` gives it away) or by a name that resolves to loopback (its `Host` does).
struct OriginGuard: Sendable {
    private let host: String
    private let scheme: String

    /// Guards a server at this address.
    init(_ configuration: HTTPConfiguration) {
        host = configuration.host.lowercased()
        scheme = configuration.tls == nil ? "http://" : "https://"
    }

    /// Refuses a request that comes from another site; for a server that needs no key.
    func admit(_ request: Request) throws(HTTPFault) {
        if let authority = request.head.authority, !isOwn(authority) {
            throw forbidden("the host \"\(authority.prefix(80))\" is not this server", hint: "use its loopback address")
        }
        let origin = request.headers[.origin]
        if let origin, origin.lowercased() != scheme + (request.head.authority ?? "").lowercased() {
            throw forbidden(
                "requests from \"\(origin.prefix(80))\" are refused", hint: "set API keys to allow other origins")
        }
    }

    /// Refuses a form that another site's page sent, whatever key came with it.
    func admitForm(_ request: Request) throws(HTTPFault) {
        guard request.headers[.origin] != nil, !Self.isFromOwnPage(request) else { return }
        throw forbidden("this form was not sent by a page of this server", hint: "open its page here and send it again")
    }

    /// Whether a browser says that one of our own pages sent a request. The scheme is not compared: a proxy may add TLS.
    static func isFromOwnPage(_ request: Request) -> Bool {
        guard let origin = request.headers[.origin]?.lowercased(), let authority = request.head.authority?.lowercased()
        else { return false }
        return !authority.isEmpty && ["http://" + authority, "https://" + authority].contains(origin)
    }

    private func isOwn(_ authority: String) -> Bool {
        var name = authority.lowercased()[...]
        if name.hasPrefix("[") {
            name = name.dropFirst().prefix { $0 != "]" }
        } else if let colon = name.lastIndex(of: ":") {
            name = name[..<colon]
        }
        return name == "localhost" || name == "::1" || name == host[...] || isLoopbackIPv4(name)
    }

    /// Whether a name is an IPv4 address in 127.0.0.0/8; `127.evil.example` is not.
    private func isLoopbackIPv4(_ name: Substring) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.first == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private func forbidden(_ message: String, hint: String) -> HTTPFault {
        HTTPFault(status: .forbidden, code: "forbidden", message: message, hint: hint)
    }
}
