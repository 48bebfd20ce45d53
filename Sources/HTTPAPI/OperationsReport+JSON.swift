// How the service works, as GET /admin/status has it under `operations`.
import Domain
import Service
import StrictJSON

extension StatusSnapshot {
    /// Queues, leases, undetermined verdicts, intake, writer, files and refusals.
    var operationsJSON: JSONValue {
        let pulse = operations.pulse ?? LedgerPulse(at: now)
        let queues = pulse.queues.map { queue in
            JSONValue.members([
                "name": .string(queue.name), "rollouts": integer(queue.count),
                "oldest_seconds": queue.oldest.map { since($0) } ?? .null,
            ])
        }
        let intake = operations.intake.map {
            JSONValue.members(["minutes": integer($0.minutes), "rollouts_per_second": .finite($0.perSecond)])
        }
        let refused = operations.refusals.map {
            JSONValue.members([
                "status": integer($0.status), "code": .string($0.code), "last_hour": integer($0.lastHour),
                "total": integer($0.total),
            ])
        }
        return .members([
            "queues": .array(queues),
            "groups": .object(pulse.groups.sorted { $0.key < $1.key }.map { JSONMember($0.key, integer($0.value)) }),
            "leases": leases(pulse), "undetermined": undetermined(pulse), "intake": .array(intake), "writer": writer,
            "files": .members([
                "database_bytes": integer(pulse.databaseBytes), "log_bytes": integer(pulse.logBytes),
                "checkpoint_bytes": integer(pulse.checkpointBytes),
            ]),
            "refused": .array(refused), "policy_lag": pulse.policyLag.map { integer($0) } ?? .null,
            "event_streams": integer(operations.subscribers),
            "evaluations": .members([
                "running": .array(operations.evaluations.map { .object($0.members) }),
                "queued": integer(operations.queuedEvaluations),
            ]),
            "trajectories": .object(
                ["batched", "buffered", "bytes", "queued"].map {
                    JSONMember($0, integer(pulse.trajectories[$0, default: 0]))
                }),
        ])
    }

    private func leases(_ pulse: LedgerPulse) -> JSONValue {
        let workers = pulse.workers.map { holder in
            JSONValue.members([
                "worker": .string(holder.worker), "kind": .string(holder.kind.rawValue),
                "leases": integer(holder.count), "oldest_seconds": since(holder.oldest),
                "expires_in_seconds": .finite(Double(holder.nextExpiry.milliseconds - now.milliseconds) / 1000),
            ])
        }
        let ended = operations.endings.map {
            JSONValue.members([
                "kind": .string($0.kind.rawValue), "ending": .string($0.ending), "leases": integer($0.count),
            ])
        }
        let alive = LeaseKind.allCases.map { JSONMember($0.rawValue, integer(pulse.leases[$0, default: 0])) }
        return .members(["alive": .object(alive), "workers": .array(workers), "ended_last_hour": .array(ended)])
    }

    private func undetermined(_ pulse: LedgerPulse) -> JSONValue {
        func share(_ value: Double?) -> JSONValue { value.map { .finite($0) } ?? .null }
        let classes = InfrastructureFailure.Code.allCases.map {
            JSONMember($0.rawValue, integer(pulse.undetermined[$0, default: 0]))
        }
        return .members([
            "share": share(undeterminedShare),
            "share_last_15_minutes": share(OperationsReport.undeterminedShare(operations.recentVerdicts)),
            "share_last_hour": share(OperationsReport.undeterminedShare(operations.hourVerdicts)),
            "by_class": .object(classes),
        ])
    }

    private var writer: JSONValue {
        func milliseconds(_ seconds: Double?) -> JSONValue { seconds.map { .finite($0 * 1000) } ?? .null }
        return .members([
            "pending_writes": integer(operations.pendingWrites), "pending_bytes": integer(operations.pendingBytes),
            "commit_milliseconds_p50": milliseconds(operations.commitMedian),
            "commit_milliseconds_p99": milliseconds(operations.commit99),
        ])
    }

    private func since(_ moment: Timestamp) -> JSONValue {
        .finite(max(0, Double(now.milliseconds - moment.milliseconds) / 1000))
    }
}

private func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
