// What a person at the terminal sees of learning: a progress bar for the cold start, then one line per update.
import Domain
import Foundation
import Glibc
import Service
import Synchronization

/// Prints learning events; a bar when standard output is a terminal, plain lines when it is not.
final class TerminalReporter: Sendable {
    private struct State {
        var isBarShown = false
        var lastTenth = -1
    }

    private static let barWidth = 32

    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let state = Mutex(State())

    /// Prints one line, clearing a bar that stands there.
    func line(_ text: String) {
        state.withLock { state in
            write((state.isBarShown ? "\r\u{1B}[K" : "") + text + "\n")
            state.isBarShown = false
        }
    }

    /// Shows one event.
    func show(_ event: LearningEvent) {
        switch event {
        case .coldStart(let step, let fraction, let loss, let detail):
            progress(step: step, fraction: fraction, loss: loss, detail: detail)
        case .coldStartDone(let steps, let seconds, let reason):
            line("cold start: done after \(steps) steps in \(fixed(seconds, 0)) s: \(reason)")
        case .resumed(let version): line("learner: going on from policy \(version)")
        case .stage(let name, let start, let updates):
            line("learner: stage \(name) begins after policy \(start)" + (updates.map { ": \($0) updates" } ?? ""))
        case .updated(let record): line(Self.sentence(record))
        case .rolledBack(let target, let version): line("learner: policy \(version) is policy \(target) again")
        case .evaluated(let records): line(Self.sentence(records))
        case .alarm(let text): line("ALARM: \(text)")
        case .paused(let reason): line("learner: paused: \(reason)")
        }
    }

    private func progress(step: Int, fraction: Double, loss: Double, detail: String) {
        let label = "step \(step), loss \(fixed(loss, 3)), \(detail)"
        state.withLock { state in
            if isTerminal {
                let filled = Int(fraction * Double(Self.barWidth))
                let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
                write("\r\u{1B}[Kcold start \(bar) \(Int(fraction * 100)) %  \(label)")
                state.isBarShown = true
            } else if Int(fraction * 10) > state.lastTenth {
                state.lastTenth = Int(fraction * 10)
                write("cold start: \(Int(fraction * 100)) %, \(label)\n")
            }
        }
    }

    private func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    private static func sentence(_ record: UpdateRecord) -> String {
        func value(_ name: String, _ digits: Int) -> String { record[name].map { fixed($0, digits) } ?? "-" }
        if record["demonstrations"] != nil {
            return
                "update \(record.version): \(record.objective) loss \(value("loss", 3)), entropy \(value("entropy", 3)), "
                + "gradient norm \(value("gradient_norm", 3)), \(value("demonstrations", 0)) demonstrations, "
                + "\(value("seconds_training", 2)) s, learned for \(value("learning_seconds", 0)) s"
        }
        let seconds = ["seconds_sampling", "seconds_scoring", "seconds_training"].compactMap { record[$0] }.reduce(0, +)
        let groups = GroupFate.allCases.compactMap { record["groups_\($0.rawValue)"] }.reduce(0, +)
        return "update \(record.version): reward \(value("reward_mean", 3)), entropy \(value("entropy", 3)), "
            + "gradient norm \(value("gradient_norm", 3)), trained on \(value("groups_trained", 0)) of \(fixed(groups, 0)) groups, "
            + "\(fixed(seconds, 2)) s, learned for \(value("learning_seconds", 0)) s"
    }

    private static func sentence(_ records: [EvaluationRecord]) -> String {
        let parts = records.map { record in
            "\(record.kind) \(percent(record.greedyAccuracy))"
                + (record.averageAccuracy.map { " (avg@\(record.samples) \(percent($0)))" } ?? "")
        }
        return "held-out at policy \(records.first?.version.description ?? "?"): " + parts.joined(separator: ", ")
    }
}

/// A number with so many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

/// A share as a percentage with one digit.
func percent(_ share: Double) -> String { fixed(share * 100, 1) + " %" }
