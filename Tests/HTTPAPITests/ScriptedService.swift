// A service in memory that keeps the rules of the real one and fails on demand. RealServiceTests has one that stores and judges.
import Domain
import HTTPAPI
@testable import Service
import Storage
import StrictJSON
import Synchronization

final class ScriptedService: ServiceFacade {
    struct State {
        var prompts: [PromptID: Prompt] = [:]
        var demonstrations: [Demonstration] = []
        var rollouts: [RolloutID: Rollout] = [:]
        var leases: [LeaseID: Lease] = [:]
        var scored: [ScoreItem] = []
        var completions: [CompletionRequest] = []
        /// Time before each piece of a streamed completion, and how many come before it fails.
        var pieceDelay: Duration?
        var piecesMax: Int?
        /// What was asked to become of completions under way.
        var settled: [CompletionSettling] = []
        var settings: [String: JSONValue] = ["learning_rate": .double(6e-5), "objective": .string("gppo")]
        var phase = LearnerPhase.sampling
        var isPaused = false
        var rollback: PolicyVersion?
        var isReady = true
        var failure: (any Error)?
        var delay: Duration?
        /// Calls whose task was cancelled while they were slow.
        var cancelled = 0
        /// What was answered 429 or 503, as `429 overloaded`.
        var refusals: [String] = []
        /// Events that go on; without it there are two, and the end.
        var hub: EventHub?
        var nextID = 0
        var keys: [KeyRecord] = []
        var storedKeys: [StoredKey] = []
        var audit: [AuditEntry] = []
        var switches = ServiceSwitchState()
    }

    let state = Mutex(State())
    let access = AccessControl(clock: WallClock { Timestamp(milliseconds: 1_700_000_000_000) })
    let time = Timestamp(milliseconds: 1_700_000_000_000)
    let currentVersion = PolicyVersion(3)

    /// Makes every later call throw; nil ends that.
    func fail(_ error: (any Error)?) { state.withLock { $0.failure = error } }

    /// Makes every later call slow.
    func delay(_ duration: Duration?) { state.withLock { $0.delay = duration } }

    func enter() async throws {
        let (failure, delay) = state.withLock { ($0.failure, $0.delay) }
        do {
            if let delay { try await Task.sleep(for: delay) }
        } catch {
            state.withLock { $0.cancelled += 1 }
            throw error
        }
        if let failure { throw failure }
    }

    private func fresh(_ prefix: String) -> String {
        state.withLock {
            $0.nextID += 1
            return "\(prefix)-\($0.nextID)"
        }
    }

    // MARK: Scoring and prompts

    func score(_ items: [ScoreItem], scheme: RewardScheme, by caller: Caller) async throws -> [ScoreResult] {
        try await enter()
        state.withLock { $0.scored += items }
        return items.map { item in
            let verdict: Verdict =
                item.response.contains("undetermined")
                ? .undetermined(.init(code: .sandboxUnavailable, message: "no sandbox"))
                : item.response.contains("boxed") ? .passed("equal", extracted: "3/4") : .failed("no answer was found")
            return ScoreResult(
                verdict: verdict, reward: scheme.reward(for: verdict, response: item.response),
                elapsedMilliseconds: 0.25)
        }
    }

    func submit(prompts: [PromptSubmission]) async throws -> [Result<PromptReceipt, InputError>] {
        try await enter()
        return prompts.map { submission in
            let id = submission.id ?? PromptID(fresh("prm"))
            let prompt = Prompt(
                id: id, dataset: submission.dataset, content: submission.content, task: submission.task,
                metadata: submission.metadata, createdAt: time)
            return state.withLock { state in
                guard let stored = state.prompts[id] else {
                    state.prompts[id] = prompt
                    return .success(PromptReceipt(id: id, isNew: true))
                }
                guard stored == prompt else {
                    return .failure(InputError(.conflict, "another prompt has the id \(id)", field: "id"))
                }
                return .success(PromptReceipt(id: id, isNew: false))
            }
        }
    }

    func prompt(_ id: PromptID) async throws -> Prompt {
        try await enter()
        if let prompt = state.withLock({ $0.prompts[id] }) { return prompt }
        // The one that the scripted group is of.
        guard id == PromptID("p") else { throw InputError(.notFound, "there is no prompt \(id)") }
        return Prompt(
            id: id, dataset: "d", content: .text("2+2?"), task: .math(MathTask(answers: ["4"])), metadata: .object([]),
            createdAt: time)
    }

    func prompts(dataset: String?, after: PromptID?, limit: Int) async throws -> PromptPage {
        try await enter()
        let all = state.withLock { $0.prompts.values.sorted { $0.id.text < $1.id.text } }
        let rest = all.filter { (dataset == nil || $0.dataset == dataset) && $0.id.text > (after?.text ?? "") }
        let page = Array(rest.prefix(limit))
        return PromptPage(prompts: page, nextAfter: rest.count > limit ? page.last?.id : nil)
    }

    // MARK: Demonstrations

    func submit(
        demonstrations: [DemonstrationSubmission]
    ) async throws -> [Result<DemonstrationReceipt, InputError>] {
        try await enter()
        return demonstrations.map { submission in
            let id = submission.id ?? DemonstrationID(fresh("dem"))
            let stored = Demonstration(
                id: id, dataset: submission.dataset, content: submission.content, response: submission.response,
                metadata: submission.metadata, createdAt: time)
            state.withLock { $0.demonstrations.append(stored) }
            return .success(DemonstrationReceipt(id: id, isNew: true))
        }
    }

    func demonstrations(dataset: String?, after: DemonstrationID?, limit: Int) async throws -> [Demonstration] {
        try await enter()
        return Array(
            state.withLock { $0.demonstrations }.filter { dataset == nil || $0.dataset == dataset }.prefix(limit))
    }

    func demonstrationCount(dataset: String?) async throws -> Int {
        try await enter()
        return state.withLock { $0.demonstrations }.count { dataset == nil || $0.dataset == dataset }
    }

    // MARK: Leases

    func lease(_ request: LeaseRequest) async throws -> Lease? {
        try await enter()
        let id = LeaseID(fresh("lse"))
        return state.withLock { state in
            guard let prompt = state.prompts.values.min(by: { $0.id.text < $1.id.text }) else { return nil }
            var lease = Lease(
                id: id, kind: request.kind, worker: request.worker, expiresAt: time.adding(seconds: 120), attempt: 1,
                groups: [], rollouts: [], policyVersion: currentVersion)
            switch request.kind {
            case .generate: lease.groups = [LeasedGroup(id: GroupID("grp-1"), prompt: prompt.asked, rollouts: 8)]
            case .score:
                lease.rollouts = state.rollouts.values.prefix(1).map {
                    ScoringWork(rolloutID: $0.id, response: $0.response, task: prompt.task, attempt: 1)
                }
            }
            state.leases[id] = lease
            return lease
        }
    }

    func heartbeat(_ id: LeaseID, seconds: Double?) async throws -> Lease {
        try await enter()
        guard let lease = state.withLock({ $0.leases[id] }) else {
            throw InputError(.notFound, "there is no lease \(id)")
        }
        return lease
    }

    func release(_ id: LeaseID) async throws {
        _ = try await heartbeat(id, seconds: nil)
        state.withLock { $0.leases[id] = nil }
    }

    func record(
        verdicts: [(rolloutID: RolloutID, attempt: Int, verdict: Verdict)], lease: LeaseID
    ) async throws -> [Result<RolloutStatus, InputError>] {
        _ = try await heartbeat(lease, seconds: nil)
        return verdicts.map { item in
            item.attempt == 1
                ? .success(.scored) : .failure(InputError(.staleLease, "handed out again since", field: "attempt"))
        }
    }

    // MARK: Rollouts

    func submit(
        rollouts: [RolloutSubmission], by caller: Caller
    ) async throws -> [Result<RolloutReceipt, InputError>] {
        try await enter()
        return rollouts.map { submission in
            let id = submission.id ?? RolloutID(fresh("rlt"))
            return state.withLock { store(submission, id: id, in: &$0) }
        }
    }

    private func store(
        _ submission: RolloutSubmission, id: RolloutID, in state: inout State
    ) -> Result<RolloutReceipt, InputError> {
        guard state.prompts[submission.promptID] != nil else {
            return .failure(InputError(.notFound, "there is no prompt \(submission.promptID)", field: "prompt_id"))
        }
        guard submission.policyVersion <= currentVersion else {
            return .failure(
                InputError(.stalePolicy, "policy \(submission.policyVersion) was never made", field: "policy_version"))
        }
        let rollout = Rollout(
            id: id, promptID: submission.promptID, groupID: submission.groupID ?? GroupID("grp-1"),
            response: submission.response, tokenIDs: submission.tokenIDs, logprobs: submission.logprobs,
            policyVersion: submission.policyVersion, finishReason: submission.finishReason,
            generator: submission.generator,
            metadata: submission.metadata, status: .scored, verdict: .passed("equal", extracted: "4"), reward: 1,
            advantage: nil, consumedByUpdate: nil, createdAt: time)
        if let stored = state.rollouts[id] {
            guard stored == rollout else {
                return .failure(InputError(.conflict, "another rollout has the id \(id)", field: "id"))
            }
            return .success(RolloutReceipt(id: id, groupID: rollout.groupID, status: .scored, isNew: false))
        }
        state.rollouts[id] = rollout
        return .success(RolloutReceipt(id: id, groupID: rollout.groupID, status: .queued, isNew: true))
    }

    func rollout(_ id: RolloutID, waitSeconds: Double) async throws -> Rollout {
        try await enter()
        guard let rollout = state.withLock({ $0.rollouts[id] }) else {
            throw InputError(.notFound, "there is no rollout \(id)")
        }
        return rollout
    }

    func rollouts(matching filter: RolloutFilter, before cursor: Int64?, limit: Int) async throws -> RolloutPage {
        try await enter()
        let all = state.withLock { $0.rollouts.values.sorted { $0.id.text < $1.id.text } }
        return RolloutPage(
            rollouts: Array(all.filter { filter.status == nil || $0.status == filter.status }.prefix(limit)),
            nextCursor: nil)
    }

    func exportRollouts(
        matching filter: RolloutFilter, from cursor: Int64, limit: Int, shape: ExportShape
    ) async throws -> ExportPage {
        try await enter()
        let all = state.withLock { $0.rollouts.values.sorted { $0.id.text < $1.id.text } }
        let page = Array(all.dropFirst(Int(cursor)).prefix(limit))
        let next = Int(cursor) + page.count
        return ExportPage(
            rows: page.map { ExportedRollout(rollout: $0) }, nextCursor: next < all.count ? Int64(next) : nil)
    }

    func judgements(of id: RolloutID) async throws -> [JudgementRecord] {
        [JudgementRecord(verdict: .passed("equal"), reward: 1, attempt: 1, createdAt: time, isCurrent: true)]
    }

    // MARK: Model

    func complete(_ requests: [CompletionRequest]) async throws -> [CompletionResult] {
        try await enter()
        state.withLock { $0.completions += requests }
        return requests.map { request in
            let top = [(52, "4", -0.25), (60, "5", -1.5), (61, "5", -2)].prefix(request.topLogprobs).map {
                CompletionResult.Alternative(tokenID: $0.0, text: $0.1, logprob: Float($0.2))
            }
            let choice = CompletionResult.Choice(
                text: "4é", tokenIDs: [52, 1], logprobs: [-0.25, -0.1], tokenTexts: ["4", "é"],
                topLogprobs: top.isEmpty ? [] : [top, top], finishReason: .stop)
            return CompletionResult(
                version: request.version ?? currentVersion, promptTokenIDs: [5, 6, 7],
                promptLogprobs: request.echo ? [nil, -1, -2] : nil,
                promptTokenTexts: request.echo ? ["2", "+", "2"] : nil, promptText: "2+2",
                choices: Array(repeating: choice, count: request.count))
        }
    }

    func modelDescription() -> ModelDescription? {
        ModelDescription(name: "tiny", parameterCount: 1_000, vocabularySize: 300, contextLength: 256)
    }

    func policyRecords(before: PolicyVersion?, limit: Int) async throws -> [PolicyRecord] {
        try await enter()
        return (0...3).reversed().map {
            PolicyRecord(version: PolicyVersion($0), createdAt: time, hasCheckpoint: $0 > 1)
        }
        .filter { before == nil || $0.version < before ?? currentVersion }.prefix(limit).map { $0 }
    }

    // MARK: Learner and status

    func learnerReport() -> LearnerReport {
        state.withLock { state in
            LearnerReport(
                phase: state.phase, detail: nil, isPaused: state.isPaused, policyVersion: currentVersion,
                pendingRollback: state.rollback,
                fields: state.settings.sorted { $0.key < $1.key }.map {
                    .init(name: $0.key, value: $0.value, summary: "a setting", allowed: "any")
                })
        }
    }

    func changeLearner(_ changes: [JSONMember]) async throws {
        try await enter()
        try state.withLock { state in
            for change in changes where state.settings[change.name] == nil {
                throw InputError(.unknownField, "there is no setting \(change.name)", field: change.name)
            }
            for change in changes { state.settings[change.name] = change.value }
        }
    }

    func learnerChanges(limit: Int) async throws -> [LearnerChangeRecord] {
        try await enter()
        return [
            LearnerChangeRecord(
                createdAt: time, afterVersion: currentVersion, cause: .request,
                changes: [.init(name: "objective", before: .string("gppo"), after: .string("cispo"))])
        ]
    }

    func setLearner(isPaused: Bool) throws {
        try state.withLock { state in
            guard state.phase != .off else { throw ServiceError(.conflict, "the learner is off") }
            state.isPaused = isPaused
        }
    }

    func keptVersion(of target: RollbackTarget) async throws -> PolicyVersion {
        try await enter()
        guard case .version(let version) = target else { return currentVersion }
        guard version <= currentVersion else {
            throw InputError(.notFound, "the weights of policy \(version) are not kept", field: "rollback_to")
        }
        return version
    }

    func rollBackLearner(to version: PolicyVersion) { state.withLock { $0.rollback = version } }

    func updates(before: PolicyVersion?, limit: Int) async throws -> [UpdateRecord] {
        try await enter()
        return [
            UpdateRecord(version: currentVersion, createdAt: time, objective: "gppo", metrics: [.init("loss", 0.5)])
        ]
    }

    func status() -> StatusSnapshot {
        let board = StatusBoard(startedAt: time, databasePath: "/tmp/x.sqlite")
        board.update { snapshot in
            snapshot.policyVersion = currentVersion
            snapshot.model = modelDescription()
            snapshot.counts = LedgerCounts(
                prompts: 1, rollouts: [.queued: 1], verdicts: ["math": [.passed: 1]], openGroups: 0, leasedGroups: 1)
            snapshot.storage = StorageStatus(
                size: LedgerSize(fileBytes: 8_192, freeBytes: 4_096), policy: RetentionPolicy(days: 30),
                intakeRefusal: nil)
            snapshot.kinds = [KindStatus(kind: "integer", accuracy: 0.5, variedGroups: 0.5, isAsleep: false)]
        }
        return withEvaluations(board.snapshot())
    }

    func readiness() -> [ReadinessCheck] {
        [ReadinessCheck(name: "ledger", isReady: state.withLock { $0.isReady }, detail: "open")]
    }

    func prometheusText() -> String {
        var text = MetricsText()
        Counters().write(to: &text)
        return text.text
    }

    /// Two events that have happened, and the end: a service that has stopped.
    func events(after id: String?, types: Set<EventType>) async throws -> EventFeed {
        try await enter()
        let position: EventPosition? = if let id { try EventPosition(id) } else { nil }
        let given = state.withLock { $0.hub }
        let hub = given ?? EventHub(epoch: "run-1", newest: 0)
        guard let place = EventPlace(hub) else { throw ServiceError(.overloaded, "full") }
        let start = hub.newest
        if given == nil {
            hub.publish(.alarm, .members(["at": .string(time.rfc3339), "message": .string("entropy fell")]))
            hub.publish(.limitReached, .members(["at": .string(time.rfc3339), "refused": .array([])]))
            hub.stop()
        }
        return EventFeed(
            hub: hub, ledger: nil, types: types, position: position ?? start, place: place,
            pace: .init(heartbeatSeconds: 0.05, gatherSeconds: 0))
    }

    func noteRefusal(status: Int, code: String) { state.withLock { $0.refusals.append("\(status) \(code)") } }
}
