// The header Authorization (RFC 9110, section 11.6.2), read from whoever sends whatever.
import Foundation
import HTTPTypes

/// What a request shows to be let in.
enum AuthorizationHeader: Equatable {
    /// Nothing, or nothing that is read here.
    case none
    /// A program's token.
    case bearer(String)
    /// The password of RFC 7617's `user:password`, of any user: a browser's.
    case password(String)

    /// Reads the header's value.
    init(_ value: String?) {
        self = .none
        guard let value, let space = value.firstIndex(of: " ") else { return }
        let rest = value[space...].drop { $0 == " " }
        guard !rest.isEmpty else { return }
        switch value[..<space].lowercased() {
        case "bearer": self = .bearer(String(rest))
        case "basic":
            guard let pair = Data(base64Encoded: String(rest)), let colon = pair.firstIndex(of: UInt8(ascii: ":")),
                let password = String(validating: pair[pair.index(after: colon)...], as: UTF8.self)
            else { return }
            self = .password(password)
        default: return
        }
    }
}

extension AuthorizationHeader {
    /// Before each of Tinker's keys; its SDK refuses others.
    private static let tinkersPrefix = "tml-"

    /// Our key in the one that Tinker's SDK was given: without its prefix.
    static func key(inTinkers text: String) -> String {
        text.hasPrefix(tinkersPrefix) ? String(text.dropFirst(tinkersPrefix.count)) : text
    }
}

extension HTTPField.Name {
    /// Where Tinker's clients show their key.
    static var apiKey: HTTPField.Name { HTTPField.Name("X-API-Key") ?? .via }
}
