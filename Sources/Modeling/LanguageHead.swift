// The top of the model: final norm and projection to the vocabulary, for chosen rows only; forward beside backward.
import CKernels

/// Final norm and output matrix over R chosen rows of the residual stream.
///
/// Logits of all rows at once would be the largest buffer of a pass, so they are made in chunks of at most
/// `logitsMax` numbers and made again on the way back when there was more than one chunk.
struct LanguageHead {
    /// Numbers of logits held at a time: 16 MB.
    static let logitsMax = 4_194_304

    let weights: ModelWeights
    /// The chosen rows of the batch, `[R]`.
    let rows: [Int32]
    private let gathered: UnsafeMutablePointer<Float>  // [R, H]
    private let normed: UnsafeMutablePointer<Float>  // [R, H]
    private let rstd: UnsafeMutablePointer<Float>  // [R]
    private let logits: UnsafeMutablePointer<Float>  // [chunk, V]
    private let chunk: Int

    private var hidden: Int { weights.configuration.hiddenSize }
    private var vocabulary: Int { weights.configuration.vocabularySize }

    /// Gathers and normalises `rows` of `output` `[N, H]`.
    init(
        _ weights: ModelWeights, rows: [Int32], of output: UnsafePointer<Float>, _ workspace: inout Workspace
    ) {
        self.weights = weights
        self.rows = rows
        let hidden = weights.configuration.hiddenSize
        chunk = min(max(Self.logitsMax / weights.configuration.vocabularySize, 1), max(rows.count, 1))
        gathered = workspace.take(rows.count * hidden)
        normed = workspace.take(rows.count * hidden)
        rstd = workspace.take(rows.count)
        logits = workspace.take(chunk * weights.configuration.vocabularySize)
        ck_embedding_gather(gathered, output, rows, rows.count, hidden)
        weights.normalize(
            normed, rstd: rstd, gathered, offset: weights.layout.finalNorm, rows: rows.count, dimension: hidden)
    }

    /// The chunks of rows, in order.
    private var chunks: [Range<Int>] {
        stride(from: 0, to: rows.count, by: chunk).map { $0..<min($0 + chunk, rows.count) }
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
        targets.withUnsafeBufferPointer { targets in
            coefficients.withUnsafeBufferPointer { coefficients in
                guard let targets = targets.baseAddress, let coefficients = coefficients.baseAddress else { return }
                for range in chunks {
                    if chunk < rows.count { project(range) }
                    let first = range.lowerBound
                    ck_log_softmax_backward(
                        logits, targets + first, coefficients + first, nil, logSumExp + first, nil, range.count,
                        vocabulary, vocabulary, 1)
                    pass.multiply(
                        dNormed + first * hidden, logits, normed + first * hidden, weights.layout.head,
                        rows: range.count)
                }
            }
        }
        pass.normalize(
            dGathered, dNormed, gathered, rstd: rstd, offset: weights.layout.finalNorm, rows: rows.count,
            dimension: hidden, accumulate: false)
        ck_embedding_scatter_add(d, dGathered, rows, rows.count, hidden)
    }
}
