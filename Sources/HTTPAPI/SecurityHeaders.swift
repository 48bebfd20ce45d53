// Headers that every answer has, whatever wrote it, and those by which a key learns what is left of its quotas.
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// A header's name from a constant; a name that is none would be a bug, and falls back to one that does no harm.
private func name(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .via }

/// How much of a page's address its requests tell.
let referrerPolicy = name("Referrer-Policy")
private let openerPolicy = name("Cross-Origin-Opener-Policy")
private let resourcePolicy = name("Cross-Origin-Resource-Policy")
private let permissionsPolicy = name("Permissions-Policy")
private let rateLimit = name("RateLimit")
private let rateLimitPolicy = name("RateLimit-Policy")

/// What a page may load and run: its own style sheet and script, nothing inline, nothing from elsewhere; so nothing that a
/// model wrote can run, whatever it is mistaken for.
let pagePolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
    + "base-uri 'none'; form-action 'self'"

/// Adds what browsers are to keep to. Nothing is cached unless the answer says so: most of it is behind a key.
func addSecurityHeaders(to response: inout Response, isEncrypted: Bool) {
    response.headers[.xContentTypeOptions] = "nosniff"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    response.headers[resourcePolicy] = "same-origin"
    if isEncrypted { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    guard response.headers[.contentType]?.hasPrefix("text/html") == true else { return }
    response.headers[.contentSecurityPolicy] = pagePolicy
    if response.headers[referrerPolicy] == nil { response.headers[referrerPolicy] = "no-referrer" }
    response.headers[openerPolicy] = "same-origin"
    response.headers[permissionsPolicy] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
}

/// Adds `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): what may be used at once, and what is
/// left of it. A bucket fills evenly, so its window is the time in which it is full again.
func addRateLimits(_ rates: [QuotaUse], to response: inout Response) {
    guard !rates.isEmpty else { return }
    func whole(_ value: Double) -> String { String(Int64(max(0, min(value, 1e15)).rounded(.down))) }
    response.headers[rateLimitPolicy] = rates.map { rate in
        let unit = rate.name == .bodyBytes ? ";qu=\"content-bytes\"" : ""
        return "\"\(rate.name.rawValue)\";q=\(whole(rate.limit));w=\(whole(rate.windowSeconds.rounded(.up)))\(unit)"
    }.joined(separator: ", ")
    response.headers[rateLimit] = rates.map { rate in
        let full = (rate.windowSeconds * rate.used / rate.limit).rounded(.up)
        return "\"\(rate.name.rawValue)\";r=\(whole(rate.limit - rate.used));t=\(whole(full))"
    }.joined(separator: ", ")
}

extension QuotaUse {
    /// As a member of an error.
    var json: JSONValue {
        func rounded(_ value: Double) -> JSONValue { .double((value * 1_000).rounded() / 1_000) }
        return .members([
            "name": .string(name.rawValue), "limit": rounded(limit), "used": rounded(used),
            "available_in_seconds": rounded(availableInSeconds),
        ])
    }
}
