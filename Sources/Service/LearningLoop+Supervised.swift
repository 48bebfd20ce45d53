// Updates on demonstrations: the learning loop's other source beside rollouts.
import Domain
import Learning
import Modeling

extension LearningLoop {
    /// One update on demonstrations; false while there are none that fit.
    func makeSupervisedUpdate(_ session: inout LearningSession, settings: LearnerSettings) async throws -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        context.board.enter(.training, detail: "on demonstrations")
        let batch = try await SupervisedBatch.draw(
            from: context.ledger, after: session.version, settings: settings, tokenizer: session.trainer.tokenizer,
            contextLength: session.policy.weights.configuration.maximumPositions)
        guard let batch else {
            let scope = settings.dataset.map { " of the data set \($0)" } ?? ""
            context.board.enter(.waiting, detail: "needs demonstrations\(scope): POST /v1/demonstrations")
            return false
        }
        guard !batch.sequences.isEmpty else {
            context.board.enter(
                .waiting, detail: "all \(batch.tooLong) demonstrations drawn are too long: raise response_tokens_max")
            return false
        }
        var outcome = try await session.trainer.imitate(batch.sequences, from: session.version, settings: settings)
        outcome.metrics += batch.metrics
        session.refused = [:]
        let seconds = UpdateSeconds(
            sampling: 0, scoring: 0, training: (clock.now - start).milliseconds / 1000)
        try await commit(outcome, settings: settings, judgedThrough: batch.through, seconds: seconds, &session)
        return true
    }
}
