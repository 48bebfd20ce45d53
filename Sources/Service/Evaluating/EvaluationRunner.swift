// One evaluation from where it stands to its end: asks for what is missing, stores each answer as it comes, judges what has no
// verdict. All that it knows is in the ledger, so it may be killed at any moment and goes on.
import Domain
import Storage
import Synchronization

/// What whoever watches an evaluation is told.
package enum EvaluationEvent: Sendable {
    /// How far it is; every few seconds.
    case progress(EvaluationRun)
    /// A request of the source will be tried again.
    case waiting(String, seconds: Double)
    /// The source does not take a request.
    case refused(PromptID, String)
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
    private let stop: EvaluationStop
    private let events: @Sendable (EvaluationEvent) -> Void

    /// - Parameters:
    ///   - concurrency: Samples asked for at a time, 1 to `Limits.evaluationConcurrencyMax`.
    ///   - events: Called from several tasks.
    package init(
        ledger: Ledger, judge: Judge, source: any SampleSource, concurrency: Int,
        stop: EvaluationStop = EvaluationStop(),
        events: @escaping @Sendable (EvaluationEvent) -> Void = { _ in }
    ) {
        self.ledger = ledger
        self.judge = judge
        self.source = source
        self.concurrency = min(max(concurrency, 1), Limits.evaluationConcurrencyMax)
        self.stop = stop
        self.events = events
    }

    /// Goes on with an evaluation until nothing is missing, the source stops, or the task is cancelled.
    ///
    /// Undetermined samples of earlier sessions are judged again. Throws `ServiceError` when the ledger fails.
    package func run(_ run: EvaluationRun) async throws -> EvaluationOutcome {
        do {
            return try await carryOut(run)
        } catch let error as LedgerError {
            throw ServiceError(ledger: error)
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
                try await judgeAll(run, state)
            }
            group.addTask { try await note(run, state) }
            try await group.waitForAll()
        }
        let end = try await Self.whole { try await ledger.evaluationRun(run.id) }
        events(.progress(end))
        let tally = state.tally
        return EvaluationOutcome(
            run: end, received: tally.received, refused: tally.refused, refusal: tally.refusal, fault: tally.fault,
            seconds: (ContinuousClock.now - start).milliseconds / 1_000)
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
        } catch SampleFault.refused(let reason) {
            if state.noteRefused(reason) { events(.refused(next.problem.id, reason)) }
        } catch SampleFault.stopped(let reason) {
            state.stop(reason)
        } catch is CancellationError {
            state.stop(nil)
        }
    }

    // MARK: Judging

    /// Judges what the ledger has without a verdict, until sampling is over and nothing is left.
    private func judgeAll(_ run: EvaluationRun, _ state: EvaluationSession) async throws {
        while !Task.isCancelled {
            let seen = state.changes.generation
            let isLast = state.isSampled
            let works = try await Self.whole {
                try await ledger.unjudgedSamples(of: run.id, limit: Limits.evaluationWorkMax)
            }
            if works.isEmpty {
                if isLast { return }
                await state.changes.wait(beyond: seen, seconds: 1)
                continue
            }
            let found = await judge.judge(works.map { JudgeItem(response: $0.response, task: $0.task) })
            // A stop tears the sandbox down under its programs: such a verdict says nothing of them.
            guard !Task.isCancelled else { return }
            try await ledger.record(sampleVerdicts: zip(works, found).map { ($0.seq, $1.verdict) })
        }
    }

    /// Writes down how long it takes, and tells the watcher how far it is.
    private func note(_ run: EvaluationRun, _ state: EvaluationSession) async throws {
        var last = ContinuousClock.now
        while true {
            let isOver = state.isJudged || Task.isCancelled
            let now = ContinuousClock.now
            let seconds = (now - last).milliseconds / 1_000
            let progress = try await Self.whole {
                try await ledger.add(seconds: seconds, to: run.id)
                return try await ledger.evaluationRun(run.id)
            }
            last = now
            if isOver { return }
            events(.progress(progress))
            await state.end.wait(beyond: 0, seconds: Limits.evaluationNoteSeconds)
        }
    }

    /// Work that comes to its end although the task was cancelled: reads of a cancelled task end early.
    private static func whole<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task(operation: work).value
    }
}
