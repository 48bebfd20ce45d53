// The progress of a comparison: one bar over all updates of all runs, or a line a run where nobody watches.
import Domain
import Foundation
import Glibc
import Service
import Synchronization

/// Shows how far a comparison is, on standard error, so that the table alone is on standard output.
final class ComparisonReporter: Sendable {
    private static let barWidth = 32

    private let runs: Int
    private let updates: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let done = Mutex(0)

    /// A reporter of so many runs of so many updates each.
    init(runs: Int, updates: Int) {
        self.runs = runs
        self.updates = updates
    }

    /// Takes an event of the present run.
    func show(_ event: LearningEvent) {
        switch event {
        case .updated(let record): draw(made: record.version.number)
        case .alarm(let text): line("ALARM: \(text)")
        case .coldStartDone(let steps, let seconds, let reason):
            line("cold start: done after \(steps) steps in \(fixed(seconds, 0)) s: \(reason)")
        default: break
        }
    }

    /// Notes that a run is over.
    func finished(_ run: ComparedRun, _ count: Int) {
        done.withLock { $0 = count }
        let last = run.evaluations.last { $0.kind == "all" }.map { ", held-out \(percent($0.greedyAccuracy))" } ?? ""
        line("\(count)/\(runs) \(run.method), seed \(run.seed): \(run.updates.count) updates\(last)")
    }

    private func draw(made: Int) {
        guard isTerminal else { return }
        let finished = done.withLock { $0 }
        let share = (Double(finished) + Double(made) / Double(updates)) / Double(runs)
        let filled = Int(share * Double(Self.barWidth))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
        write("\r\u{1B}[K\(bar) \(Int(share * 100)) %  run \(finished + 1) of \(runs), update \(made) of \(updates)")
    }

    private func line(_ text: String) { write((isTerminal ? "\r\u{1B}[K" : "") + text + "\n") }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
