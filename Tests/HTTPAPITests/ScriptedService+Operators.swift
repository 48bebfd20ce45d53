// The scripted service's leases, groups and switches as operators see them.
import Domain
import HTTPAPI
import Service
import Synchronization

extension ScriptedService {
    private var moment: Timestamp { Timestamp(milliseconds: 1_700_000_000_000) }

    private var leaseRecord: LeaseRecord {
        LeaseRecord(
            id: LeaseID("lse-1"), kind: .score, worker: "judge-a", attempt: 1, createdAt: moment,
            expiresAt: moment.adding(seconds: 120), endedAt: moment, ending: .released, taken: 2, held: 0)
    }

    private var attempt: WorkAttempt {
        WorkAttempt(
            leaseID: LeaseID("lse-1"), worker: "judge-a", attempt: 1, takenAt: moment, endedAt: nil, outcome: nil)
    }

    private var groupRecord: GroupRecord {
        GroupRecord(
            id: GroupID("grp-1"), promptID: PromptID("p"), dataset: "d", size: 8, memberCount: 1, status: .open,
            fate: nil, oldestVersion: PolicyVersion(3), consumedByUpdate: nil, attempt: 1, leaseID: LeaseID("lse-1"),
            createdAt: moment)
    }

    func leases(matching filter: LeaseFilter, before cursor: Int64?, limit: Int) async throws -> LeasePage {
        try await enter()
        return LeasePage(leases: [leaseRecord], nextCursor: 7)
    }

    func leaseDetail(_ id: LeaseID) async throws -> LeaseDetail {
        try await enter()
        return LeaseDetail(record: leaseRecord, groups: [], rollouts: [RolloutID("r-1")])
    }

    func attempts(of id: RolloutID) async throws -> [WorkAttempt] {
        try await enter()
        return [attempt]
    }

    func workers(kind: LeaseKind?, limit: Int) async throws -> [WorkerRecord] {
        try await enter()
        return [
            WorkerRecord(
                name: "judge-a", kind: .score, aliveLeases: 1, leases: 3, done: 2, lost: 1, firstSeen: moment,
                lastSeen: moment)
        ]
    }

    func open(groups: [GroupSubmission]) async throws -> [Result<GroupReceipt, InputError>] {
        try await enter()
        return groups.map {
            .success(GroupReceipt(id: $0.id ?? GroupID("grp-9"), size: $0.size ?? 8, status: .open, isNew: true))
        }
    }

    func groups(matching filter: GroupQuery, before cursor: Int64?, limit: Int) async throws -> GroupPage {
        try await enter()
        return GroupPage(groups: filter.dataset == "nope" ? [] : [groupRecord], nextCursor: nil)
    }

    func groupDetail(_ id: GroupID) async throws -> GroupDetail {
        try await enter()
        let member = GroupMember(
            id: RolloutID("r-1"), status: .scored, outcome: .passed, reward: 1, advantage: nil,
            policyVersion: PolicyVersion(3))
        return GroupDetail(record: groupRecord, members: [member], attempts: [attempt])
    }

    func requeue(_ selection: WorkSelection) async throws -> SteeredWork {
        try await enter()
        return SteeredWork(groups: 1, rollouts: 8)
    }

    func discard(_ selection: WorkSelection) async throws -> SteeredWork {
        try await enter()
        return SteeredWork(groups: 1, rollouts: 8)
    }

    func revoke(_ id: LeaseID) async throws -> SteeredWork {
        try await enter()
        return SteeredWork(groups: 1, rollouts: 0)
    }

    func pause(_ parts: Set<ServicePart>, reason: String) async throws {
        try await enter()
        state.withLock { for part in parts { $0.switches.paused[part] = reason } }
    }

    func resume(_ parts: Set<ServicePart>) async throws {
        try await enter()
        state.withLock { for part in parts { $0.switches.paused[part] = nil } }
    }

    func switchState() -> ServiceSwitchState { state.withLock { $0.switches } }

    func drain() async throws -> DrainReport { try await drainReport() }

    func drainReport() async throws -> DrainReport {
        try await enter()
        return DrainReport(isDraining: true, waiting: 1, judging: 0, leasedGroups: 0, isLearnerResting: true)
    }

    func backUp(name: String?, keep: Int?) async throws -> BackupRecord {
        try await enter()
        return BackupRecord(
            name: name ?? "b.sqlite", path: "/backups/b.sqlite", bytes: 4096, checkpoints: 1, createdAt: time)
    }

    func backups() throws -> [BackupRecord] {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return [BackupRecord(name: "b.sqlite", path: "/backups/b.sqlite", bytes: 4096, checkpoints: 1, createdAt: time)]
    }

    func evaluations(limit: Int) async throws -> [EvaluationRecord] {
        try await enter()
        return [
            EvaluationRecord(
                version: currentVersion, kind: "math", prompts: 10, samples: 0, greedyAccuracy: 0.5,
                averageAccuracy: nil,
                passAtK: nil, undetermined: 0, learningSeconds: 1, createdAt: time)
        ]
    }
}
