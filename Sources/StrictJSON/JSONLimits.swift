// How much JSON the parser reads before it refuses; the numbers themselves come from the caller.

/// Bounds on one JSON text. The parser checks them while it reads, before it has allocated for what lies beyond.
package struct JSONLimits: Sendable, Equatable {
    /// Deepest nesting of arrays and objects; 1 is a flat one. Never above `depthCeiling`.
    package var depth: Int
    /// Longest text, in bytes.
    package var bytes: Int
    /// Most members and boxed elements of the whole text. Numbers in unboxed arrays do not count: `bytes` bounds them
    /// at four times their own size, while a boxed value costs up to 30 times its text.
    package var values: Int

    /// The parser recurses once a level; this many levels fit the 512 KiB stack of a secondary thread.
    package static let depthCeiling = 256

    /// Bounds of one text: levels, bytes, members.
    package init(depth: Int, bytes: Int, values: Int = 1_000_000) {
        self.depth = min(max(depth, 1), JSONLimits.depthCeiling)
        self.bytes = bytes
        self.values = values
    }

    /// For texts that we wrote ourselves or that a person handed to a command: 64 levels, 64 MiB.
    package static let standard = JSONLimits(depth: 64, bytes: 67_108_864)
}
