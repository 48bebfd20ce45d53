// What the log-prob gate refused, in words for the owners of the generators. The rollouts are consumed all the same; only
// this says why they taught nothing.
import Domain
import Learning

/// The refusals of one update, by generator.
struct RefusedRollouts {
    /// A sentence for each generator: how many, and the likely cause in the first of them.
    let sentences: [String: String]

    init(_ outcome: UpdateOutcome, groups: [TrainingGroup]) {
        var found: [String: (count: Int, cause: String)] = [:]
        for refused in outcome.excluded where refused.fault == .implausible {
            guard groups.indices.contains(refused.group),
                let rollout = groups[refused.group].rollouts.first(where: { $0.id == refused.id })
            else { continue }
            found[rollout.generator, default: (0, "\(refused.id): \(refused.detail)")].count += 1
        }
        sentences = Dictionary(
            uniqueKeysWithValues: found.map { generator, refusal in
                let many = refusal.count == 1 ? "1 rollout" : "\(refusal.count) rollouts"
                return (generator, "\(many) of the generator \(generator) were not learned from; \(refusal.cause)")
            })
    }
}
