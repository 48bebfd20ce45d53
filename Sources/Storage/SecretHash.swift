// What is kept of a key's secret, and how a sent one is compared with it.
import Domain

/// The BLAKE2b-256 digest of a secret. Fast on purpose: the secrets are 256 random bits, which nobody guesses at any speed, so
/// a slow hash (as for passwords) would only cost the server time at every request.
package struct SecretHash: Sendable, Equatable {
    /// 32 bytes.
    package let bytes: [UInt8]

    /// Bytes as they are stored; nil when they are no hash.
    package init?(stored bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// The digest of a secret.
    package init(of secret: some StringProtocol) {
        var hasher = Blake2b(digestBytes: 32)
        Array(secret.utf8).withUnsafeBytes { hasher.absorb($0) }
        bytes = hasher.digest()
    }

    /// The hash of no secret that anybody holds: unknown keys are compared with it, so that they take as long as known ones.
    package static let nobodys = SecretHash(of: "")

    /// Whether the two are equal, in a time that does not depend on where they differ.
    package func matches(_ other: SecretHash) -> Bool {
        zip(bytes, other.bytes).reduce(UInt8(0)) { difference, pair in difference | (pair.0 ^ pair.1) } == 0
    }
}
