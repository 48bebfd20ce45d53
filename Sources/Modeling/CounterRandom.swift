// Random numbers by counter: each is a function of (seed, stream, position), so nobody has to keep a state in order.

/// Independent uniform numbers addressed by stream and position.
struct CounterRandom: Sendable {
    let seed: UInt64

    /// 64 random bits. The mixer is that of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), once for each input.
    func bits(stream: UInt64, position: UInt64) -> UInt64 {
        let first = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
        let second = Self.mix(first ^ (stream &* 0xD134_2543_DE82_EF95 &+ 0x2545_F491_4F6C_DD1D))
        return Self.mix(second &+ position &* 0x9E37_79B9_7F4A_7C15)
    }

    /// A number in 0 ..< 1 with 53 random bits.
    func uniform(stream: UInt64, position: UInt64) -> Double {
        Double(bits(stream: stream, position: position) >> 11) * 0x1p-53
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
