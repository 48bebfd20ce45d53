// Keys and values of one sequence in every layer, in one piece: what attention looks back at in the learner. A view;
// somebody else owns the memory. The sampler's are in pages (PageTable.swift).
import CKernels

/// The store of one sequence, `[layer][packed keys | value rows]`, with room for `capacity` positions.
struct KeyValueCache {
    private let base: UnsafeMutablePointer<Float>
    let capacity: Int
    private let keysSize: Int
    private let layerSize: Int
    private let keyWidth: Int
    private let layerCount: Int

    /// A view of at least `floats(capacity:configuration)` numbers at `base`. One that the layers share holds what the last
    /// of them wrote, and is as large as that of one layer.
    init(
        _ base: UnsafeMutablePointer<Float>, capacity: Int, _ configuration: ModelConfiguration,
        sharedByLayers: Bool = false
    ) {
        self.base = base
        self.capacity = capacity
        keyWidth = configuration.keyWidth
        keysSize = Self.keysSize(capacity, configuration)
        layerSize = sharedByLayers ? 0 : keysSize + capacity * keyWidth
        layerCount = configuration.layerCount
    }

    private static func keysSize(_ capacity: Int, _ configuration: ModelConfiguration) -> Int {
        ck_packed_keys_size(capacity, configuration.keyValueHeadCount, configuration.headDimension)
    }

    /// Numbers that a store of `capacity` positions takes.
    static func floats(capacity: Int, _ configuration: ModelConfiguration, sharedByLayers: Bool = false) -> Int {
        (sharedByLayers ? 1 : configuration.layerCount)
            * (keysSize(capacity, configuration) + capacity * configuration.keyWidth)
    }

    /// The packed keys of one layer.
    func keys(_ layer: Int) -> UnsafeMutablePointer<Float> { base + layer * layerSize }

    /// The value rows `[capacity, keyWidth]` of one layer.
    func values(_ layer: Int) -> UnsafeMutablePointer<Float> { base + layer * layerSize + keysSize }
}
