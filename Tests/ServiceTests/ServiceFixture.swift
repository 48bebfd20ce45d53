// A whole service on a real database in a temporary directory, with a tiny model when a test wants one to learn.
import Domain
import Learning
import Logging
import Modeling
import ServiceLifecycle
import StrictJSON
import Synchronization
import TestSupport

@testable import Service

/// Builds services that share one directory, as restarts do.
struct ServiceFixture {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    var database: String { folder.path + "/ledger.sqlite" }

    /// A random model of about ten thousand parameters as a Hugging Face directory.
    func writeTinyModel() throws -> String {
        let directory = folder.path + "/model"
        let tokenizer = try Tokenizer.byteLevel(merges: [])
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            headDimension: 8, feedForwardSize: 32, maximumPositions: 128)
        try ModelWeights.random(configuration, seed: 3).save(directory: directory)
        try tokenizer.save(directory: directory)
        return directory
    }

    /// Settings under which an update takes two groups of four.
    func settings(model: String?, isLearning: Bool) throws -> ServiceSettings {
        let learner = try LearnerSettings().applying([
            "groups_per_update": .number(2), "group_size": .number(4), "mini_batches": .number(1),
            "logprob_gate": SettingValue.none, "response_tokens_max": .number(8),
        ])
        return ServiceSettings(
            databasePath: database, modelDirectory: model, isLearning: isLearning, sandboxSlots: 1, learner: learner)
    }

    /// Runs a service for as long as the body takes, then stops it gracefully.
    func run(
        _ settings: ServiceSettings, _ body: @escaping @Sendable (RolloutService) async throws -> Void
    ) async throws {
        let counter = Mutex(0)
        let moment = Mutex(Int64(1_790_000_000_000))
        let assembled = try await RolloutService.assemble(
            settings: settings,
            clock: WallClock {
                moment.withLock {
                    $0 += 1
                    return Timestamp(milliseconds: $0)
                }
            },
            identifiers: IdentifierSource { prefix in
                "\(prefix)-\(counter.withLock { $0 += 1; return $0 })-\(settings.seed)"
            }, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let group = ServiceGroup(
            configuration: .init(
                services: assembled.loops.map { .init(service: $0) },
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(assembled.service)
            } catch {
                assembled.service.beginShutdown()
                await group.triggerGracefulShutdown()
                throw error
            }
            assembled.service.beginShutdown()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await assembled.close()
    }
}

extension RolloutService {
    /// Polls until the condition holds; false after so many seconds.
    func waits(seconds: Double = 30, until condition: @Sendable (RolloutService) async throws -> Bool) async throws
        -> Bool
    {
        for _ in 0..<Int(seconds * 20) {
            if try await condition(self) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// Stores a math prompt whose answer is 4.
    func storePrompt(_ id: String, dataset: String = "test") async throws {
        let prompt = PromptSubmission(
            id: PromptID(id), dataset: dataset, content: .text("2+2="), task: .math(MathTask(answers: ["4"])))
        for receipt in try await submit(prompts: [prompt]) { _ = try receipt.get() }
    }

    /// Posts a group of four answers, of which the members named are right.
    func postGroup(prompt: String, right: Set<Int>, version: PolicyVersion = PolicyVersion(0)) async throws {
        let rollouts = (0..<4).map { member in
            RolloutSubmission(
                id: RolloutID("\(prompt)/\(member)"), promptID: PromptID(prompt), groupID: nil,
                response: right.contains(member) ? "\\boxed{4}" : "\\boxed{5}", tokenIDs: [30 + Int32(member), 40, 50],
                logprobs: [-5.5, -5.5, -5.5], policyVersion: version, finishReason: .stop, generator: "test")
        }
        for receipt in try await submit(rollouts: rollouts) { _ = try receipt.get() }
    }
}
