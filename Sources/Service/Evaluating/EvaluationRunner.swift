// One evaluation from where it stands to its end: asks for what is missing, stores each answer as it comes, judges what has no
// verdict. All that it knows is in the ledger, so it may be killed at any moment and goes on.
import Domain
import Storage
import Synchronization

/// What whoever watches an evaluation is told.
package enum EvaluationEvent: Sendable {
    /// How far it is; every few seconds.
    case progress(EvaluationRun)
    /// A request of the source will be tried again, or another process has the evaluation.
    case waiting(String, seconds: Double)
    /// A sample was stored.
    case received
    /// A verdict was stored.
    case judged(Verdict.Outcome)
    /// The source does not take a request; the first one is told to people.
    case refused(PromptID, String, isFirst: Bool)
}

/// How a session of an evaluation ended.
package struct EvaluationOutcome: Sendable {
    /// As it stands now.
    package var run: EvaluationRun
    /// Samples that this session asked for and got.
    package var received: Int
    /// Samples that the source did not take, and why it said so the first time.
    package var refused: Int
    package var refusal: String?
    /// Why it stopped early; nil when it did not.
    package var fault: String?
    package var seconds: Double
}

/// Asks an evaluation to end when what is under way has come; cancelling its task ends it at once.
package final class EvaluationStop: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// Asks for nothing more from now on.
    package func request() { flag.store(true, ordering: .relaxed) }

    var isRequested: Bool { flag.load(ordering: .relaxed) }
}

/// Carries out an evaluation.
package struct EvaluationRunner: Sendable {
    private let ledger: Ledger
    private let judge: Judge
    private let source: any SampleSource
    private let concurrency: Int
    private let holder: String
    private let isGone: @Sendable (String) -> Bool
    private let stop: EvaluationStop
    private let events: @Sendable (EvaluationEvent) -> Void

    /// - Parameters:
    ///   - concurrency: Samples asked for at a time, 1 to `Limits.evaluationConcurrencyMax`.
    ///   - holder: The name under which the ledger says who carries it out; no two processes have one.
    ///   - isGone: Whether another holder is known to be no more, as a process of this machine that has ended.
    ///   - events: Called from several tasks.
    package init(
        ledger: Ledger, judge: Judge, source: any SampleSource, concurrency: Int, holder: String,
        isGone: @escaping @Sendable (String) -> Bool = { _ in false }, stop: EvaluationStop = EvaluationStop(),
        events: @escaping @Sendable (EvaluationEvent) -> Void = { _ in }
    ) {
        self.ledger = ledger
        self.judge = judge
        self.source = source
        self.concurrency = min(max(concurrency, 1), Limits.evaluationConcurrencyMax)
        self.holder = holder
        self.isGone = isGone
        self.stop = stop
        self.events = events
    }

    /// Goes on with an evaluation until nothing is missing, the source stops, or the task is cancelled; then the ledger says how
    /// it ended.
    ///
    /// Undetermined samples of earlier sessions are judged again. Throws `InputError.conflict` when another process carries it
    /// out, `ServiceError` when the ledger fails.
    package func run(_ run: EvaluationRun) async throws -> EvaluationOutcome {
        do {
            try await claim(run.id)
            do {
                return try await carryOut(run)
            } catch {
                // What is stored is stored; where the ledger takes nothing, the hold runs out.
                _ = try? await whole { try await ledger.end(run.id, by: holder, .interrupted) }
                throw error
            }
        } catch let error as LedgerError {
            throw ServiceError(ledger: error)
        }
    }

    /// Takes the evaluation. A holder that was killed is waited for as long as its hold lasts, unless it is known to be gone.
    private func claim(_ id: EvaluationID) async throws {
        var gone: String?
        var first: Timestamp?
        while true {
            let name = gone
            let (isClaimed, run) = try await ledger.claimEvaluation(id, by: holder, insteadOf: name)
            if isClaimed { return }
            // Stopped by a client before the server took it.
            if holder == EvaluationConduct.server, !run.conduct.isWanted { throw CancellationError() }
            guard let other = run.conduct.holder, let until = run.conduct.heldUntil else { continue }
            if gone != other, isGone(other) {
                gone = other
                continue
            }
            if let first, until > first {
                throw InputError(
                    .conflict,
                    "\(id) is carried out by a \(other == EvaluationConduct.server ? other : "command") already",
                    hint: "stop it there first")
            }
            if first == nil {
                events(.waiting("another process has \(id)", seconds: Limits.evaluationHoldSeconds))
                first = until
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    private func carryOut(_ run: EvaluationRun) async throws -> EvaluationOutcome {
        let problems = try await ledger.evaluationProblems(of: run.id)
        let stored = try await ledger.evaluationSamples(of: run.id)
        _ = try await ledger.requeueUndetermined(of: run.id)
        let state = EvaluationSession(run: run, problems: problems, stored: stored)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { state.endSampling() }
                try await sampleAll(run, state)
            }
            group.addTask {
                defer { state.endJudging() }
                try await EvaluationJudging(ledger: ledger, judge: judge, id: run.id, session: state) { verdict in
                    events(.judged(verdict.outcome))
                }.run()
            }
            group.addTask { try await note(run, state) }
            try await group.waitForAll()
        }
        let isCut = Task.isCancelled || stop.isRequested
        let tally = state.tally
        let last = try await whole { try await end(run.id, tally, isCut: isCut) }
        events(.progress(last))
        return EvaluationOutcome(
            run: last, received: tally.received, refused: tally.refused, refusal: tally.refusal, fault: tally.fault,
            seconds: (ContinuousClock.now - start).milliseconds / 1_000)
    }

    /// Lets the evaluation go, and stores how it ended.
    private func end(_ id: EvaluationID, _ tally: EvaluationSession.Tally, isCut: Bool) async throws -> EvaluationRun {
        let run = try await ledger.evaluationRun(id)
        let ending: EvaluationEnding
        if run.isFinished {
            ending = .complete(try await EvaluationArchive(ledger: ledger).report(id).mainFigures)
        } else if let fault = tally.fault {
            ending = .failed(fault)
        } else if tally.refused > 0, !isCut {
            ending = .failed("\(tally.refused) requests were refused: \(tally.refusal ?? "")")
        } else if !isCut, run.progress.sampled < run.wanted {
            ending = .failed("\(run.wanted - run.progress.sampled) samples are missing")
        } else {
            ending = .interrupted
        }
        return try await ledger.end(id, by: holder, ending)
    }

    // MARK: Sampling

    private func sampleAll(_ run: EvaluationRun, _ state: EvaluationSession) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    while !stop.isRequested, let next = state.next() { try await sample(next, run, state) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func sample(_ next: EvaluationSession.Piece, _ run: EvaluationRun, _ state: EvaluationSession) async throws
    {
        do {
            let content = try await ledger.evaluationContent(next.problem)
            let answer = try await source.sample(
                SampleRequest(
                    content: content, problem: next.place, sample: next.sample, settings: run.settings))
            try await ledger.record(
                answer: answer, of: run.id, problem: next.problem.seq, sample: next.sample)
            state.noteReceived()
            events(.received)
        } catch SampleFault.refused(let reason) {
            events(.refused(next.problem.id, reason, isFirst: state.noteRefused(reason)))
        } catch SampleFault.stopped(let reason) {
            state.stop(reason)
        } catch is CancellationError {
            state.stop(nil)
        }
    }

    /// Writes down how long it takes, and tells the watcher how far it is.
    private func note(_ run: EvaluationRun, _ state: EvaluationSession) async throws {
        var last = ContinuousClock.now
        while true {
            let isOver = state.isJudged || Task.isCancelled
            let now = ContinuousClock.now
            let seconds = (now - last).milliseconds / 1_000
            let progress = try await whole { try await ledger.note(seconds: seconds, of: run.id, by: holder) }
            last = now
            if isOver { return }
            if let progress {
                events(.progress(progress))
            } else {
                state.stop("another process carries it out now")
            }
            await state.end.wait(beyond: 0, seconds: Limits.evaluationNoteSeconds)
        }
    }
}
