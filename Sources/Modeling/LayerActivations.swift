// What one layer computes on the way forward, kept for the way back. N rows; shapes beside the names.

/// The activations of one layer in scratch memory.
struct LayerActivations {
    typealias Pointer = UnsafeMutablePointer<Float>

    private(set) var input: Pointer  // [N, H] the residual stream as it comes in
    let inputNormed: Pointer  // [N, H]
    let inputRstd: Pointer  // [N]
    let rawQueries: Pointer  // [N, heads, D] before their norm
    let rawKeys: Pointer  // [N, kv heads, D]
    let queryRstd: Pointer  // [N, heads]
    let keyRstd: Pointer  // [N, kv heads]
    let queries: Pointer  // [N, heads, D] normed and rotated
    let keys: Pointer  // [N, kv heads, D]
    let values: Pointer  // [N, kv heads, D]
    let mixed: Pointer  // [N, heads, D] what attention returns
    let logSumExp: Pointer  // per segment [heads, rows of it]
    let middle: Pointer  // [N, H] the residual stream after attention
    let middleNormed: Pointer  // [N, H]
    let middleRstd: Pointer  // [N]
    let gateUp: Pointer  // [N, 2F]
    let gated: Pointer  // [N, F]

    init(rows: Int, _ model: ModelConfiguration, _ workspace: inout Workspace) {
        input = workspace.take(rows * model.hiddenSize)
        inputNormed = workspace.take(rows * model.hiddenSize)
        inputRstd = workspace.take(rows)
        rawQueries = workspace.take(rows * model.queryWidth)
        rawKeys = workspace.take(rows * model.keyWidth)
        queryRstd = workspace.take(rows * model.headCount)
        keyRstd = workspace.take(rows * model.keyValueHeadCount)
        queries = workspace.take(rows * model.queryWidth)
        keys = workspace.take(rows * model.keyWidth)
        values = workspace.take(rows * model.keyWidth)
        mixed = workspace.take(rows * model.queryWidth)
        logSumExp = workspace.take(rows * model.headCount)
        middle = workspace.take(rows * model.hiddenSize)
        middleNormed = workspace.take(rows * model.hiddenSize)
        middleRstd = workspace.take(rows)
        gateUp = workspace.take(rows * 2 * model.feedForwardSize)
        gated = workspace.take(rows * model.feedForwardSize)
    }

    /// The same scratch memory behind another input.
    func with(input: Pointer) -> LayerActivations {
        var layer = self
        layer.input = input
        return layer
    }

    /// Numbers that one layer keeps for one row.
    static func floats(perRow model: ModelConfiguration) -> Int {
        4 * model.hiddenSize + 3 * model.queryWidth + 3 * model.keyWidth + 3 * model.feedForwardSize
            + 2 * model.headCount + model.keyValueHeadCount + 2
    }
}
