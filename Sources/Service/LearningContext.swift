// What the learning loop works with, all of it shared with other parts of the service.
import Domain
import Learning
import Logging
import Modeling
import Storage

/// The learning loop's surroundings.
package struct LearningContext: Sendable {
    let ledger: Ledger
    let judge: Judge
    let policies: PolicyStore
    let sampler: Sampler
    let checkpoints: CheckpointDirectory
    let learner: LearnerControl
    let board: StatusBoard
    let counters: Counters
    let changes: ChangeSignal
    let switches: ServiceSwitches
    let settings: ServiceSettings
    let clock: WallClock
    let events: LearningEventHandler
    let logger: Logger

    package init(
        ledger: Ledger, judge: Judge, policies: PolicyStore, sampler: Sampler, checkpoints: CheckpointDirectory,
        learner: LearnerControl, board: StatusBoard, counters: Counters, changes: ChangeSignal,
        switches: ServiceSwitches, settings: ServiceSettings, clock: WallClock, events: @escaping LearningEventHandler,
        logger: Logger
    ) {
        self.ledger = ledger
        self.judge = judge
        self.policies = policies
        self.sampler = sampler
        self.checkpoints = checkpoints
        self.learner = learner
        self.board = board
        self.counters = counters
        self.changes = changes
        self.switches = switches
        self.settings = settings
        self.clock = clock
        self.events = events
        self.logger = logger
    }

    /// Counts what became of an update's groups.
    func count(_ outcome: UpdateOutcome) {
        counters.increment(.updates)
        let tokens = outcome.metrics.first { $0.name == "tokens" }?.value ?? 0
        counters.increment(.tokensTrained, by: Int(tokens))
        for group in outcome.groups {
            switch group.fate {
            case .trained: counters.increment(.groupsTrained)
            case .zeroVariance: counters.increment(.groupsFiltered)
            case .unusable: counters.increment(.groupsUnusable)
            case .stale: counters.increment(.groupsStale)
            }
        }
    }
}
