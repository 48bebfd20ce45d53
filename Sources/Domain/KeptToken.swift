// Tokens beyond the clip range in the direction their advantage pushes, as an update met them: clipping drops their gradient,
// GPPO keeps it at the bound. Values only.

/// One such token, with the numbers of the step that learned from it.
package struct KeptToken: Sendable, Equatable {
    package var rolloutID: RolloutID
    /// Its place in the response, from 0.
    package var position: Int
    /// The response's tokens around it, itself included; at most `Limits.keptContextBefore` before and `keptContextAfter` after.
    package var context: [Int32]
    /// Its place in `context`.
    package var contextPlace: Int
    /// ln p when it was sampled, and under the weights that the step began with.
    package var behaviour: Double
    package var logprob: Double
    /// Of the distribution it was drawn from, under the weights that the step began with, in nats.
    package var entropy: Double
    /// Of its rollout.
    package var advantage: Double
    /// The importance ratio.
    package var ratio: Double
    /// d loss / d ln p from the policy objective alone; 0 where the method drops it.
    package var gradient: Double

    package init(
        rolloutID: RolloutID, position: Int, context: [Int32], contextPlace: Int, behaviour: Double, logprob: Double,
        entropy: Double, advantage: Double, ratio: Double, gradient: Double
    ) {
        self.rolloutID = rolloutID
        self.position = position
        self.context = context
        self.contextPlace = contextPlace
        self.behaviour = behaviour
        self.logprob = logprob
        self.entropy = entropy
        self.advantage = advantage
        self.ratio = ratio
        self.gradient = gradient
    }

    /// Above the range with a positive advantage: a step that clipping stops encouraging. Otherwise below with a negative one:
    /// a step that clipping stops discouraging.
    package var isAbove: Bool { advantage > 0 }

    /// Whether the method kept its gradient.
    package var isKept: Bool { gradient != 0 }

    /// How telling it is: the advantage times how far the policy has moved on it, in nats.
    package var weight: Double { abs(advantage) * abs(logprob - behaviour) }
}

/// A recorded token with the update that met it.
package struct KeptTokenRecord: Sendable, Equatable {
    package var token: KeptToken
    /// The version that the update made, and its objective.
    package var update: PolicyVersion
    package var objective: String
    package var groupID: GroupID

    package init(token: KeptToken, update: PolicyVersion, objective: String, groupID: GroupID) {
        self.token = token
        self.update = update
        self.objective = objective
        self.groupID = groupID
    }
}

/// Updates across a range of versions, and the whole range that there is.
package struct UpdateSeries: Sendable, Equatable {
    /// The first and last version that an update made; nil when there is none.
    package var whole: ClosedRange<Int>?
    /// Oldest first; evenly thinned where there are more than were asked for.
    package var updates: [UpdateRecord]

    package init(whole: ClosedRange<Int>?, updates: [UpdateRecord]) {
        self.whole = whole
        self.updates = updates
    }
}
