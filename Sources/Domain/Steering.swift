// What an operator can make the service do with work and with itself. Values only.
import StrictJSON

/// A part of the service that can rest while the others go on.
package enum ServicePart: String, Sendable, CaseIterable, Comparable {
    /// New prompts, groups, demonstrations and rollouts.
    case intake
    /// Judging: the service's own, and leases of kind `score`.
    case scoring
    /// Leases of kind `generate`.
    case leasing
    /// Updates by the learner.
    case learning
    /// Completions that others ask for; the learner's own sampling goes on.
    case sampling

    package static func < (a: ServicePart, b: ServicePart) -> Bool { a.rawValue < b.rawValue }
}

/// Which work an operator means.
package struct WorkSelection: Sendable, Equatable {
    /// Rollouts by name; empty means all that the filter leaves.
    package var rolloutIDs: [RolloutID]
    package var filter: RolloutFilter
    /// Groups at most; more by more requests.
    package var limit: Int
    package init(rolloutIDs: [RolloutID] = [], filter: RolloutFilter = RolloutFilter(), limit: Int) {
        self.rolloutIDs = rolloutIDs
        self.filter = filter
        self.limit = limit
    }
}

/// How much work an operator's request has changed.
package struct SteeredWork: Sendable, Equatable {
    package var groups: Int
    package var rollouts: Int
    package init(groups: Int = 0, rollouts: Int = 0) {
        self.groups = groups
        self.rollouts = rollouts
    }

    /// `{"groups","rollouts"}`.
    package var json: JSONValue {
        .members(["groups": .integer(Int64(groups)), "rollouts": .integer(Int64(rollouts))])
    }

    /// Adds up what several pieces have changed.
    package static func += (a: inout SteeredWork, b: SteeredWork) {
        a.groups += b.groups
        a.rollouts += b.rollouts
    }
}
