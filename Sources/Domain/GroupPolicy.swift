// What becomes of groups that do not come out as planned: members that stay away, that nobody can judge, or that are old.

/// What happens to a group whose policy has become too old for an update.
package enum StaleGroupChoice: String, Sendable, CaseIterable {
    /// It is retired with its rollouts.
    case drop
    /// It stays as it is: a larger `max_staleness` makes it usable again.
    case withhold
    /// It is retired, and its prompt is handed out again before new ones.
    case requeue
}

/// The rules for groups that lack members.
package struct GroupPolicy: Sendable, Equatable {
    /// With how many judged members a leased group may close once its time is over; 0 waits for all.
    package var quorum: Int
    /// Seconds since a group was opened after which the quorum suffices.
    package var quorumSeconds: Double
    /// Whether a leased group is handed out again for members that nobody could judge.
    package var replacesFailed: Bool
    package var stale: StaleGroupChoice

    package init(
        quorum: Int = 0, quorumSeconds: Double = 60, replacesFailed: Bool = false, stale: StaleGroupChoice = .drop
    ) {
        self.quorum = quorum
        self.quorumSeconds = quorumSeconds
        self.replacesFailed = replacesFailed
        self.stale = stale
    }
}
