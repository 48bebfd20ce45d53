// Random damage to good input, from a seed: flips, cuts, repeats, splices and interesting bytes.
import Domain
import Foundation

/// Makes broken variants of good inputs.
package struct Mutator {
    private var generator: SeededGenerator
    private let corpus: [[UInt8]]
    private static let interesting: [UInt8] = [0, 1, 0x20, 0x22, 0x5C, 0x7B, 0x7D, 0x7F, 0x80, 0xC0, 0xED, 0xF4, 0xFF]
    /// Larger inputs only make the rounds slower.
    private static let sizeMax = 65_536

    /// Begins with good inputs; the same seed makes the same variants.
    package init(seed: UInt64, corpus: [[UInt8]]) {
        generator = SeededGenerator(seed: seed)
        self.corpus = corpus
    }

    /// The next input: a good one, damaged one to eight times.
    package mutating func next() -> [UInt8] {
        var bytes = corpus.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...8, using: &generator) { damage(&bytes) }
        return Array(bytes.prefix(Self.sizeMax))
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, at + Int.random(in: 1...32, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where !bytes.isEmpty: bytes[at] = Self.interesting.randomElement(using: &generator) ?? 0
        case 2: bytes.removeSubrange(at..<end)
        case 3:
            let piece = Array(bytes[at..<end])
            let times = Int.random(in: 1...64, using: &generator)
            bytes.insert(contentsOf: (0..<times).flatMap { _ in piece }, at: at)
        case 4:
            let other = corpus.randomElement(using: &generator) ?? []
            bytes = Array(bytes[..<at]) + other.suffix(Int.random(in: 0...other.count, using: &generator))
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: at)
        }
    }
}

/// How long each target is fed: a second in the test run, more with `scripts/dev fuzz SECONDS`.
package enum FuzzTime {
    /// Seconds of one target.
    package static let secondsPerTarget: Double = {
        let wanted = ProcessInfo.processInfo.environment["ROLLOUTD_FUZZ_SECONDS"].flatMap { Double($0) }
        return (wanted ?? 5) / 5
    }()

    /// Feeds a target until its time is over; returns how many inputs it took.
    package static func feed(seed: UInt64, corpus: [[UInt8]], _ target: ([UInt8]) throws -> Void) rethrows -> Int {
        var mutator = Mutator(seed: seed, corpus: corpus)
        let deadline = ContinuousClock.now + .seconds(secondsPerTarget)
        var count = 0
        repeat {
            try target(mutator.next())
            count += 1
        } while ContinuousClock.now < deadline
        return count
    }
}
