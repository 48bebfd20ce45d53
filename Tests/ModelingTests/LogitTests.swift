// Logits against PyTorch, below the surface: the log-probabilities of one token each cannot show a whole row.
import Testing

@testable import Modeling

@Suite struct LogitTests {
    @Test(arguments: TransformerVectors.names) func `logits are PyTorch's`(_ name: String) throws {
        let vectors = try TransformerVectors(name)
        for index in 0..<min(3, try vectors.values("prompts").count) {
            let tokens = try vectors.values("tokens.\(index)").map { Int32($0) }
            let expected = try vectors.values("logits.\(index)")
            let logits = Self.logits(vectors.weights, tokens, rows: expected.count / vectors.vocabularySize)
            #expect(relativeError(logits, expected) < 1e-4)
            #expect(zip(logits, expected).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test func `logits at position 40,960 are PyTorch's`() throws {
        let vectors = try TransformerVectors("far")
        let tokens = (0..<40_960).map { Int32($0 * $0 * 7 / 3 % 31) }
        let expected = try vectors.values("logits")
        let logits = Self.logits(vectors.weights, tokens, rows: expected.count / vectors.vocabularySize)
        #expect(zip(logits, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    /// The logits of the last rows, `[rows, V]`.
    static func logits(_ weights: ModelWeights, _ tokens: [Int32], rows: Int) -> [Float] {
        let model = weights.configuration
        var workspace = Workspace()
        var batch = RowBatch()
        let cache = KeyValueCache(
            workspace.take(KeyValueCache.floats(capacity: tokens.count, model)), capacity: tokens.count, model)
        batch.append(tokens, past: 0, cache: cache)
        let activations = Transformer.Activations(rows: tokens.count, model, keeping: .nothing, &workspace)
        Transformer(weights).forward(batch, activations)
        let head = LanguageHead(
            weights, rows: tokens.indices.suffix(rows).map { Int32($0) }, of: activations.output, &workspace)
        var logits: [Float] = []
        head.forEachRow { _, row in logits += UnsafeBufferPointer(start: row, count: model.vocabularySize) }
        return logits
    }

    @Test func `a sequence fed in pieces leaves the same store and output as in one`() throws {
        let vectors = try TransformerVectors("untied")
        let model = vectors.weights.configuration
        let tokens = try vectors.values("tokens.3").map { Int32($0) }
        let whole = outputs(vectors.weights, model, tokens, cuts: [])
        #expect(outputs(vectors.weights, model, tokens, cuts: [1, 2, 17, 18]) == whole)
        #expect(outputs(vectors.weights, model, tokens, cuts: Array(1..<tokens.count)) == whole)
    }

    /// The bits of the last layer's output when the tokens come in pieces that end at `cuts`.
    private func outputs(
        _ weights: ModelWeights, _ model: ModelConfiguration, _ tokens: [Int32], cuts: [Int]
    ) -> [UInt32] {
        var workspace = Workspace()
        let pool = PagePool(PageShape(model, weights.precision), bytes: 1 << 30)
        let table = PageTable(pool, positions: tokens.count)
        let pointers = PagePointers(pages: PageShape.pages(for: tokens.count))
        defer { pointers.deallocate() }
        var bits: [UInt32] = []
        for (start, end) in zip([0] + cuts, cuts + [tokens.count]) {
            var batch = RowBatch()
            for position in start..<end { #expect(table.prepare(position)) }
            batch.append(
                tokens[start..<end], past: start,
                cache: PagedCache(
                    shape: pool.shape, pages: table.view, pageCount: table.count, scratch: pointers))
            workspace.reset()
            let activations = Transformer.Activations(rows: batch.rows, model, keeping: .nothing, &workspace)
            Transformer(weights).forward(batch, activations)
            bits += UnsafeBufferPointer(start: activations.output, count: batch.rows * model.hiddenSize).map(
                \.bitPattern)
        }
        return bits
    }

    @Test func `logits in several chunks give the same gradients as in one`() throws {
        // 40 rows of 200,000 logits are two chunks; the same rows one by one are one chunk each.
        let shape = try ModelConfiguration(
            vocabularySize: 200_000, hiddenSize: 4, layerCount: 1, headCount: 1, keyValueHeadCount: 1,
            headDimension: 4, feedForwardSize: 4, maximumPositions: 64)
        let weights = ModelWeights.random(shape, seed: 8, standardDeviation: 0.3)
        let sequences = (0..<4).map { first in
            TrainingSequence(tokens: (0..<11).map { Int32(first * 50_000 + $0 * 4_321) }, promptLength: 1)
        }
        let results = try [2_048, 10].map { rows in
            let model = TrainableModel(weights: weights, partition: .init(shards: 1, microBatchRows: rows))
            let statistics = try model.forwardBackward(sequences) { _, statistics in statistics.logprobs }
            return (statistics, try weights.tensors.map { try #require(model.gradient(named: $0.name)) })
        }
        #expect(results[0].0 == results[1].0)
        for (chunked, single) in zip(results[0].1, results[1].1) { #expect(relativeError(chunked, single) < 1e-5) }
    }
}
