// The random numbers of data sets and of prompt sampling. Not for secrets; the token sampler has its own, by counter.

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same seed gives the same sequence on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    /// The whole state: stored with a checkpoint and restored from it.
    package var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A generator for one of many independent streams of a seed.
    package static func stream(_ index: UInt64, of seed: UInt64) -> SeededGenerator {
        var mixer = SeededGenerator(seed: seed ^ (index &* 0xD134_2543_DE82_EF95))
        return SeededGenerator(seed: mixer.next())
    }
}
