// What the tasks of one session of an evaluation share: which sample is next, and what came of those before.
import Domain
import Synchronization

/// The samples that are missing, handed out once each.
final class EvaluationSession: Sendable {
    /// One sample to ask for.
    struct Piece: Sendable {
        var problem: EvaluationProblem
        /// The problem's place in the evaluation.
        var place: Int
        var sample: Int
    }

    /// What came so far.
    struct Tally: Sendable {
        var received = 0
        var refused = 0
        var refusal: String?
        var fault: String?
    }

    private struct State {
        var sample = 0
        var place = 0
        var isStopped = false
        var isSampled = false
        var isJudged = false
        var tally = Tally()
    }

    private struct Key: Hashable, Sendable {
        var problem: Int64
        var sample: Int
    }

    private let problems: [EvaluationProblem]
    private let samples: Int
    private let stored: Set<Key>
    private let state = Mutex(State())
    /// Rises with each stored sample.
    let changes = ChangeSignal()
    /// Rises when everything is judged.
    let end = ChangeSignal()

    init(run: EvaluationRun, problems: [EvaluationProblem], stored: [EvaluationSample]) {
        self.problems = problems
        samples = run.settings.samples
        self.stored = Set(stored.map { Key(problem: $0.problem, sample: $0.index) })
    }

    var tally: Tally { state.withLock { $0.tally } }
    var isSampled: Bool { state.withLock { $0.isSampled } }
    var isJudged: Bool { state.withLock { $0.isJudged } }

    /// The next missing sample: first samples of all problems before second ones, so that what is there at any time says
    /// something of all of them.
    func next() -> Piece? {
        guard !Task.isCancelled else { return nil }
        return state.withLock { state in
            while !state.isStopped, state.sample < samples, !problems.isEmpty {
                let piece = Piece(problem: problems[state.place], place: state.place, sample: state.sample)
                state.place += 1
                if state.place == problems.count { (state.place, state.sample) = (0, state.sample + 1) }
                if !stored.contains(Key(problem: piece.problem.seq, sample: piece.sample)) { return piece }
            }
            return nil
        }
    }

    /// Counts an answer.
    func noteReceived() {
        state.withLock { $0.tally.received += 1 }
        changes.notify()
    }

    /// Counts a refusal; true the first time. When nothing but refusals comes, nothing more is asked.
    func noteRefused(_ reason: String) -> Bool {
        state.withLock { state in
            state.tally.refused += 1
            if state.tally.received == 0, state.tally.refused >= Limits.evaluationRefusalsMax, !state.isStopped {
                state.isStopped = true
                state.tally.fault = "every request was refused: \(reason)"
            }
            guard state.tally.refusal == nil else { return false }
            state.tally.refusal = reason
            return true
        }
    }

    /// Asks for nothing more; the first reason counts.
    func stop(_ reason: String?) {
        state.withLock { state in
            state.isStopped = true
            if state.tally.fault == nil { state.tally.fault = reason }
        }
    }

    /// Says that no more samples come.
    func endSampling() {
        state.withLock { $0.isSampled = true }
        changes.notify()
    }

    /// Says that nothing more is judged.
    func endJudging() {
        state.withLock { $0.isJudged = true }
        end.notify()
    }
}
