// Which numbers an optimiser changes: all of a model's, or an adapter's.

/// What is trained.
enum TrainedParameters {
    case all(TensorLayout)
    case adapter(AdaptedParameters)

    /// The trained tensors in the order of gradients and moments.
    var tensors: [TensorPlace] {
        switch self {
        case .all(let layout): layout.tensors
        case .adapter(let adapter): adapter.layout.tensors
        }
    }

    /// Trained numbers.
    var count: Int {
        switch self {
        case .all(let layout): layout.count
        case .adapter(let adapter): adapter.layout.count
        }
    }

    /// The adapter, or nil when all parameters are trained.
    var adapter: AdaptedParameters? {
        if case .adapter(let adapter) = self { adapter } else { nil }
    }
}
