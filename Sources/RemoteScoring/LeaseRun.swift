// One lease from its first piece of work to its end: judged, delivered, kept alive meanwhile, and what is left given back.
import Domain
import Service
import Synchronization

/// Carries out one lease.
final class LeaseRun: Sendable {
    /// How often the end of a stop is looked for while programs run.
    private static let lookSeconds = 0.25
    /// Math answers judged in one go: well under a second.
    private static let mathChunk = 16

    private let lease: ScoringLease
    private let worker: ScoreWorker
    private let outbox: Outbox
    /// Until when the server surely keeps the work for us: by this machine's clock, counted from before each call, so
    /// that no difference of clocks matters.
    private let aliveUntil: Mutex<ContinuousClock.Instant>

    init(lease: ScoringLease, worker: ScoreWorker) {
        self.lease = lease
        self.worker = worker
        outbox = Outbox(expecting: lease.rollouts.count)
        aliveUntil = Mutex(.now + .seconds(worker.settings.leaseSeconds))
    }

    /// Returns when every verdict was answered for, or the rest was given back. Throws `ServerFault.denied` alone.
    func carryOut() async throws(ServerFault) {
        // Not awaited: a program may run for minutes after a stop; what it still finds out goes nowhere.
        let judging = Task { await self.judgeAll() }
        let beating = Task { await self.keepAlive() }
        defer {
            judging.cancel()
            beating.cancel()
        }
        var denial: ServerFault?
        while true {
            let seen = outbox.changes.generation
            if !outbox.next().isEmpty {
                do throws(ServerFault) { try await deliver() } catch {
                    denial = error
                    break
                }
                continue
            }
            if outbox.isDone || worker.stopping.isOver { break }
            await outbox.changes.wait(beyond: seen, seconds: Self.lookSeconds)
        }
        judging.cancel()
        await giveBack()
        if let denial { throw denial }
    }

    // MARK: Judging

    /// Judges everything, math first; begins nothing new once the worker stops.
    private func judgeAll() async {
        var math: [ScoringWork] = []
        var code: [ScoringWork] = []
        for work in lease.rollouts { if case .math = work.task { math.append(work) } else { code.append(work) } }
        while !math.isEmpty, mayBegin {
            await judge(Array(math.prefix(Self.mathChunk)))
            math.removeFirst(min(Self.mathChunk, math.count))
        }
        await withTaskGroup(of: Void.self) { group in
            for (index, work) in code.enumerated() {
                // One more than there are slots, so that a slot that becomes free finds the next program waiting.
                if index > worker.settings.slots { await group.next() }
                guard mayBegin else { break }
                group.addTask { await self.judge([work]) }
            }
        }
        outbox.finish()
    }

    private var mayBegin: Bool { !worker.stopping.isStopping && !Task.isCancelled }

    private func judge(_ works: [ScoringWork]) async {
        let found = await worker.judge.judge(works.map { JudgeItem(response: $0.response, task: $0.task) })
        // After a stop the sandbox is torn down under its programs: such a verdict says nothing of the program.
        guard !Task.isCancelled, !worker.stopping.isOver else { return }
        outbox.add(
            zip(works, found).map { work, judgement in
                worker.tallies.count(judgement.verdict, of: work.task)
                return JudgedWork(rolloutID: work.rolloutID, attempt: work.attempt, verdict: judgement.verdict)
            })
    }

    // MARK: Delivering

    /// Brings what waits to the server, again and again while the lease lives. A verdict that came twice because an
    /// answer was lost is refused by its attempt, so nothing is counted twice.
    private func deliver() async throws(ServerFault) {
        let work = outbox.next()
        var backoff = Backoff()
        while true {
            do throws(ServerFault) {
                let answers = try await worker.server.post(work, lease: lease.id)
                take(answers)
                return
            } catch {
                switch error {
                case .denied: throw error
                case .leaseOver(let reason), .refused(let reason):
                    drop(work.count, reason)
                    return
                case .temporary(let reason, let retryAfter):
                    let seconds = backoff.next(retryAfter: retryAfter, jitter: worker.jitter())
                    let isLost = ContinuousClock.now + .seconds(seconds) > aliveUntil.withLock { $0 }
                    if isLost || worker.stopping.isOver {
                        drop(work.count, "\(reason); the lease ran out before the server could be reached")
                        return
                    }
                    worker.events(.waiting(reason, seconds: seconds))
                    try? await Task.sleep(for: .seconds(seconds))
                }
            }
        }
    }

    private func take(_ answers: [VerdictAnswer]) {
        var reasons: [String: Int] = [:]
        for answer in answers {
            switch answer {
            case .taken: worker.tallies.update { $0.delivered += 1 }
            case .late(let reason), .refused(let reason): reasons[reason, default: 0] += 1
            }
        }
        outbox.remove(answers.count)
        for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
            worker.tallies.update { $0.dropped += count }
            worker.events(.dropped(count, reason: reason))
        }
    }

    private func drop(_ count: Int, _ reason: String) {
        outbox.remove(count)
        worker.tallies.update { $0.dropped += count }
        worker.events(.dropped(count, reason: reason))
    }

    // MARK: The lease

    /// Three heartbeats in a lease's time, so that one may be lost.
    private func keepAlive() async {
        let seconds = worker.settings.leaseSeconds
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(seconds / 3))
            guard !Task.isCancelled else { return }
            let before = ContinuousClock.now
            do throws(ServerFault) {
                try await worker.server.heartbeat(lease.id, leaseSeconds: seconds)
                aliveUntil.withLock { $0 = before + .seconds(seconds) }
            } catch {
                // Over: the verdicts may still be taken if nobody else has the work yet, so judging goes on.
                if case .leaseOver = error { return }
            }
        }
    }

    /// Gives back what has no verdict. When the server cannot be told, the work goes back at the lease's deadline.
    private func giveBack() async {
        let left = outbox.unjudged
        guard left > 0 else { return }
        do throws(ServerFault) {
            try await worker.server.release(lease.id)
            worker.tallies.update { $0.released += left }
            worker.events(.released(lease.id, rollouts: left))
        } catch {
            worker.events(
                .dropped(left, reason: "could not be given back (\(error)); it goes back when the lease runs out"))
        }
    }
}
