// Which split a problem belongs to: a property of the problem alone, so that no choice of seeds can mix the splits.

/// The three disjoint parts of the built-in data.
package enum BuiltinSplit: UInt64, Sendable, CaseIterable {
    /// Measured and shown, never learned from and never used to decide anything.
    case heldOut
    /// Decides when the cold start ends.
    case validation
    /// Learned from.
    case training

    /// The split of a problem: one eighth of all keys is held out, one eighth is for validation.
    package static func of(key: String) -> BuiltinSplit {
        switch hash(key) % 8 {
        case 0: .heldOut
        case 1: .validation
        default: .training
        }
    }

    /// FNV-1a over the bytes, then SplitMix64's finaliser, because FNV's low bits alone are uneven for short keys.
    private static func hash(_ key: String) -> UInt64 {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.utf8 {
            state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
        return state ^ (state >> 31)
    }
}
