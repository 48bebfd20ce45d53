// The only place that reads the clock and the random device: everything below takes them as values.
import Domain
import Foundation

extension WallClock {
    /// The machine's clock.
    static let system = WallClock { Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded())) }
}

extension SecretSource {
    /// The system's generator, which is fit for secrets (getrandom).
    static let system = SecretSource { count in
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

extension IdentifierSource {
    /// Sortable identifiers: prefix, milliseconds since 1970 in base 32, 80 random bits (as ULID).
    static let system = IdentifierSource { prefix in
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        var generator = SystemRandomNumberGenerator()
        let now = UInt64(max(0, WallClock.system.now().milliseconds))
        let time = (0..<10).map { alphabet[Int(now >> UInt64(45 - 5 * $0) & 31)] }
        let random = (0..<16).map { _ in alphabet[Int(generator.next(upperBound: UInt64(32)))] }
        return prefix + "-" + String(time) + String(random)
    }
}
