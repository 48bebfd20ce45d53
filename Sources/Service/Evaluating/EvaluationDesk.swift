// The evaluations that a server runs: a task each, a few at a time, ended with the server and gone on with by the same request.
import Domain
import Logging
import Synchronization

/// Which endpoints a server may ask, and how: the composition root knows HTTP to other servers, this layer does not.
package struct EvaluationEndpoints: Sendable {
    /// URLs that clients may name; each with everything below it.
    package var allowed: [String]
    /// A source of samples from an endpoint, for so many requests at a time.
    package var source: @Sendable (_ url: String, _ model: String, _ concurrency: Int) throws -> any SampleSource

    package init(
        allowed: [String],
        source: @escaping @Sendable (_ url: String, _ model: String, _ concurrency: Int) throws -> any SampleSource
    ) {
        self.allowed = allowed
        self.source = source
    }

    /// Whether clients may name this URL: what follows an allowed one must begin a new segment, so that no other host or port
    /// passes for it.
    func allows(_ url: String) -> Bool {
        guard !url.contains("@"), !url.contains("?"), !url.contains("#"), !url.contains("..") else { return false }
        return allowed.contains { base in
            let base = String(base.reversed().drop { $0 == "/" }.reversed())
            return url == base || url.hasPrefix(base + "/")
        }
    }
}

/// An evaluation, and whether this server is at it.
package struct EvaluationStatus: Sendable {
    package var run: EvaluationRun
    package var isRunning: Bool
    package init(run: EvaluationRun, isRunning: Bool) {
        self.run = run
        self.isRunning = isRunning
    }
}

/// Holds the tasks of the evaluations under way.
final class EvaluationDesk: Sendable {
    private let tasks = Mutex<[EvaluationID: Task<Void, Never>]>([:])

    /// Whether an evaluation is under way.
    func isRunning(_ id: EvaluationID) -> Bool { tasks.withLock { $0[id] != nil } }

    /// Begins an evaluation unless it is under way; throws `ServiceError.overloaded` when too many are.
    func begin(_ id: EvaluationID, logger: Logger, _ work: @escaping @Sendable () async throws -> String?) throws {
        try tasks.withLock { tasks in
            guard tasks[id] == nil else { return }
            guard tasks.count < Limits.evaluationsRunningMax else {
                throw ServiceError(
                    .overloaded, "\(tasks.count) evaluations are running", hint: "stop one, or wait for its end",
                    retryAfterSeconds: 30)
            }
            tasks[id] = Task { [self] in
                do {
                    if let fault = try await work() {
                        logger.warning("an evaluation stopped", metadata: ["id": "\(id)", "reason": "\(fault)"])
                    }
                } catch {
                    logger.error("an evaluation failed", metadata: ["id": "\(id)", "error": "\(error)"])
                }
                self.tasks.withLock { $0[id] = nil }
            }
        }
    }

    /// Ends an evaluation and returns when it has.
    func stop(_ id: EvaluationID) async {
        let task = tasks.withLock { $0[id] }
        task?.cancel()
        await task?.value
    }

    /// Asks all to end.
    func stopAll() { for task in tasks.withLock({ Array($0.values) }) { task.cancel() } }
}
