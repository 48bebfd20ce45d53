// The gauges of GET /metrics. All from memory: the housekeeping loop looks at the ledger once a second.
import Domain

extension RolloutService {
    /// Counters, histograms and gauges in the Prometheus text format.
    package func prometheusText() -> String {
        let snapshot = status()
        var text = MetricsText()
        counters.write(to: &text)
        hub.write(to: &text)
        writeProcess(snapshot, to: &text)
        writeLearner(snapshot, to: &text)
        writeLedger(snapshot, to: &text)
        writeEvaluations(to: &text)
        if let storage = snapshot.storage {
            text.single(
                "rolloutd_ledger_free_bytes", .gauge, "Of the database's file, pages that will be used again.",
                Double(storage.size.freeBytes))
        }
        if let pulse = snapshot.operations.pulse { writePulse(pulse, snapshot, to: &text) }
        return text.text
    }

    private func writeProcess(_ snapshot: StatusSnapshot, to text: inout MetricsText) {
        text.single(
            "rolloutd_resident_bytes", .gauge, "Resident memory of the process.", Double(snapshot.residentBytes))
        text.single(
            "process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.",
            Double(snapshot.startedAt.milliseconds) / 1000)
        text.single("rolloutd_alarms", .gauge, "Alarms that hold now.", Double(snapshot.alarms.count))
    }

    private func writeLearner(_ snapshot: StatusSnapshot, to text: inout MetricsText) {
        text.single(
            "rolloutd_learning_seconds", .gauge, "Seconds of learning, evaluations not counted.",
            snapshot.learningSeconds)
        if let version = snapshot.policyVersion {
            text.single("rolloutd_policy_version", .gauge, "The newest policy.", Double(version.number))
        }
        if let lag = snapshot.operations.pulse?.policyLag {
            text.single(
                "rolloutd_policy_lag_versions", .gauge,
                "Versions between the policies that sampled and that learned, the largest of the last update's rollouts.",
                Double(lag))
        }
        if let update = snapshot.updates.last {
            text.each(
                "rolloutd_update_metric", .gauge, "Metrics of the last update.", by: "name",
                update.metrics.filter(\.value.isFinite).map { ($0.name, $0.value) })
        }
    }

    private func writeEvaluations(to text: inout MetricsText) {
        let running = desk.running
        text.each(
            "rolloutd_evaluations", .gauge, "Evaluations of data sets that this server carries out, by state.",
            by: "state",
            [("running", Double(running.count)), ("queued", Double(desk.queued))])
        text.single(
            "rolloutd_evaluation_samples_left", .gauge, "Samples that the running evaluations have no verdict of yet.",
            running.reduce(0) { $0 + Double(max(0, $1.run.wanted - $1.run.progress.judged)) })
        text.single(
            "rolloutd_evaluation_seconds_total", .counter, "Seconds of evaluations, each for itself.", desk.seconds)
    }

    private func writeLedger(_ snapshot: StatusSnapshot, to text: inout MetricsText) {
        if let counts = snapshot.counts {
            text.each(
                "rolloutd_rollouts", .gauge, "Rollouts in the ledger by status.", by: "status",
                RolloutStatus.allCases.map { ($0.rawValue, Double(counts.rollouts[$0, default: 0])) })
            text.single(
                "rolloutd_open_groups", .gauge, "Groups that lack rollouts and that nobody holds.",
                Double(counts.openGroups))
            text.single(
                "rolloutd_leased_groups", .gauge, "Groups that a worker holds.", Double(counts.leasedGroups))
            if let share = snapshot.undeterminedShare {
                text.single(
                    "rolloutd_undetermined_ratio", .gauge,
                    "Undetermined verdicts among all that count, 0 to 1.", share)
            }
        }
        let writer = snapshot.operations
        text.single(
            "rolloutd_ledger_pending_writes", .gauge, "Writes waiting for the writer.", Double(writer.pendingWrites))
        text.single(
            "rolloutd_ledger_pending_bytes", .gauge, "Bytes waiting for the writer.", Double(writer.pendingBytes))
        text.each(
            "rolloutd_refused_requests_total", .counter, "Requests answered 429 or 503, by reason.", by: "reason",
            writer.refusals.reduce(into: [String: Double]()) { $0[$1.code, default: 0] += Double($1.total) }
                .sorted { $0.key < $1.key })
    }

    private func writePulse(_ pulse: LedgerPulse, _ snapshot: StatusSnapshot, to text: inout MetricsText) {
        func age(_ moment: Timestamp?) -> Double {
            moment.map { max(0, Double(snapshot.now.milliseconds - $0.milliseconds) / 1000) } ?? 0
        }
        text.each(
            "rolloutd_judging_queue_rollouts", .gauge, "Rollouts that wait for a judge or are with one.", by: "queue",
            pulse.queues.map { ($0.name, Double($0.count)) })
        text.each(
            "rolloutd_judging_queue_oldest_seconds", .gauge,
            "Since the post of the rollout that is there longest (leased: since the oldest lease); 0 when none is.",
            by: "queue", pulse.queues.map { ($0.name, age($0.oldest)) })
        text.each(
            "rolloutd_groups", .gauge, "Groups in the ledger by status.", by: "status",
            pulse.groups.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) })
        text.each(
            "rolloutd_trajectory_groups", .gauge, "Groups of sequences of Atropos' environments, by status.",
            by: "status",
            ["batched", "buffered", "queued"].map { ($0, Double(pulse.trajectories[$0, default: 0])) })
        text.single(
            "rolloutd_trajectory_bytes", .gauge, "Bytes of those groups as they are stored.",
            Double(pulse.trajectories["bytes", default: 0]))
        text.each(
            "rolloutd_leases", .gauge, "Leases that are alive, by kind.", by: "kind",
            LeaseKind.allCases.map { ($0.rawValue, Double(pulse.leases[$0, default: 0])) })
        text.single(
            "rolloutd_oldest_lease_seconds", .gauge, "Since the oldest lease that is alive was given; 0 without any.",
            age(pulse.workers.map(\.oldest).min()))
        text.each(
            "rolloutd_undetermined_rollouts", .gauge, "Undetermined verdicts that count, by class.", by: "class",
            InfrastructureFailure.Code.allCases.map { ($0.rawValue, Double(pulse.undetermined[$0, default: 0])) })
        text.each(
            "rolloutd_ledger_file_bytes", .gauge, "Bytes on disk: database, write-ahead log, kept checkpoints.",
            by: "file",
            [
                ("database", Double(pulse.databaseBytes)), ("log", Double(pulse.logBytes)),
                ("checkpoints", Double(pulse.checkpointBytes)),
            ])
    }
}
