// Health, readiness, metrics and the status page's data. All from memory: the ledger is not asked.
import Domain

extension RolloutService {
    /// Everything the status page shows.
    package func status() -> StatusSnapshot {
        var snapshot = board.snapshot()
        snapshot.now = clock.now()
        snapshot.switches = switches.current
        snapshot.isScoring = settings.isScoring
        snapshot.residentBytes = ProcessMemory.residentBytes() ?? 0
        return snapshot
    }

    /// What must be there before work is useful.
    package func readiness() -> [ReadinessCheck] {
        let snapshot = board.snapshot()
        let isModelReady = !settings.isLearning || policies.newestVersion != nil
        return [
            ReadinessCheck(
                name: "ledger", isReady: !learner.isStopping, detail: learner.isStopping ? "stopping" : "open"),
            ReadinessCheck(
                name: "sandbox", isReady: judge.judgesCode,
                detail: judge.judgesCode ? snapshot.sandboxTier : "code is not judged: \(snapshot.sandboxTier)"),
            ReadinessCheck(
                name: "model", isReady: isModelReady,
                detail: isModelReady
                    ? "policy \(policies.newestVersion?.description ?? "none")" : "cold start is running"),
        ]
    }

    /// Counters and gauges in the Prometheus text format.
    package func prometheusText() -> String {
        let snapshot = status()
        var text = counters.prometheusText()
        func gauge(_ name: String, _ help: String, _ value: Double) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n\(name) \(value)\n"
        }
        gauge("rolloutd_resident_bytes", "Resident memory of the process.", Double(snapshot.residentBytes))
        gauge("rolloutd_learning_seconds", "Seconds of learning, evaluations not counted.", snapshot.learningSeconds)
        if let version = snapshot.policyVersion {
            gauge("rolloutd_policy_version", "The newest policy.", Double(version.number))
        }
        if let counts = snapshot.counts {
            text += "# HELP rolloutd_rollouts Rollouts in the ledger by status.\n# TYPE rolloutd_rollouts gauge\n"
            for status in RolloutStatus.allCases {
                text += "rolloutd_rollouts{status=\"\(status.rawValue)\"} \(counts.rollouts[status, default: 0])\n"
            }
            gauge("rolloutd_open_groups", "Groups that lack rollouts and that nobody holds.", Double(counts.openGroups))
            gauge("rolloutd_leased_groups", "Groups that a worker holds.", Double(counts.leasedGroups))
        }
        if let storage = snapshot.storage {
            gauge("rolloutd_database_bytes", "Size of the database file.", Double(storage.size.fileBytes))
            gauge(
                "rolloutd_database_free_bytes", "Of it, pages that will be used again.", Double(storage.size.freeBytes))
        }
        if let update = snapshot.updates.last {
            text += "# HELP rolloutd_update_metric Metrics of the last update.\n# TYPE rolloutd_update_metric gauge\n"
            for metric in update.metrics where metric.value.isFinite {
                text += "rolloutd_update_metric{name=\"\(metric.name)\"} \(metric.value)\n"
            }
        }
        text +=
            "# HELP rolloutd_alarms Alarms that hold now.\n# TYPE rolloutd_alarms gauge\nrolloutd_alarms \(snapshot.alarms.count)\n"
        return text
    }
}
