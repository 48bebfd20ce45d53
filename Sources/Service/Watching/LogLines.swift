// The log lines by which one rollout can be followed from its post to its update, with ids under the same names everywhere.
// Ids only: no line has a prompt, a response or anything of a request but its id.
import Domain
import Logging
import StrictJSON

/// What log lines know of the request that they were written for.
package enum LogContext {
    /// The id of the request that this task answers.
    @TaskLocal package static var requestID: String?
}

extension Logger {
    /// A line at `info` with the request's id, when there is one. Its metadata is made only when the line is written.
    func follow(_ message: Message, _ metadata: () -> Metadata) {
        guard logLevel <= .info else { return }
        var metadata = metadata()
        if let id = LogContext.requestID { metadata["request"] = .string(id) }
        info(message, metadata: metadata)
    }
}

extension Logger {
    /// One line for the rollouts of a post that were stored; a post again has nothing new.
    func accepted(_ receipts: [Result<RolloutReceipt, InputError>]) {
        guard logLevel <= .info else { return }
        let new = receipts.compactMap { try? $0.get() }.filter(\.isNew)
        guard !new.isEmpty else { return }
        follow("rollouts accepted") {
            [
                "rollouts": .array(new.map { .string($0.id.text) }),
                "groups": .array(Set(new.map(\.groupID.text)).sorted().map { .string($0) }),
            ]
        }
    }

    /// One line for a lease that was given.
    func given(_ lease: Lease) {
        follow("lease given") {
            [
                "lease": .string(lease.id.text), "kind": .string(lease.kind.rawValue), "worker": .string(lease.worker),
                "groups": .array(lease.groups.map { .string($0.id.text) }),
                "rollouts": .array(lease.rollouts.map { .string($0.rolloutID.text) }),
            ]
        }
    }

    /// One line for the verdicts of a lease that were stored.
    func judged(_ results: [ScoringResult], _ answers: [Result<RolloutStatus, InputError>], lease: LeaseID) {
        guard logLevel <= .info else { return }
        let stored = zip(results, answers).compactMap { result, answer in (try? answer.get()).map { (result, $0) } }
        guard !stored.isEmpty else { return }
        follow("rollouts judged") {
            [
                "lease": .string(lease.text), "rollouts": .array(stored.map { .string($0.0.rolloutID.text) }),
                "verdicts": .array(stored.map { .string($0.0.verdict.outcome.rawValue) }),
                "statuses": .array(stored.map { .string($0.1.rawValue) }),
            ]
        }
    }

    /// One line for an update, and one for each group that it took.
    func updated(_ record: UpdateRecord, groups: [ConsumedGroup]) {
        follow("update committed") {
            [
                "update": .stringConvertible(record.version.number), "objective": .string(record.objective),
                "groups": .stringConvertible(groups.count),
            ]
        }
        for group in groups {
            follow("group consumed") {
                [
                    "update": .stringConvertible(record.version.number), "group": .string(group.id.text),
                    "fate": .string(group.fate.rawValue),
                    "rollouts": .array(group.advantages.keys.map(\.text).sorted().map { .string($0) }),
                ]
            }
        }
    }

    /// One line for something that the ledger keeps as an event.
    func happened(_ event: LedgerEvent) {
        var line: Metadata = [:]
        for member in event.data {
            switch (event.type, member.name, member.value) {
            case (.groupReady, "group_id", .string(let id)): line["group"] = .string(id)
            case (.leaseEnded, "lease_id", .string(let id)): line["lease"] = .string(id)
            case (.leaseEnded, "worker", .string(let text)): line["worker"] = .string(text)
            case (.leaseEnded, "ending", .string(let text)): line["ending"] = .string(text)
            case (.policyPublished, "version", .integer(let version)): line["policy"] = .stringConvertible(version)
            default: break
            }
        }
        guard !line.isEmpty else { return }
        let message: Message =
            event.type == .groupReady ? "group ready" : event.type == .leaseEnded ? "lease ended" : "policy published"
        info(message, metadata: line)
    }
}
