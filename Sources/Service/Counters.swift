// Counts since the start, for /metrics (Prometheus) and the status page. Gauges come from the status board.
import Domain
import Synchronization

/// Monotone counters of one process, with its histograms and what it did of late.
package final class Counters: Sendable {
    /// Every counter, with its Prometheus name and help line.
    package enum Name: String, CaseIterable, Sendable {
        case rolloutsAccepted = "rolloutd_rollouts_accepted_total"
        case rolloutsSampled = "rolloutd_rollouts_sampled_total"
        case tokensSampled = "rolloutd_tokens_sampled_total"
        case tokensTrained = "rolloutd_tokens_trained_total"
        case updates = "rolloutd_updates_total"
        case groupsTrained = "rolloutd_groups_trained_total"
        case groupsFiltered = "rolloutd_groups_filtered_total"
        case groupsUnusable = "rolloutd_groups_unusable_total"
        case groupsStale = "rolloutd_groups_stale_total"
        case groupsClosedAtQuorum = "rolloutd_groups_closed_at_quorum_total"
        case resamplingRounds = "rolloutd_resampling_rounds_total"
        case leasesReclaimed = "rolloutd_leases_reclaimed_total"
        case ledgerFailures = "rolloutd_ledger_failures_total"
        case judgingRetries = "rolloutd_judging_retries_total"
        case rolloutsDeleted = "rolloutd_rollouts_deleted_total"
        case rolloutsCompacted = "rolloutd_rollouts_compacted_total"
        case trajectoriesAccepted = "rolloutd_trajectory_groups_accepted_total"
        case trajectoriesRepeated = "rolloutd_trajectory_groups_repeated_total"
        case trajectoryBatchesHanded = "rolloutd_trajectory_batches_handed_total"
        case clientSteps = "rolloutd_client_steps_total"
        case clientTokensTrained = "rolloutd_client_tokens_trained_total"
        case clientTokensSampled = "rolloutd_client_tokens_sampled_total"
        case evaluationSamples = "rolloutd_evaluation_samples_total"
        case evaluationRetries = "rolloutd_evaluation_retries_total"
        case evaluationRefusals = "rolloutd_evaluation_refusals_total"
        case evaluationVerdicts = "rolloutd_evaluation_verdicts_total"
        case evaluationUndetermined = "rolloutd_evaluation_undetermined_total"

        package var help: String {
            switch self {
            case .rolloutsAccepted: "Rollouts made durable, from outside and from the in-process sampler."
            case .rolloutsSampled: "Rollouts sampled by the in-process model for learning."
            case .tokensSampled: "Tokens sampled by the in-process model for learning."
            case .tokensTrained: "Response tokens that entered a loss."
            case .updates: "Policy updates committed."
            case .groupsTrained: "Groups whose rollouts entered a loss."
            case .groupsFiltered: "Groups left out because all their rollouts were equally right."
            case .groupsUnusable: "Groups left out because too few rollouts had a verdict or tokens."
            case .groupsStale: "Groups left out because their policy was too old."
            case .groupsClosedAtQuorum: "Groups that went to the learner with a quorum of their rollouts."
            case .resamplingRounds: "Further rounds of sampling because too few groups had right and wrong answers."
            case .leasesReclaimed: "Leases that expired and whose work went back."
            case .ledgerFailures: "Ledger operations that failed."
            case .judgingRetries: "Jails that broke under a program that was then judged in another."
            case .rolloutsDeleted: "Rollouts that retention deleted."
            case .rolloutsCompacted: "Settled rollouts that compaction is done with."
            case .trajectoriesAccepted: "Groups of sequences of Atropos' environments made durable."
            case .trajectoriesRepeated: "Groups of sequences that came again and were stored before."
            case .trajectoryBatchesHanded:
                "Batches handed out to Atropos' trainers, those that came back counted again."
            case .clientSteps: "Optimiser steps of models that clients train."
            case .clientTokensTrained: "Tokens that entered the loss of a client's model."
            case .clientTokensSampled: "Tokens sampled for clients that train."
            case .evaluationSamples: "Samples that evaluations of data sets asked for, got and stored."
            case .evaluationRetries: "Requests that evaluations sent again."
            case .evaluationRefusals: "Requests of evaluations that the model's server does not take."
            case .evaluationVerdicts: "Verdicts on samples of evaluations, undetermined ones included."
            case .evaluationUndetermined: "Samples of evaluations that nobody could judge."
            }
        }
    }

    private struct State {
        var values: [Name: Int] = [:]
        var verdicts: [String: [Verdict.Outcome: Int]] = [:]
        var failures: [InfrastructureFailure.Code: Int] = [:]
    }

    private let state = Mutex(State())
    /// How the values are spread that counters only add up.
    package let histograms = ServiceHistograms()
    /// What happened in the last hour.
    package let activity = Activity()

    package init() {}

    /// Adds to a counter.
    package func increment(_ name: Name, by amount: Int = 1) {
        state.withLock { $0.values[name, default: 0] += amount }
    }

    /// Counts a judgement by task type and outcome.
    package func count(_ judgement: Judgement, task: VerificationTask) {
        histograms.judging.observe(
            judgement.elapsedMilliseconds / 1000, task.family, judgement.verdict.outcome.rawValue)
        count(judgement.verdict, taskType: task.family)
    }

    /// Counts a verdict that was made elsewhere, so that nobody here knows how long it took.
    package func count(_ verdict: Verdict, taskType: String) {
        state.withLock {
            $0.verdicts[taskType, default: [:]][verdict.outcome, default: 0] += 1
            $0.values[.judgingRetries, default: 0] += verdict.sandbox?.retries ?? 0
            if let failure = verdict.failure { $0.failures[failure.code, default: 0] += 1 }
        }
    }

    /// Takes in a commit of the ledger.
    package func take(_ news: CommitNews, _ figures: CommitFigures) {
        histograms.take(news, figures)
        activity.take(news, figures)
    }

    /// The value of a counter.
    package func value(_ name: Name) -> Int { state.withLock { $0.values[name, default: 0] } }

    /// Counters and histograms in the Prometheus text format 0.0.4.
    package func write(to text: inout MetricsText) {
        let (values, verdicts, failures) = state.withLock { ($0.values, $0.verdicts, $0.failures) }
        for name in Name.allCases {
            text.single(name.rawValue, .counter, name.help, Double(values[name, default: 0]))
        }
        text.family("rolloutd_verdicts_total", .counter, "Verdicts by task type and outcome.")
        for type in ["math", "code"] {
            for outcome in Verdict.Outcome.allCases {
                text.sample(
                    "rolloutd_verdicts_total", ["task": type, "outcome": outcome.rawValue],
                    Double(verdicts[type]?[outcome] ?? 0))
            }
        }
        text.each(
            "rolloutd_undetermined_total", .counter, "Undetermined verdicts by class.", by: "class",
            InfrastructureFailure.Code.allCases.map { ($0.rawValue, Double(failures[$0, default: 0])) })
        for histogram in histograms.all { histogram.write(to: &text) }
    }
}
