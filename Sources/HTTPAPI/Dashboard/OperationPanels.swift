// How the service works, apart from how learning goes: queues and their ages, leases, false zeros, intake, writer, refusals.
import Domain
import Service

/// The part of the status page that an operator looks at first.
struct OperationPanels: Sendable {
    let status: StatusSnapshot

    private var operations: OperationsReport { status.operations }

    /// All panels, in a grid.
    var all: HTML {
        .element("div", ["class": "panels"], queues + leases + falseZeros + throughput + endings + refusals)
    }

    private var queues: HTML {
        let titles = ["waiting": "waiting for a verdict", "again": "to be judged again", "leased": "with a judge"]
        let rows = (operations.pulse?.queues ?? []).map { queue in
            row([titles[queue.name] ?? queue.name], [Figures.count(queue.count), age(queue.oldest)])
        }
        return StatusPage.panel(
            "Judging queue", "Age of the oldest: since it was posted; with a judge: since the lease was given.",
            head: head(["queue"], ["rollouts", "oldest"]), rows: rows)
    }

    private var leases: HTML {
        let rows = (operations.pulse?.workers ?? []).map { holder in
            row(
                [holder.worker, holder.kind.rawValue],
                [Figures.count(holder.count), age(holder.oldest), remaining(holder.nextExpiry)])
        }
        let alive = operations.pulse.map {
            "\(Figures.count($0.leases[.generate, default: 0])) to generate and "
                + "\(Figures.count($0.leases[.score, default: 0])) to score are alive; the next to run out first."
        }
        return StatusPage.panel(
            "Leases", alive ?? "", head: head(["worker", "kind"], ["leases", "oldest", "runs out"]), rows: rows)
    }

    private var falseZeros: HTML {
        func percent(_ share: Double?) -> String { share.map { Figures.percent($0) } ?? "–" }
        var rows = [
            row(["of all that count"], [percent(status.undeterminedShare)]),
            row(
                ["of the last 15 minutes"],
                [percent(OperationsReport.undeterminedShare(operations.recentVerdicts))]),
            row(["of the last hour"], [percent(OperationsReport.undeterminedShare(operations.hourVerdicts))]),
        ]
        let classes = operations.pulse?.undetermined ?? [:]
        rows += InfrastructureFailure.Code.allCases.filter { classes[$0, default: 0] > 0 }.map { code in
            row([code.rawValue.replacing("_", with: " ")], [Figures.count(classes[code, default: 0])])
        }
        return StatusPage.panel(
            "Undetermined verdicts", "Each would be a false zero if a failure of the machine counted as one.",
            head: head(["share or class"], ["undetermined"]), rows: rows)
    }

    private var throughput: HTML {
        func milliseconds(_ seconds: Double?) -> String { seconds.map { Figures.short($0 * 1000) + " ms" } ?? "–" }
        var rows = operations.intake.map { window in
            let name = window.minutes == 1 ? "last minute" : "last \(window.minutes) minutes"
            return row(["rollouts a second, \(name)"], [Figures.short(window.perSecond)])
        }
        rows += [
            row(["a commit, median"], [milliseconds(operations.commitMedian)]),
            row(["a commit, 99th percentile"], [milliseconds(operations.commit99)]),
            row(
                ["writes waiting"],
                ["\(Figures.count(operations.pendingWrites)) (\(Figures.bytes(operations.pendingBytes)))"]),
        ]
        if let pulse = operations.pulse {
            rows += [
                row(["database"], [Figures.bytes(pulse.databaseBytes)]),
                row(["write-ahead log"], [Figures.bytes(pulse.logBytes)]),
                row(["checkpoints kept"], [Figures.bytes(pulse.checkpointBytes)]),
            ]
        }
        return StatusPage.panel(
            "Intake, writer, files", "A commit ends with its sync to disk; the last 1,024 count.",
            head: head(["what"], ["now"]), rows: rows)
    }

    private var endings: HTML {
        let rows = operations.endings.map { row([$0.kind.rawValue, $0.ending], [Figures.count($0.count)]) }
        return StatusPage.panel(
            "Leases that ended", "In the last hour, or since the start.",
            head: head(["kind", "ending"], ["leases"]), rows: rows)
    }

    private var refusals: HTML {
        let rows = operations.refusals.map {
            row(
                ["\($0.status) \($0.code.replacing("_", with: " "))"],
                [Figures.count($0.lastHour), Figures.count($0.total)])
        }
        let streams = operations.subscribers
        return StatusPage.panel(
            "Requests turned away",
            "Answered 429 or 503, with Retry-After. \(streams) \(streams == 1 ? "stream of events is" : "streams of events are") open.",
            head: head(["reason"], ["last hour", "since start"]),
            rows: rows.isEmpty ? [row(["none"], ["0", "0"])] : rows)
    }

    // MARK: Cells

    /// Names to the left, figures to the right.
    private func head(_ names: [String], _ figures: [String]) -> String {
        (names.map { "<th>\(HTML.escape($0).text)</th>" }
            + figures.map { "<th class=\"r\">\(HTML.escape($0).text)</th>" }).joined()
    }

    /// Only the first name may be long, and breaks anywhere.
    private func row(_ names: [String], _ figures: [String]) -> HTML {
        let cells =
            names.enumerated().map { "<td\($0 == 0 ? " class=\"name\"" : "")>\(HTML.escape($1).text)</td>" }
            + figures.map { "<td class=\"r\">\(HTML.escape($0).text)</td>" }
        return HTML("<tr>\(cells.joined())</tr>")
    }

    private func age(_ moment: Timestamp?) -> String {
        moment.map { Figures.duration(Double(status.now.milliseconds - $0.milliseconds) / 1000) } ?? "–"
    }

    private func remaining(_ moment: Timestamp) -> String {
        Figures.duration(Double(moment.milliseconds - status.now.milliseconds) / 1000)
    }
}
