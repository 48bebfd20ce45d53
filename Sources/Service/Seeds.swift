// Every seed of a run comes from its one root seed and a name, so that runs repeat and streams do not touch.
import Domain

/// Derives seeds.
package enum Seeds {
    /// What a seed is for; the raw values are part of a run's reproducibility and never change.
    enum Purpose: UInt64 {
        case weights = 1
        case coldStartOrder = 2
        case promptChoice = 3
        case sampling = 4
        case evaluation = 5
    }

    /// The seed of one purpose at one index (an update number, a step).
    static func seed(_ purpose: Purpose, index: Int = 0, root: UInt64) -> UInt64 {
        var generator = SeededGenerator.stream(purpose.rawValue, of: root)
        let base = generator.next()
        var second = SeededGenerator.stream(UInt64(bitPattern: Int64(index)), of: base)
        return second.next()
    }

    /// A seed from a fresh identifier (FNV-1a of its bytes), for requests that bring none.
    static func fromIdentifier(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
