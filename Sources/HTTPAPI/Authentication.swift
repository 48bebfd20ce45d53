// Who calls, and whether they may: stored keys with roles, keys of the configuration, and loopback without either.
import Domain
import HTTPTypes
import Hummingbird
import Service

/// Admits requests to operations.
struct Authenticator: Sendable {
    private let configured: [[UInt8]]
    private let isLoopback: Bool
    private let access: AccessControl

    /// Admits by the configuration's keys and the stored ones.
    init(_ configuration: HTTPConfiguration, _ access: AccessControl) {
        configured = configuration.apiKeys.map { Array($0.utf8) }
        isLoopback = configuration.isLoopback
        self.access = access
    }

    /// Whether nobody needs a key: on loopback, and none was ever configured or stored.
    var isOpen: Bool { isLoopback && configured.isEmpty && !access.hasKeys }

    /// Who asks for an operation, or why they may not: 401 without a valid key, 403 without the role.
    func caller(_ request: Request, of endpoint: Endpoint, from address: String) throws -> Caller {
        if case .open = endpoint.access { return .loopback }
        guard !isOpen else { return .loopback }
        let caller = try keyHolder(request, from: address, isForm: endpoint.isForm)
        if case .roles(let roles) = endpoint.access, !caller.has(anyOf: roles) { throw HTTPFault.missingRole(roles) }
        return caller
    }

    private func keyHolder(
        _ request: Request, from address: String, isForm: Bool
    ) throws(HTTPFault) -> Caller {
        switch AuthorizationHeader(request.headers[.authorization]) {
        case .none:
            // Tinker's clients have a header of their own. No web page can send it to us: a browser would ask first.
            guard let key = request.headers[.apiKey] else { throw unauthorized("an API key is required", request) }
            return try holder(of: AuthorizationHeader.key(inTinkers: key), request, from: address)
        case .bearer(let token):
            return try holder(of: token, request, from: address)
        case .password(let password):
            // A browser sends a remembered password with any site's requests, so it opens nothing that changes anything but
            // a form of ours, when the browser says that our own page sent it.
            guard
                request.method == .get || request.method == .head
                    || isForm && OriginGuard.isFromOwnPage(request)
            else {
                throw unauthorized("a key as a password is for reading only", request)
            }
            return try holder(of: password, request, from: address)
        }
    }

    private func holder(of token: String, _ request: Request, from address: String) throws(HTTPFault) -> Caller {
        // A stored key is 256 random bits, so its holder is let in however many guesses come from the same address. A
        // configured one may be short: while its address guesses, nobody from there gets in with it.
        if let key = AccessKeyText(token), let caller = access.holder(of: key) { return caller }
        let wait = access.failureWait(address)
        if isConfigured(Array(token.utf8)), wait == 0 { return .configured }
        access.noteFailure(address)
        guard wait > 0 else { throw unauthorized("the API key is not known, revoked, or over", request) }
        throw HTTPFault(
            status: .tooManyRequests, code: "too_many_failures", message: "too many wrong keys came from this address",
            hint: "wait for Retry-After, then send a valid key", headers: [.retryAfter: retryAfter(wait)])
    }

    /// Compares with every key, each in constant time, so that time tells nothing about them.
    private func isConfigured(_ token: [UInt8]) -> Bool {
        var isKnown = false
        for key in configured where isEqual(token, key) { isKnown = true }
        return isKnown
    }

    private func unauthorized(_ message: String, _ request: Request) -> HTTPFault {
        // A person's browser asks for a password when it is told of Basic; programs are told of bearer tokens.
        let isBrowser = request.headers[.accept]?.contains("text/html") ?? false
        return HTTPFault(
            status: .unauthorized, code: "unauthorized", message: message,
            hint: "send the header \"Authorization: Bearer <key>\"; in a browser give the key as the password",
            headers: [.wwwAuthenticate: isBrowser ? "Basic realm=\"rolloutd\", charset=\"UTF-8\"" : "Bearer"])
    }

    private func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { difference, pair in difference | (pair.0 ^ pair.1) } == 0
    }
}
