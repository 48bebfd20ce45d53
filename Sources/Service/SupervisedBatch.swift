// The demonstrations of one update as token sequences: the same for the update itself and for its replay.
import Domain
import Learning
import Modeling
import Storage

/// What an update on demonstrations is made from.
struct SupervisedBatch: Sendable {
    var sequences: [TrainingSequence]
    /// Demonstrations that were drawn and are longer than the settings or the model allow.
    var tooLong: Int
    /// The newest demonstration of the pool it was drawn from.
    var through: Int64
    /// How often the pool was gone through before this update.
    var passes: Double

    /// Draws the demonstrations of the update that follows a version; nil while the pool is empty.
    ///
    /// - Parameter mark: The pool's newest demonstration, for a replay; nil takes all there are now.
    static func draw(
        from ledger: Ledger, after version: PolicyVersion, settings: LearnerSettings, tokenizer: Tokenizer,
        contextLength: Int, through mark: Int64? = nil
    ) async throws -> SupervisedBatch? {
        let pool = try await ledger.demonstrationPool(dataset: settings.dataset, through: mark)
        guard !pool.rows.isEmpty else { return nil }
        let position = max(0, version.number - settings.scheduleStart)
        let places = DemonstrationDeal.places(
            count: pool.rows.count, position: position, size: settings.demonstrationsPerUpdate, seed: settings.seed)
        let demonstrations = try await ledger.demonstrations(rows: places.map { pool.rows[$0] })
        let sequences = try demonstrations.compactMap {
            try sequence(of: $0, settings: settings, tokenizer: tokenizer, contextLength: contextLength)
        }
        return SupervisedBatch(
            sequences: sequences, tooLong: demonstrations.count - sequences.count, through: pool.through,
            passes: Double(position * settings.demonstrationsPerUpdate) / Double(pool.rows.count))
    }

    /// Prompt, response and the token that ends it; nil when that is too long or says nothing.
    private static func sequence(
        of demonstration: Demonstration, settings: LearnerSettings, tokenizer: Tokenizer, contextLength: Int
    ) throws -> TrainingSequence? {
        let prompt = try tokenizer.promptTokens(demonstration.content)
        let response =
            tokenizer.encode(demonstration.response) + [tokenizer.ending(of: demonstration.content)].compactMap { $0 }
        guard !prompt.isEmpty, !response.isEmpty, prompt.count <= settings.promptTokensMax,
            response.count <= settings.responseTokensMax, prompt.count + response.count <= contextLength
        else { return nil }
        return TrainingSequence(tokens: prompt + response, promptLength: prompt.count)
    }

    /// The metrics that the update itself does not know.
    var metrics: [UpdateRecord.Metric] {
        [.init("demonstrations_too_long", Double(tooLong)), .init("demonstration_passes", passes)]
    }
}
