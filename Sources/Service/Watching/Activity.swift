// What the service did of late, for the status page: intake, verdicts, lease endings, refusals, commits.
import Domain

/// Takes in what happens and answers what happened in the last minutes.
package final class Activity: Sendable {
    /// A lease's end.
    struct Ending: Hashable, Sendable {
        var kind: LeaseKind
        var ending: String
    }

    /// A request that was turned away.
    struct Refusal: Hashable, Sendable {
        var status: Int
        var code: String
    }

    private let accepted = RecentCounts<Bool>()
    private let outcomes = RecentCounts<Verdict.Outcome>()
    private let endings = RecentCounts<Ending>()
    private let refusals = RecentCounts<Refusal>()
    private let commits = RecentDurations()

    package init() {}

    /// Takes in a commit.
    func take(_ news: CommitNews, _ figures: CommitFigures) {
        accepted.add(true, news.accepted.count)
        for judged in news.judged { outcomes.add(judged.outcome) }
        for ended in news.endedLeases { endings.add(Ending(kind: ended.kind, ending: ended.ending)) }
        commits.add(figures.commitSeconds)
    }

    /// Counts a request that was turned away.
    func refuse(status: Int, code: String) { refusals.add(Refusal(status: status, code: code)) }

    /// How it stands now, with what the ledger's writer says of itself.
    func report(pulse: LedgerPulse?, pending: Int, pendingBytes: Int) -> OperationsReport {
        var report = OperationsReport()
        report.pulse = pulse
        for minutes in [1, 5, 15] {
            let seconds = minutes * 60
            // A process that is younger than the window has had less time.
            let elapsed = max(1, min(Double(seconds), accepted.age))
            report.intake.append(
                .init(minutes: minutes, perSecond: Double(accepted.last(seconds: seconds)[true] ?? 0) / elapsed))
        }
        report.endings = endings.last(seconds: 3600).map {
            .init(kind: $0.key.kind, ending: $0.key.ending, count: $0.value)
        }.sorted { ($0.kind.rawValue, $0.ending) < ($1.kind.rawValue, $1.ending) }
        let lately = refusals.last(seconds: 3600)
        report.refusals = refusals.total.map {
            .init(status: $0.key.status, code: $0.key.code, lastHour: lately[$0.key] ?? 0, total: $0.value)
        }.sorted { ($0.status, $0.code) < ($1.status, $1.code) }
        report.recentVerdicts = outcomes.last(seconds: 900)
        report.hourVerdicts = outcomes.last(seconds: 3600)
        report.pendingWrites = pending
        report.pendingBytes = pendingBytes
        report.commitMedian = commits.quantile(0.5)
        report.commit99 = commits.quantile(0.99)
        return report
    }
}

/// How the service works, apart from how learning goes.
package struct OperationsReport: Sendable {
    /// Rollouts taken in, over a window.
    package struct Intake: Sendable {
        package var minutes: Int
        package var perSecond: Double
    }

    /// Leases that ended in the last hour.
    package struct Endings: Sendable {
        package var kind: LeaseKind
        package var ending: String
        package var count: Int
    }

    /// Requests that were turned away.
    package struct Refusals: Sendable {
        package var status: Int
        package var code: String
        package var lastHour: Int
        /// Since the start.
        package var total: Int
    }

    package var pulse: LedgerPulse?
    package var intake: [Intake] = []
    package var endings: [Endings] = []
    package var refusals: [Refusals] = []
    /// Verdicts of the last quarter of an hour, and of the last hour, retried ones included.
    package var recentVerdicts: [Verdict.Outcome: Int] = [:]
    package var hourVerdicts: [Verdict.Outcome: Int] = [:]
    package var pendingWrites = 0
    package var pendingBytes = 0
    /// Seconds of the last 1,024 commits; nil before there is any.
    package var commitMedian: Double?
    package var commit99: Double?
    /// Who reads events now.
    package var subscribers = 0
    /// The evaluations of data sets that this server carries out, and how many wait for their turn.
    package var evaluations: [EvaluationActivity] = []
    package var queuedEvaluations = 0

    package init() {}

    /// The share of verdicts that are undetermined; nil where there are none.
    package static func undeterminedShare(_ verdicts: [Verdict.Outcome: Int]) -> Double? {
        let all = verdicts.values.reduce(0, +)
        return all > 0 ? Double(verdicts[.undetermined, default: 0]) / Double(all) : nil
    }
}
