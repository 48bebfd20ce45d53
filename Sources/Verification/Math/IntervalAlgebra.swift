// Unions of intervals as sets: complement, intersection and difference. Ends must be constants that can be put in order.

/// Operations on unions of intervals whose ends live in one pool.
struct IntervalAlgebra {
    private var evaluator: Evaluator
    private let pool: ExpressionPool

    init(_ pool: ExpressionPool) {
        self.pool = pool
        evaluator = Evaluator(pool)
    }

    /// One end as a place on the line: infinities are -1 and 1, numbers 0 with their value.
    private struct Place {
        var infinity: Int
        var value: Ball
        var node: NodeID?
    }

    /// The reals without a union; nil when an end has no order.
    mutating func complement(of intervals: [Interval]) -> [Interval]? {
        guard pool.work.spend(100 + 250 * intervals.count), let ordered = sorted(intervals) else { return nil }
        var rest: [Interval] = []
        // Where the part not yet covered begins, nil for minus infinity.
        var begin: (end: IntervalEnd, place: Place)? = (
            IntervalEnd(value: nil, isClosed: false), Place(infinity: -1, value: Ball.one, node: nil)
        )
        for (interval, low, high) in ordered {
            guard let from = begin else { break }
            let gap = order(from.place, low)
            let isPoint = gap == 0 && from.end.isClosed && !interval.low.isClosed && from.place.infinity == 0
            if gap < 0 || isPoint {
                let end = IntervalEnd(value: interval.low.value, isClosed: !interval.low.isClosed && low.infinity == 0)
                rest.append(Interval(low: from.end, high: end))
            }
            if high.infinity == 1 {
                begin = nil
            } else if order(from.place, high) < 0 || order(from.place, high) == 0 && from.end.isClosed {
                begin = (IntervalEnd(value: interval.high.value, isClosed: !interval.high.isClosed), high)
            }
        }
        if let from = begin { rest.append(Interval(low: from.end, high: IntervalEnd(value: nil, isClosed: false))) }
        return rest
    }

    /// What two unions have in common.
    mutating func intersection(_ a: [Interval], _ b: [Interval]) -> [Interval]? {
        guard let x = complement(of: a), let y = complement(of: b) else { return nil }
        return complement(of: x + y)
    }

    /// The first union without the second.
    mutating func difference(_ a: [Interval], _ b: [Interval]) -> [Interval]? {
        guard let rest = complement(of: b) else { return nil }
        return intersection(a, rest)
    }

    private mutating func sorted(_ intervals: [Interval]) -> [(Interval, Place, Place)]? {
        var places: [(Interval, Place, Place)] = []
        for interval in intervals {
            guard let low = place(interval.low, isLow: true), let high = place(interval.high, isLow: false) else {
                return nil
            }
            let gap = order(low, high)
            if gap < 0 || gap == 0 && interval.low.isClosed && interval.high.isClosed {
                places.append((interval, low, high))
            }
        }
        return places.sorted { a, b in
            let gap = order(a.1, b.1)
            return gap < 0 || gap == 0 && a.0.low.isClosed && !b.0.low.isClosed
        }
    }

    private mutating func place(_ end: IntervalEnd, isLow: Bool) -> Place? {
        guard let node = end.value else { return Place(infinity: isLow ? -1 : 1, value: Ball.one, node: nil) }
        if let sign = IdentityTest(pool).infinitySign(node) { return Place(infinity: sign, value: Ball.one, node: nil) }
        guard !pool[node].traits.contains(.symbol) else { return nil }
        let point = EvaluationPoint(index: 0, domain: .positive, isStrictlyReal: true)
        let value = evaluator.value(of: node, at: point)
        return value.isFinite && value.isReal ? Place(infinity: 0, value: value, node: node) : nil
    }

    private func order(_ a: Place, _ b: Place) -> Int {
        if a.infinity != b.infinity || a.infinity != 0 {
            return a.infinity < b.infinity ? -1 : a.infinity > b.infinity ? 1 : 0
        }
        let difference = a.value - b.value
        return difference.isZero ? 0 : difference.real.negative ? -1 : 1
    }
}
