// Everything that a worker's steps write to, made once for the largest step so far: decoding takes no memory.
import CKernels

/// Scratch memory, pages and the batch of one worker, for models of one shape and precision.
final class SamplingMemory {
    let model: ModelConfiguration
    let pool: PagePool
    let pointers: PagePointers
    var batch = RowBatch()
    private var workspace = Workspace()
    private var rows = 0
    private var headRows = 0
    private var stored: Buffers?

    /// What a step needs beside the pages.
    struct Buffers {
        let activations: Transformer.Activations
        let normed: UnsafeMutablePointer<Float>  // [R, H]
        let rstd: UnsafeMutablePointer<Float>  // [R]
        let logits: UnsafeMutablePointer<Float>  // [logitRows, V]
        let scratch: UnsafeMutablePointer<Float>  // TokenChoice's
        /// Rows of logits at a time.
        let logitRows: Int
    }

    init(_ model: ModelConfiguration, _ precision: Precision, cacheBytes: Int) {
        self.model = model
        pool = PagePool(PageShape(model, precision), bytes: cacheBytes)
        pointers = PagePointers(pages: PageShape.pages(for: model.maximumPositions))
    }

    deinit { pointers.deallocate() }

    /// Whether steps with these weights can use it.
    func fits(_ weights: ModelWeights) -> Bool {
        weights.precision == pool.shape.precision && weights.configuration == model
    }

    /// A view of a sequence's pages.
    func cache(_ pages: PageTable) -> PagedCache {
        PagedCache(shape: pool.shape, pages: pages.view, pageCount: pages.count, scratch: pointers)
    }

    /// Buffers for a step of so many rows, of which `heads` meet the vocabulary.
    func buffers(rows: Int, heads: Int) -> Buffers {
        if let stored, rows <= self.rows, heads <= headRows { return stored }
        // Room to grow, so that batches of slowly rising sizes do not all make their own.
        self.rows = max(self.rows, Self.rounded(rows))
        headRows = max(headRows, Self.rounded(heads))
        workspace.reset()
        let limits = PassLimits()
        let logitRows = min(max(limits.logits / model.vocabularySize, limits.logitRows), headRows)
        let made = Buffers(
            activations: Transformer.Activations(rows: self.rows, model, keeping: .nothing, &workspace),
            normed: workspace.take(headRows * model.hiddenSize), rstd: workspace.take(headRows),
            logits: workspace.take(logitRows * model.vocabularySize),
            scratch: workspace.take(TokenChoice.scratchCount(model.vocabularySize)), logitRows: logitRows)
        stored = made
        return made
    }

    private static func rounded(_ count: Int) -> Int {
        var power = 1
        while power < count { power *= 2 }
        return power
    }
}
