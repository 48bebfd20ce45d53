// Leases, workers and groups as people look at them.
import Domain
import Learning
import Storage

extension RolloutService {
    /// A page of leases, newest first.
    package func leases(matching filter: LeaseFilter, before cursor: Int64?, limit: Int) async throws -> LeasePage {
        try await inLedger { try await $0.leases(matching: filter, before: cursor, limit: limit) }
    }

    /// A lease with the work that it still holds, or `not_found`.
    package func leaseDetail(_ id: LeaseID) async throws -> LeaseDetail {
        try await inLedger { try await $0.leaseDetail(id) }
    }

    /// The times that a rollout was handed to a judge, oldest first.
    package func attempts(of id: RolloutID) async throws -> [WorkAttempt] {
        try await inLedger { try await $0.attempts(of: id) }
    }

    /// Workers, the last seen first.
    package func workers(kind: LeaseKind?, limit: Int) async throws -> [WorkerRecord] {
        try await inLedger { try await $0.workers(kind: kind, limit: limit) }
    }

    /// Opens groups by name; one answer for each, in order.
    package func open(groups: [GroupSubmission]) async throws -> [Result<GroupReceipt, InputError>] {
        try refuseWhenStopping()
        try refuseWhenPaused(.intake)
        let groupSize = learner.settings.groupSize
        let version = policies.newestVersion ?? PolicyVersion(0)
        return try await inLedger { try await $0.open(groups: groups, groupSize: groupSize, version: version) }
    }

    /// A page of groups, newest first.
    package func groups(matching filter: GroupQuery, before cursor: Int64?, limit: Int) async throws -> GroupPage {
        try await inLedger { try await $0.groups(matching: filter, before: cursor, limit: limit) }
    }

    /// A group with its members and the leases it was in, or `not_found`.
    package func groupDetail(_ id: GroupID) async throws -> GroupDetail {
        try await inLedger { try await $0.groupDetail(id) }
    }
}
