// The use cases of rolloutd, as every surface sees them (HTTP, commands, tests). Knows no HTTP and no SQL.
import Domain
import Learning
import Logging
import Modeling
import Storage

/// The whole service behind one value: holds what the use cases share and offers one method for each.
///
/// Methods throw `InputError` for the client's faults and `ServiceError` for everything else.
package struct RolloutService: Sendable {
    let ledger: Ledger
    let judge: Judge
    let policies: PolicyStore
    /// One engine for the learner, the evaluations and the completions.
    let sampler: Sampler
    let completions: CompletionPlaces
    /// Models that clients train step by step, beside the policy.
    package let clientTraining: ClientTraining?
    let backupTurn = BackupTurn()
    /// The evaluations of data sets that clients began.
    let desk = EvaluationDesk()
    let tokenReports = TokenReports()
    let accuracies = PolicyAccuracies()
    /// The ledgers of other runs.
    let library: RunLibrary
    let learner: LearnerControl
    let board: StatusBoard
    let counters: Counters
    /// Rises when rollouts were posted, judged, consumed or retired, and when a policy was published.
    let changes: ChangeSignal
    /// The stored keys and what they have used.
    package let access: AccessControl
    /// Where new keys come from; nil when none can be made here.
    let secrets: SecretSource?
    /// Which parts rest because an operator said so.
    let switches: ServiceSwitches
    /// Those who wait for one rollout's verdict.
    let waiters: RolloutWaiters
    let hub: EventHub
    let settings: ServiceSettings
    let clock: WallClock
    let identifiers: IdentifierSource
    let logger: Logger

    init(
        ledger: Ledger, judge: Judge, policies: PolicyStore, sampler: Sampler, learner: LearnerControl,
        board: StatusBoard, counters: Counters, changes: ChangeSignal, waiters: RolloutWaiters, hub: EventHub,
        access: AccessControl, secrets: SecretSource?, switches: ServiceSwitches,
        settings: ServiceSettings, clock: WallClock, identifiers: IdentifierSource, logger: Logger
    ) {
        self.ledger = ledger
        self.judge = judge
        let completions = CompletionPlaces()
        self.completions = completions
        clientTraining = ClientTraining(
            policies: policies, engine: sampler, places: completions, switches: switches,
            directory: settings.clientModelDirectory,
            counters: counters, threads: settings.computeThreads, clock: clock, identifiers: identifiers,
            logger: logger)
        library = RunLibrary(directory: settings.runDirectory, ownPath: settings.databasePath)
        self.policies = policies
        self.sampler = sampler
        self.learner = learner
        self.board = board
        self.counters = counters
        self.changes = changes
        self.access = access
        self.secrets = secrets
        self.switches = switches
        self.waiters = waiters
        self.hub = hub
        self.settings = settings
        self.clock = clock
        self.identifiers = identifiers
        self.logger = logger
    }

    /// Begins the shutdown: new work is refused, waiting requests are answered, loops end at their next step.
    package func beginShutdown() {
        learner.stop()
        waiters.wakeAll()
        hub.stop()
        desk.stopAll()
        Task { [clientTraining] in await clientTraining?.stop() }
    }

    /// Runs a ledger operation and puts its failures into this layer's words.
    func inLedger<Value>(_ work: (Ledger) async throws -> Value) async throws -> Value {
        do {
            return try await work(ledger)
        } catch let error as LedgerError {
            counters.increment(.ledgerFailures)
            throw ServiceError(ledger: error)
        }
    }
}
