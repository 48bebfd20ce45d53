// The loop that has evaluations carried out: those that the ledger says are wanted, in their order, after a restart too.
import Domain
import Logging
import ServiceLifecycle
import Storage

/// Gives free places to evaluations that wait, until the service stops.
struct EvaluationLoop: Service {
    let service: RolloutService

    func run() async throws {
        let desk = service.desk
        while !Task.isShuttingDownGracefully, !Task.isCancelled, !service.learner.isStopping {
            let seen = desk.changes.generation
            await service.beginQueuedEvaluations()
            await desk.changes.wait(beyond: seen, seconds: Limits.evaluationLookSeconds)
        }
        desk.stopAll()
        // A program under way comes to its end; one that takes too long is judged again after the restart.
        await desk.finish(seconds: service.settings.shutdownSeconds / 2)
        try await gracefulShutdown()
    }
}

extension RolloutService {
    /// Begins what waits for its turn, as far as there are places.
    func beginQueuedEvaluations() async {
        do {
            let limit = Limits.evaluationsQueuedMax + Limits.evaluationsRunningMax
            let queued = try await ledger.queuedEvaluations(limit: limit).filter { !desk.isRunning($0.id) }
            var reasons: [EvaluationID: String] = [:]
            var waiting = queued.count
            for run in queued where desk.hasPlace {
                do {
                    if try await begin(run) { waiting -= 1 }
                } catch let error as ServiceError where error.code == .unavailable {
                    reasons[run.id] = error.message
                } catch let error as InputError {
                    let reason = error.hint.map { "\(error.message) (\($0))" } ?? error.message
                    logger.warning(
                        "an evaluation does not go on", metadata: ["id": "\(run.id)", "reason": "\(reason)"])
                    try await ledger.refuse(run.id, reason)
                    waiting -= 1
                }
            }
            desk.note(queued: waiting, reasons: reasons)
        } catch is CancellationError {
            return
        } catch {
            counters.increment(.ledgerFailures)
            logger.error("evaluations do not go on for now", metadata: ["error": "\(error)"])
        }
    }

    /// Begins one evaluation; false when there was no place.
    private func begin(_ run: EvaluationRun) async throws -> Bool {
        let source = try await evaluationSource(run.settings, concurrency: run.conduct.concurrency)
        let runner = EvaluationRunner(
            ledger: ledger, judge: judge, source: source, concurrency: run.conduct.concurrency,
            holder: EvaluationConduct.server, events: { take($0) })
        return desk.begin(run) {
            do {
                if let fault = try await runner.run(run).fault {
                    logger.warning("an evaluation stopped", metadata: ["id": "\(run.id)", "reason": "\(fault)"])
                }
            } catch is CancellationError {
                return
            } catch {
                guard !Task.isCancelled else { return }
                counters.increment(.ledgerFailures)
                logger.error("an evaluation failed", metadata: ["id": "\(run.id)", "error": "\(error)"])
                // It is still wanted: after a while it goes on.
                try? await Task.sleep(for: .seconds(Limits.evaluationRestSeconds))
            }
        }
    }

    /// Counts what an evaluation tells, and tells its progress.
    private func take(_ event: EvaluationEvent) {
        switch event {
        case .received: counters.increment(.evaluationSamples)
        case .refused: counters.increment(.evaluationRefusals)
        case .judged(let outcome):
            counters.increment(.evaluationVerdicts)
            if outcome == .undetermined { counters.increment(.evaluationUndetermined) }
        case .waiting: break
        case .progress(let run):
            if let activity = desk.take(run) {
                hub.publish(.evaluationProgress, EventData.progress(activity, clock.now()))
            }
        }
    }
}
