// Whose work goes to the judges next: deficit round robin over the keys with waiting rollouts (Shreedhar and Varghese, 1996).
// One key's flood of 20,000 then costs another's 8 a turn, not the whole queue. Knows no database.
import Domain

/// A key with work before the judges.
struct WaitingLane: Sendable, Equatable {
    var lane: Int64
    var waiting: Int
    /// Turns beside a key of weight 1.
    var weight: Int
}

/// How many rollouts of a key go into a lease.
struct LaneShare: Sendable, Equatable {
    var lane: Int64
    var count: Int
}

/// Remembers between two leases whose turn it is and what is left of it.
struct ScoringTurns: Sendable {
    /// The lane whose turn is under way.
    private var current: Int64?
    /// What the lane may still take in this turn.
    private var rest = 0

    /// Divides up to `count` places among lanes, which come in the order of their numbers; a share a lane.
    mutating func take(_ count: Int, from lanes: [WaitingLane]) -> [LaneShare] {
        var waiting = Dictionary(uniqueKeysWithValues: lanes.map { ($0.lane, $0.waiting) })
        var taken: [Int64: Int] = [:]
        var left = min(count, lanes.reduce(0) { $0 + $1.waiting })
        while left > 0, let lane = turn(among: lanes, waiting) {
            let share = min(left, rest, waiting[lane.lane, default: 0])
            taken[lane.lane, default: 0] += share
            waiting[lane.lane, default: 0] -= share
            rest -= share
            left -= share
        }
        return lanes.compactMap { lane in taken[lane.lane].map { LaneShare(lane: lane.lane, count: $0) } }
    }

    /// The lane that goes on with its turn, or the next one with work, whose turn then begins.
    private mutating func turn(among lanes: [WaitingLane], _ waiting: [Int64: Int]) -> WaitingLane? {
        func hasWork(_ lane: WaitingLane) -> Bool { waiting[lane.lane, default: 0] > 0 }
        if rest > 0, let lane = lanes.first(where: { $0.lane == current }), hasWork(lane) { return lane }
        let last = current ?? .min
        guard let next = lanes.first(where: { $0.lane > last && hasWork($0) }) ?? lanes.first(where: hasWork) else {
            return nil
        }
        current = next.lane
        rest = Limits.laneQuantum * next.weight
        return next
    }
}
