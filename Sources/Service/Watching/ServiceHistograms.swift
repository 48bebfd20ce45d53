// The histograms of everything below the wire: ledger, judges, leases, updates.
import Domain

/// All histograms of one service, since its start.
package struct ServiceHistograms: Sendable {
    let writeWait = Histogram(
        "rolloutd_ledger_write_wait_seconds", "From queueing a write to the start of its transaction.",
        bounds: Histogram.Bounds.commits)
    let commit = Histogram(
        "rolloutd_ledger_commit_seconds", "From the start of a transaction to the end of its sync.",
        bounds: Histogram.Bounds.commits)
    let transactionWrites = Histogram(
        "rolloutd_ledger_transaction_writes", "Writes that shared a transaction.", bounds: Histogram.Bounds.counts)
    let transactionBytes = Histogram(
        "rolloutd_ledger_transaction_bytes", "Bytes of rollouts and prompts in a transaction.",
        bounds: Histogram.Bounds.bytes)
    let postedToJudged = Histogram(
        "rolloutd_rollout_judged_seconds", "From a rollout's post to the verdict that settled it.",
        bounds: Histogram.Bounds.waits)
    let judgingWait = Histogram(
        "rolloutd_judging_wait_seconds", "From a rollout's post until it was first handed to a judge.",
        bounds: Histogram.Bounds.waits)
    let judging = Histogram(
        "rolloutd_judging_seconds", "Judging one response in this process.", labels: ["task", "outcome"],
        bounds: Histogram.Bounds.verdicts)
    let lease = Histogram(
        "rolloutd_lease_duration_seconds", "How long leases were held, by kind and ending.",
        labels: ["kind", "ending"], bounds: Histogram.Bounds.waits)
    let update = Histogram(
        "rolloutd_update_phase_duration_seconds", "Phases of updates: sample, score, train, commit.",
        labels: ["phase"], bounds: Histogram.Bounds.waits)

    /// All of them, in the order of the exposition.
    var all: [Histogram] {
        [
            writeWait, commit, transactionWrites, transactionBytes, postedToJudged, judgingWait, judging, lease, update,
        ]
    }

    /// Takes in a commit.
    func take(_ news: CommitNews, _ figures: CommitFigures) {
        for seconds in figures.waitSeconds { writeWait.observe(seconds) }
        commit.observe(figures.commitSeconds)
        transactionWrites.observe(Double(figures.waitSeconds.count))
        transactionBytes.observe(Double(figures.bytes))
        for settled in news.settled where settled.isJudged { postedToJudged.observe(settled.seconds) }
        for seconds in news.waitSeconds { judgingWait.observe(seconds) }
        for ended in news.endedLeases { lease.observe(ended.seconds, ended.kind.rawValue, ended.ending) }
    }
}

extension Counters {
    /// Takes in the phases of an update that was committed; those that it did not have are left out.
    func observe(_ seconds: UpdateSeconds, commit: Double) {
        let phases = [
            ("sample", seconds.sampling), ("score", seconds.scoring), ("train", seconds.training), ("commit", commit),
        ]
        for (phase, duration) in phases where duration > 0 { histograms.update.observe(duration, phase) }
    }
}
