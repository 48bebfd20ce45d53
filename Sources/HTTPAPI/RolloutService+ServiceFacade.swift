// RolloutService behind the routes' protocol: two methods change their shape, the rest fit as they are.
import Service
import StrictJSON

extension RolloutService: ServiceFacade {
    /// The learner's view with its settings as JSON.
    package func learnerReport() -> LearnerReport {
        let view = learnerView()
        return LearnerReport(
            phase: view.phase, detail: view.detail, isPaused: view.isPaused, policyVersion: view.policyVersion,
            pendingRollback: view.pendingRollback, stage: view.stage,
            fields: view.settings.map {
                .init(
                    name: $0.name, value: LearnerSettingsText.json(of: $0.value), summary: $0.summary,
                    allowed: $0.allowed)
            })
    }

    /// Settings from JSON members.
    package func changeLearner(_ changes: [JSONMember]) async throws {
        try await changeLearner(try LearnerSettingsText.values(changes))
    }
}
