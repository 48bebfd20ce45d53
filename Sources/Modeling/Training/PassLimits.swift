// How much scratch memory a pass may take before it does its work in parts instead. Parts cost time, never bits of a row.

/// Bounds of one shard's forward and backward pass.
struct PassLimits: Sendable, Equatable {
    /// Numbers of logits held at a time, 16 MB, unless that is less than `logitRows` rows.
    var logits = 4_194_304
    /// Fewer rows would read a large head more often than they use it.
    var logitRows = 64
    /// Numbers of a matrix packed at a time when there is no lasting form for the way back: 64 MB.
    var packed = 1 << 24
    /// Matrices up to this size keep a lasting form for the way back: 256 MB.
    var transposedBytes = 256 << 20
    /// Activations of a micro-batch up to this size are kept, larger ones computed again: 1 GiB.
    var keptBytes = 1 << 30
}
