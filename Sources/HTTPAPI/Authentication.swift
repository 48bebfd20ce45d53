// Who may call: API keys, as bearer tokens from programs, as a password from a browser that opens a page.
import Foundation
import HTTPTypes
import Hummingbird

/// The accepted keys of one server.
struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// Takes the keys as they are configured; none admits everybody.
    init(_ keys: [String]) { self.keys = keys.map { Array($0.utf8) } }

    /// Refuses a request to a keyed operation without a valid key.
    func admit(_ request: Request, to endpoint: Endpoint) throws(HTTPFault) {
        guard endpoint.access == .keyed, !keys.isEmpty else { return }
        let header = request.headers[.authorization] ?? ""
        let isReading = request.method == .get || request.method == .head
        if let token = parameter(of: header, scheme: "bearer ") {
            guard isKnown(Array(token.utf8)) else { throw unauthorized("the API key is not known", request) }
        } else if let password = parameter(of: header, scheme: "basic ").flatMap(password(inBasic:)) {
            // A browser sends a remembered password with any site's requests, so it opens nothing that changes anything.
            guard isReading else {
                throw unauthorized("a key as a password is for reading only", request)
            }
            guard isKnown(password) else { throw unauthorized("the API key is not known", request) }
        } else {
            throw unauthorized("an API key is required", request)
        }
    }

    private func parameter(of header: String, scheme: String) -> Substring? {
        header.lowercased().hasPrefix(scheme) ? header.dropFirst(scheme.count) : nil
    }

    /// The password of RFC 7617's `user:password`, of any user.
    private func password(inBasic encoded: Substring) -> [UInt8]? {
        guard let pair = Data(base64Encoded: String(encoded)), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        return Array(pair[pair.index(after: colon)...])
    }

    /// Compares with every key, each in constant time, so that time tells nothing about them.
    private func isKnown(_ token: [UInt8]) -> Bool {
        var isKnown = false
        for key in keys where isEqual(token, key) { isKnown = true }
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
