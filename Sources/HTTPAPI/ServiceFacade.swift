// What the routes need of the service. RolloutService is the one implementation; the tests of overload and failure have
// another, because a real service cannot be made to fail on demand.
import Domain
import Service
import StrictJSON

/// The use cases behind the routes. Methods throw `InputError` for the client's faults and `ServiceError` otherwise.
package protocol ServiceFacade: Sendable {
    /// Scores without storing; results keep the order of the items.
    func score(_ items: [ScoreItem], scheme: RewardScheme, by caller: Caller) async throws -> [ScoreResult]

    /// Runs a program for its output and charges the caller. With `goOn`, it is asked after each input whether to go on.
    func run(
        _ program: ProgramRun, by caller: Caller, goOn: (@Sendable (Int, ProgramResult) -> Bool)?
    ) async throws -> ProgramReport
    /// The value that a grader gives a sample, or why nothing can be said.
    func grade(_ grader: Grader, sample: String, item: JSONValue, by caller: Caller) async throws -> GraderReport
    /// The program in a completion, or nil.
    func program(in completion: String, language: CodeTask.Language) -> String?
    /// The version of the interpreter that runs Python, as `3.11.2`; nil when code cannot be run.
    func interpreterVersion() -> String?

    /// Stores prompts; one answer for each, in order.
    func submit(prompts: [PromptSubmission]) async throws -> [Result<PromptReceipt, InputError>]
    /// A prompt, or `not_found`.
    func prompt(_ id: PromptID) async throws -> Prompt
    /// A prompt without its task, or `not_found`.
    func askedPrompt(_ id: PromptID) async throws -> AskedPrompt
    /// A page of prompts in the order in which they came.
    func prompts(dataset: String?, after: PromptID?, limit: Int) async throws -> PromptPage

    /// Stores demonstrations; one answer for each, in order.
    func submit(demonstrations: [DemonstrationSubmission]) async throws -> [Result<DemonstrationReceipt, InputError>]
    /// A page of demonstrations in the order in which they came.
    func demonstrations(dataset: String?, after: DemonstrationID?, limit: Int) async throws -> [Demonstration]
    /// How many demonstrations there are.
    func demonstrationCount(dataset: String?) async throws -> Int

    /// Leases work, waiting for it as long as asked; nil when there is none.
    func lease(_ request: LeaseRequest) async throws -> Lease?
    /// Moves a lease's deadline to so many seconds from now; nil is the default.
    func heartbeat(_ id: LeaseID, seconds: Double?) async throws -> Lease
    /// Gives a lease's unfinished work back.
    func release(_ id: LeaseID) async throws
    /// Takes the verdicts of a scoring lease; one answer for each, in order.
    func record(
        verdicts: [(rolloutID: RolloutID, attempt: Int, verdict: Verdict)], lease: LeaseID
    ) async throws -> [Result<RolloutStatus, InputError>]

    /// A page of leases, newest first.
    func leases(matching filter: LeaseFilter, before cursor: Int64?, limit: Int) async throws -> LeasePage
    /// A lease with the work that it still holds, or `not_found`.
    func leaseDetail(_ id: LeaseID) async throws -> LeaseDetail
    /// The times that a rollout was handed to a judge, oldest first.
    func attempts(of id: RolloutID) async throws -> [WorkAttempt]
    /// Workers, the last seen first.
    func workers(kind: LeaseKind?, limit: Int) async throws -> [WorkerRecord]

    /// Opens groups by name; one answer for each, in order.
    func open(groups: [GroupSubmission]) async throws -> [Result<GroupReceipt, InputError>]
    /// A page of groups, newest first.
    func groups(matching filter: GroupQuery, before cursor: Int64?, limit: Int) async throws -> GroupPage
    /// The names of data sets that have prompts, in the order of the alphabet.
    func datasetNames(limit: Int) async throws -> [String]
    /// A group with its members and the leases it was in, or `not_found`.
    func groupDetail(_ id: GroupID) async throws -> GroupDetail

    /// Opens discarded groups again and sends undetermined rollouts back to the judges.
    func requeue(_ selection: WorkSelection) async throws -> SteeredWork
    /// Takes work out that no update has consumed.
    func discard(_ selection: WorkSelection) async throws -> SteeredWork
    /// Ends a lease and gives its work to others.
    func revoke(_ id: LeaseID) async throws -> SteeredWork
    /// Lets parts rest, from their next step on and over restarts.
    func pause(_ parts: Set<ServicePart>, reason: String) async throws
    /// Lets parts work again.
    func resume(_ parts: Set<ServicePart>) async throws
    /// Which parts rest.
    func switchState() -> ServiceSwitchState
    /// Begins nothing new; what is under way comes to its end.
    func drain() async throws -> DrainReport
    /// How far a drain is.
    func drainReport() async throws -> DrainReport

    /// Stores rollouts and returns once they are durable; one answer for each, in order.
    func submit(rollouts: [RolloutSubmission], by caller: Caller) async throws -> [Result<RolloutReceipt, InputError>]
    /// A rollout, or `not_found`; waits so many seconds until it is judged.
    func rollout(_ id: RolloutID, waitSeconds: Double) async throws -> Rollout
    /// A page of rollouts, newest first.
    func rollouts(matching filter: RolloutFilter, before cursor: Int64?, limit: Int) async throws -> RolloutPage
    /// A page of a listing, newest first.
    func listRollouts(matching filter: RolloutFilter, before cursor: Int64?, limit: Int) async throws -> RolloutListing
    /// A page of rollouts, oldest first, with what an export of this shape needs.
    func exportRollouts(
        matching filter: RolloutFilter, from cursor: Int64, limit: Int, shape: ExportShape
    ) async throws -> ExportPage
    /// Puts stored rollouts back into the queue, or only counts them.
    func rescore(_ filter: RolloutFilter, limit: Int, isDryRun: Bool) async throws -> RescoreReceipt
    /// Requests to judge again, newest first, and where the next page begins.
    func rescores(before cursor: Int64?, limit: Int) async throws -> (records: [RescoreRecord], nextCursor: Int64?)
    /// How far a request is and what it changed, or `not_found`.
    func rescoreReport(_ id: RescoreID) async throws -> RescoreReport
    /// All judgements of a rollout, oldest first.
    func judgements(of id: RolloutID) async throws -> [JudgementRecord]

    /// Samples from the in-process model, for all requests from one policy; ends early when the task is cancelled.
    func complete(_ requests: [CompletionRequest]) async throws -> [CompletionResult]
    /// The same, told while it is sampled; what refuses the requests is thrown before the first token.
    func stream(_ requests: [CompletionRequest]) async throws -> CompletionStream
    /// Ends the completions under way, or waits for their end.
    func settleCompletions(_ how: CompletionSettling) async throws
    /// The in-process model, or nil before it is there.
    func modelDescription() -> ModelDescription?
    /// The text of each token under the in-process model's tokenizer; empty when they are not its tokens.
    func tokenTexts(_ ids: [Int32]) -> [String]
    /// Models that clients train step by step; nil where there are none.
    var clientTraining: ClientTraining? { get }
    /// A page of policies, newest first.
    func policyRecords(before: PolicyVersion?, limit: Int) async throws -> [PolicyRecord]
    /// Policies whose weights are kept, newest first.
    func keptPolicies(limit: Int) async throws -> [PolicyRecord]
    /// The weights of a version.
    func weights(of version: PolicyVersion) async throws -> PolicyWeights

    /// The learner's state and hyper-parameters.
    func learnerReport() -> LearnerReport
    /// Changes hyper-parameters by name from the next update on; all or none.
    func changeLearner(_ changes: [JSONMember]) async throws
    /// The last changes of the hyper-parameters, newest first.
    func learnerChanges(limit: Int) async throws -> [LearnerChangeRecord]
    /// Pauses or resumes learning.
    func setLearner(isPaused: Bool) throws
    /// The version that a target means now; throws when there is none to go back to.
    func keptVersion(of target: RollbackTarget) async throws -> PolicyVersion
    /// Goes back to an earlier policy at the next update boundary.
    func rollBackLearner(to version: PolicyVersion)
    /// A page of updates, newest first.
    func updates(before: PolicyVersion?, limit: Int) async throws -> [UpdateRecord]
    /// The last evaluations.
    func evaluations(limit: Int) async throws -> [EvaluationRecord]

    /// Begins an evaluation of a data set, or goes on with the one of the same settings.
    func beginEvaluation(_ request: EvaluationRequest) async throws -> EvaluationStatus
    /// The last evaluations of data sets, newest first.
    func evaluationRuns(limit: Int) async throws -> [EvaluationStatus]
    /// How far an evaluation is, or `not_found`.
    func evaluationRun(_ id: EvaluationID) async throws -> EvaluationStatus
    /// Goes on with a stopped or failed evaluation.
    func resumeEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus
    /// Ends an evaluation for now.
    func stopEvaluation(_ id: EvaluationID) async throws -> EvaluationStatus
    /// The report of an evaluation as it stands, beside another one where that is named.
    func evaluationReport(_ id: EvaluationID, comparedWith other: EvaluationID?) async throws -> EvaluationReport

    /// Updates from one version to another (nil: from the first, to the newest), evenly thinned to `points`.
    func updateSeries(from: Int?, to: Int?, points: Int) async throws -> UpdateSeries
    /// The accuracies of the in-process model's versions on data sets, of the last evaluations.
    func policyAccuracies(limit: Int) async throws -> PolicyAccuracyList
    /// The runs that can be compared: the ledgers of a directory, and this one.
    func runCatalogue() async throws -> RunCatalogue
    /// Some numbers of some of these runs from one version to another, at most so many points of each.
    func runCurves(of runs: [RunSummary], metrics: [String], from: Int?, to: Int?, points: Int) async -> [RunCurves]
    /// The evaluations of policies from one version to another, oldest first.
    func evaluations(from: PolicyVersion, to: PolicyVersion, limit: Int) async throws -> [EvaluationRecord]
    /// Recorded tokens beyond the clip range, newest update first, whole updates.
    func keptTokens(before: PolicyVersion?, limit: Int) async throws -> [KeptTokenRecord]
    /// The recorded tokens of one rollout, in order of their place.
    func keptTokens(of id: RolloutID) async throws -> [KeptTokenRecord]
    /// The numbers of a rollout's tokens under the weights that its update began with or left; may be pending.
    func tokenReport(of rollout: Rollout, prompt: AskedPrompt, basis: TokenBasis) async throws -> TokenReport

    /// Makes a backup in the server's directory for them.
    func backUp(name: String?, keep: Int?) async throws -> BackupRecord
    /// The backups there, newest first.
    func backups() throws -> [BackupRecord]
    /// Deletes the groups that a policy, or the service's own, no longer keeps; or only counts them.
    func applyRetention(_ policy: RetentionPolicy?, isDryRun: Bool, limit: Int) async throws -> RetentionReport
    /// The stored keys and what they have used; asked at every request.
    var access: AccessControl { get }
    /// Makes a key, which counts at once.
    func createKey(_ request: KeyRequest, by caller: Caller, requestID: String?) async throws -> IssuedKey
    /// All keys, newest first.
    func keys() async throws -> [KeyRecord]
    /// Revokes a key from now on, or `not_found`.
    func revokeKey(_ id: KeyID, by caller: Caller, requestID: String?) async throws -> KeyRecord
    /// A page of the audit log, newest first.
    func auditEntries(before: Int64?, limit: Int) async throws -> [AuditEntry]
    /// Adds a line to the audit log.
    func append(audit entry: AuditEntry) async throws

    /// Registers a trainer of Atropos and returns a number for it.
    func register(trainer: TrainerRegistration) async throws -> UInt128
    /// The run of the registered trainer, or nil.
    func trajectoryRun() async throws -> TrajectoryRun?
    /// Registers an environment; nil while no trainer has asked for a batch.
    func register(environment: EnvironmentRegistration) async throws -> EnvironmentReceipt?
    /// Notes that an environment is gone; false when there is none of that number.
    func disconnect(environment id: Int64) async throws -> Bool
    /// The queue as an environment sees it, or nil when there is none of that number.
    func environmentQueue(of id: Int64) async throws -> EnvironmentQueue?
    /// Stores groups of sequences; `taken` is to be called when the client has the answer, and dropped.
    func post(
        trajectories: TrajectoryPost
    ) async throws -> (receipt: TrajectoryReceipt, taken: @Sendable () -> Void)
    /// Hands out the oldest batch; `taken` is to be called when the trainer has all of it, and dropped.
    func takeBatch(
        acknowledging acknowledgement: BatchAcknowledgement, seconds: Double
    ) async throws -> (offer: BatchOffer, taken: @Sendable () async throws -> Void)
    /// The JSON of one group, or nil when it is no longer there.
    func trajectoryText(_ seq: Int64) async throws -> [UInt8]?
    /// The JSON of the group that entered the queue last, or nil.
    func latestTrajectory() async throws -> [UInt8]?
    /// Forgets the run, its environments, every group and every batch.
    func clearTrajectories() async throws

    /// Everything the status page shows, from memory.
    func status() -> StatusSnapshot
    /// What must be there before work is useful.
    func readiness() -> [ReadinessCheck]
    /// Counters, histograms and gauges in the Prometheus text format.
    func prometheusText() -> String
    /// A stream of events after the one named, or of what happens from now on.
    func events(after id: String?, types: Set<EventType>) async throws -> EventFeed
    /// Told of each request that was answered 429 or 503.
    func noteRefusal(status: Int, code: String)
}

extension ServiceFacade {
    /// Without a model no token has a text.
    package func tokenTexts(_ ids: [Int32]) -> [String] { [] }
    /// Most services are no trainers.
    package var clientTraining: ClientTraining? { nil }
}

/// The learner as the wire shows it.
package struct LearnerReport: Sendable {
    /// One hyper-parameter.
    package struct Field: Sendable {
        package var name: String
        package var value: JSONValue
        /// What it does.
        package var summary: String
        /// Which values it takes.
        package var allowed: String
        package init(name: String, value: JSONValue, summary: String, allowed: String) {
            self.name = name
            self.value = value
            self.summary = summary
            self.allowed = allowed
        }
    }

    package var phase: LearnerPhase
    package var detail: String?
    package var isPaused: Bool
    package var policyVersion: PolicyVersion?
    /// The version to go back to at the next update boundary.
    package var pendingRollback: PolicyVersion?
    /// The stage of the run, when it has stages.
    package var stage: String?
    package var fields: [Field]
    package init(
        phase: LearnerPhase, detail: String?, isPaused: Bool, policyVersion: PolicyVersion?,
        pendingRollback: PolicyVersion? = nil, stage: String? = nil, fields: [Field]
    ) {
        self.phase = phase
        self.detail = detail
        self.isPaused = isPaused
        self.policyVersion = policyVersion
        self.pendingRollback = pendingRollback
        self.stage = stage
        self.fields = fields
    }
}
