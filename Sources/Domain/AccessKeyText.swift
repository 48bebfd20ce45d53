// The text of a key: `rld_<id>_<secret>`. The prefix lets scanners of repositories and logs find a key that leaked; the id is
// public and says which one; the secret is 256 random bits.

/// Where secrets come from; the system's generator in production, a counter in tests.
package struct SecretSource: Sendable {
    /// So many bytes that nobody can guess.
    package let make: @Sendable (_ count: Int) -> [UInt8]
    package init(make: @escaping @Sendable (_ count: Int) -> [UInt8]) { self.make = make }
}

/// A key in the form that its holder keeps.
package struct AccessKeyText: Sendable, Equatable {
    /// What every key begins with.
    package static let prefix = "rld_"
    private static let idBytes = 6
    private static let secretBytes = 32

    package let id: KeyID
    /// 64 hexadecimal digits.
    package let secret: String

    /// A fresh key.
    package init(_ secrets: SecretSource) {
        id = KeyID(hexadecimal(secrets.make(Self.idBytes)))
        secret = hexadecimal(secrets.make(Self.secretBytes))
    }

    /// Reads a key; nil for any other text. Takes the same time for all texts of a key's form.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = parts.first, let secret = parts.last,
            id.utf8.count == 2 * Self.idBytes, secret.utf8.count == 2 * Self.secretBytes,
            id.utf8.allSatisfy(isHexadecimal), secret.utf8.allSatisfy(isHexadecimal)
        else { return nil }
        self.id = KeyID(String(id))
        self.secret = String(secret)
    }

    /// `rld_<id>_<secret>`; show it once, to its holder.
    package var text: String { Self.prefix + id.text + "_" + secret }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}
