// The top of the model: final norm and projection to the vocabulary, for chosen rows only; forward beside backward.
import CKernels

/// Final norm and output matrix over R chosen rows of the residual stream.
///
/// Logits of all rows at once would be the largest buffer of a pass, `[tokens, vocabulary]`. They are made some rows at a
/// time on the way forward, and on the way back for all rows and some of the vocabulary at a time, so that the matrix and
/// its gradient go through the caches once.
struct LanguageHead {
    let weights: ModelWeights
    /// The chosen rows of the batch, `[R]`.
    let rows: [Int32]
    private let gathered: UnsafeMutablePointer<Float>  // [R, H]
    private let normed: UnsafeMutablePointer<Float>  // [R, H]
    private let rstd: UnsafeMutablePointer<Float>  // [R]
    private let logits: UnsafeMutablePointer<Float>  // [chunk, V]
    private let chunk: Int
    private let limits: PassLimits

    private var hidden: Int { weights.configuration.hiddenSize }
    private var vocabulary: Int { weights.configuration.vocabularySize }

    /// Gathers and normalises `rows` of `output` `[N, H]`.
    init(
        _ weights: ModelWeights, rows: [Int32], of output: UnsafePointer<Float>, limits: PassLimits = PassLimits(),
        _ workspace: inout Workspace
    ) {
        self.weights = weights
        self.limits = limits
        self.rows = rows
        let hidden = weights.configuration.hiddenSize
        chunk = min(max(limits.logits / weights.configuration.vocabularySize, limits.logitRows), max(rows.count, 1))
        gathered = workspace.take(rows.count * hidden)
        normed = workspace.take(rows.count * hidden)
        rstd = workspace.take(rows.count)
        logits = workspace.take(chunk * weights.configuration.vocabularySize)
        ck_embedding_gather(gathered, output, rows, rows.count, hidden)
        weights.normalize(
            normed, rstd: rstd, gathered, weight: weights.layout.finalNorm, rows: rows.count, dimension: hidden)
    }

    /// The chunks of rows, in order.
    private var chunks: [Range<Int>] {
        stride(from: 0, to: rows.count, by: chunk).map { $0..<min($0 + chunk, rows.count) }
    }

    /// How much of the vocabulary goes back at a time: all of it when its logits are still there.
    private var blockSize: Int {
        if chunk >= rows.count { return vocabulary }
        let panel = PackedMatrices.panelWidth
        return min(max(limits.logits / rows.count / panel, 1) * panel, vocabulary)
    }

    private func project(_ range: Range<Int>) {
        weights.multiply(logits, normed + range.lowerBound * hidden, weights.layout.head, rows: range.count)
    }

    /// Calls `body` with each row's index and logits `[V]`, which it may overwrite.
    func forEachRow(_ body: (Int, UnsafeMutablePointer<Float>) -> Void) {
        for range in chunks {
            project(range)
            for row in range { body(row, logits + (row - range.lowerBound) * vocabulary) }
        }
    }

    /// Log-probability of each row's target, entropy and log-sum-exp, each `[R]`.
    func statistics(
        targets: [Int32], logprobs: UnsafeMutablePointer<Float>, entropies: UnsafeMutablePointer<Float>,
        logSumExp: UnsafeMutablePointer<Float>
    ) {
        targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress else { return }
            for range in chunks {
                project(range)
                let first = range.lowerBound
                ck_log_softmax_stats(
                    logprobs + first, entropies + first, logSumExp + first, logits, targets + first, range.count,
                    vocabulary, vocabulary, 1)
            }
        }
    }

    /// Adds to `d` `[N, H]`, and to the gradients of head and final norm, what follows from `coefficients` `[R]`, the
    /// derivatives of the loss by the log-probabilities. Call `statistics` first.
    func backward(
        _ d: UnsafeMutablePointer<Float>, targets: [Int32], coefficients: [Float],
        logSumExp: UnsafePointer<Float>, _ pass: BackwardPass, _ workspace: inout Workspace
    ) {
        let mark = workspace.mark
        defer { workspace.reset(to: mark) }
        let dNormed = workspace.take(rows.count * hidden)
        let dGathered = workspace.take(rows.count * hidden)
        let block = blockSize
        let logits = block == vocabulary ? logits : workspace.take(rows.count * block)
        for first in stride(from: 0, to: vocabulary, by: block) {
            let part = weights.layout.head.outputs(first..<min(first + block, vocabulary))
            if block < vocabulary { weights.multiply(logits, normed, part, rows: rows.count) }
            ck_log_softmax_backward(
                logits, targets.map { $0 - Int32(first) }, coefficients, nil, logSumExp, nil, rows.count, part.outputs,
                part.outputs, 1)
            pass.multiply(
                dNormed, logits, normed, part, rows: rows.count, accumulate: first > 0, &workspace)
        }
        pass.normalize(
            dGathered, dNormed, gathered, rstd: rstd, weight: weights.layout.finalNorm, rows: rows.count,
            dimension: hidden, accumulate: false, &workspace)
        ck_embedding_scatter_add(d, dGathered, rows, rows.count, hidden)
    }
}
