// With `--learner off` nothing is sampled or trained, but a model that is there can still be asked.
import Domain
import Logging
import Modeling
import ServiceLifecycle
import Storage

/// Loads the last checkpoint, or the model that was named, for `/v1/completions`; then waits for the stop.
struct ServingModel: Service {
    let context: LearningContext

    func run() async throws {
        context.board.enter(.off)
        do {
            try await load()
        } catch {
            context.logger.error("no model is served", metadata: ["error": "\(error)"])
            context.board.enter(.off, detail: "no model is served: \(error)")
        }
        try await gracefulShutdown()
    }

    private func load() async throws {
        let manifest = try await context.ledger.latestCheckpoint()
        guard manifest != nil || context.settings.modelDirectory != nil else { return }
        let context = context
        let trainer = try await ComputeThread.run("load-model") { try FirstPolicy.shell(context) }
        if let manifest { try await trainer.restore(manifest, from: context.checkpoints) }
        let policy = PublishedPolicy(
            version: manifest?.version ?? PolicyVersion(0), weights: await trainer.snapshot())
        context.policies.publish(policy, tokenizer: trainer.tokenizer)
        context.board.update { $0.policyVersion = policy.version }
        context.board.update { $0.model = context.policies.description }
    }
}
