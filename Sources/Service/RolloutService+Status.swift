// Health, readiness and the status page's data. All from memory: the ledger is not asked.
import Domain
import Storage

extension RolloutService {
    /// Everything the status page shows.
    package func status() -> StatusSnapshot {
        var snapshot = board.snapshot()
        snapshot.now = clock.now()
        snapshot.switches = switches.current
        snapshot.isScoring = settings.isScoring
        snapshot.residentBytes = ProcessMemory.residentBytes() ?? 0
        let writer = ledger.writeStatistics
        snapshot.operations = counters.activity.report(
            pulse: snapshot.operations.pulse, pending: writer.pending, pendingBytes: writer.pendingBytes)
        snapshot.operations.subscribers = hub.watchers
        snapshot.operations.evaluations = desk.running
        snapshot.operations.queuedEvaluations = desk.queued
        return snapshot
    }

    /// What must be there before work is useful.
    package func readiness() -> [ReadinessCheck] {
        let snapshot = board.snapshot()
        let isModelReady = !settings.isLearning || policies.newestVersion != nil
        return [
            ReadinessCheck(
                name: "ledger", isReady: !learner.isStopping, detail: learner.isStopping ? "stopping" : "open"),
            ReadinessCheck(
                name: "sandbox", isReady: judge.judgesCode,
                detail: judge.judgesCode ? snapshot.sandboxTier : "code is not judged: \(snapshot.sandboxTier)"),
            ReadinessCheck(
                name: "model", isReady: isModelReady,
                detail: isModelReady
                    ? "policy \(policies.newestVersion?.description ?? "none")" : "cold start is running"),
        ]
    }

    /// Counts a request that was answered 429 or 503, for the status page and the metrics.
    package func noteRefusal(status: Int, code: String) {
        counters.activity.refuse(status: status, code: code)
        hub.refuse(status: status, code: code)
    }
}
