// The progress of an evaluation on standard error: a bar with the remaining time where a person watches, a line every tenth where not.
import Domain
import Foundation
import Glibc
import Service
import Synchronization

/// Shows how far an evaluation is, so that the report alone is on standard output.
final class EvaluationReporter: Sendable {
    private struct State {
        var isBarShown = false
        var lastTenth = -1
        /// Judged when this session began, and when that was.
        var first: Int?
        var start = ContinuousClock.now
        var lastWait = ""
    }

    private static let barWidth = 32
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    /// Says what begins, or goes on.
    func begin(_ run: EvaluationRun) {
        let progress = run.progress
        let kept = progress.sampled > 0 ? "; \(progress.sampled) are stored already" : ""
        line(
            "evaluate: \(run.id): \(run.problems) problems of \(run.settings.dataset), \(run.wanted) samples by "
                + "\(run.settings.model.description)\(kept)")
        state.withLock {
            $0.first = progress.judged - progress.undetermined
            $0.start = .now
        }
    }

    /// Shows one event.
    func show(_ event: EvaluationEvent) {
        switch event {
        case .progress(let run): progress(run)
        case .waiting(let reason, let seconds): waiting(reason, seconds: seconds)
        case .refused(let prompt, let reason, let isFirst):
            if isFirst { line("evaluate: the model refuses \(prompt): \(reason)") }
        case .received, .judged: break
        }
    }

    /// A request will be tried again; the same reason is told once.
    func waiting(_ reason: String, seconds: Double) {
        let isNew = state.withLock { state in
            defer { state.lastWait = reason }
            return state.lastWait != reason
        }
        if isNew { line("evaluate: waiting \(fixed(seconds, 1)) s: \(reason)") }
    }

    /// Says how the session ended.
    func end(_ outcome: EvaluationOutcome) {
        let rate = outcome.seconds > 0 ? Double(outcome.received) / outcome.seconds : 0
        let refused = outcome.refused > 0 ? ", \(outcome.refused) refused (\(outcome.refusal ?? ""))" : ""
        line(
            "evaluate: \(outcome.received) samples in \(fixed(outcome.seconds, 1)) s (\(fixed(rate, 1))/s)\(refused)")
    }

    /// Prints one line, clearing a bar that stands there.
    func line(_ text: String) {
        state.withLock { state in
            write((state.isBarShown ? "\r\u{1B}[K" : "") + text + "\n")
            state.isBarShown = false
        }
    }

    private func progress(_ run: EvaluationRun) {
        let done = run.progress.judged
        let share = run.wanted > 0 ? Double(done) / Double(run.wanted) : 1
        state.withLock { state in
            let seconds = Double((ContinuousClock.now - state.start) / .milliseconds(1)) / 1_000
            let here = done - (state.first ?? 0)
            let left = here > 0 ? remaining(seconds / Double(here) * Double(run.wanted - done)) : "unknown"
            let label = "\(done) of \(run.wanted) judged, \(run.progress.sampled) sampled, \(left) left"
            if isTerminal {
                let text = "\(Int(share * 100)) %  \(label)"
                // A line that is too long wraps, and cannot be written over.
                let width = max(0, min(Self.barWidth, Self.columns - text.count - 2))
                let filled = Int(share * Double(width))
                let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
                write("\r\u{1B}[K" + (width >= 8 ? bar + " " : "") + text.prefix(max(20, Self.columns - 1)))
                state.isBarShown = true
            } else if Int(share * 10) > state.lastTenth {
                state.lastTenth = Int(share * 10)
                write("evaluate: \(Int(share * 100)) %, \(label)\n")
            }
        }
    }

    /// Columns of the terminal now; 80 where it does not say.
    private static var columns: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    private func remaining(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 1e9))
        if whole < 60 { return "\(whole) s" }
        return whole < 3_600 ? "\(whole / 60) min" : "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
