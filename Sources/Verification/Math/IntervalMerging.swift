// Unions in one canonical form: `[2,3] \cup [3,5]` is `[2,5]`. Only constant ends can be put in order.

extension AnswerComparison {
    /// The union with overlapping and touching pieces joined; unchanged when its ends cannot be ordered.
    mutating func merged(_ intervals: [Interval]) -> [Interval] {
        guard intervals.count > 1 else { return intervals }
        var pieces: [(interval: Interval, low: Ball?, high: Ball?)] = []
        for interval in intervals {
            guard let low = bound(interval.low), let high = bound(interval.high) else { return intervals }
            pieces.append((interval, low.value, high.value))
        }
        pieces.sort { a, b in
            guard let x = a.low, let y = b.low else { return a.low == nil && b.low != nil }
            return order(x, y) < 0
        }
        var joined = [pieces[0]]
        for piece in pieces.dropFirst() {
            let last = joined[joined.count - 1]
            guard let end = last.high, let start = piece.low else {
                // Without an upper end the rest lies inside; a second piece without a lower end may reach farther.
                if last.high != nil { joined[joined.count - 1] = widened(last, piece) }
                continue
            }
            let gap = order(start, end)
            let touches = gap < 0 || gap == 0 && (last.interval.high.isClosed || piece.interval.low.isClosed)
            if touches { joined[joined.count - 1] = widened(last, piece) } else { joined.append(piece) }
        }
        return joined.map(\.interval)
    }

    private typealias Piece = (interval: Interval, low: Ball?, high: Ball?)

    /// The first piece reaching as far as the farther of both.
    private func widened(_ a: Piece, _ b: Piece) -> Piece {
        var result = a
        guard let x = a.high else { return a }
        guard let y = b.high else {
            result.interval.high = b.interval.high
            result.high = nil
            return result
        }
        let gap = order(y, x)
        if gap > 0 || gap == 0 && b.interval.high.isClosed {
            result.interval.high = b.interval.high
            result.high = y
        }
        return result
    }

    /// The value of an end, whose value is nil for infinity; nil when it is no real constant.
    private mutating func bound(_ end: IntervalEnd) -> (value: Ball?, Void)? {
        guard let node = end.value else { return (nil, ()) }
        guard !identity.hasSymbols(node) else { return nil }
        let point = EvaluationPoint(index: 0, domain: .positive, isStrictlyReal: true)
        let value = identity.evaluator.value(of: node, at: point)
        return value.isFinite && value.isReal ? (value, ()) : nil
    }

    private func order(_ a: Ball, _ b: Ball) -> Int {
        let difference = a - b
        return difference.isZero ? 0 : difference.real.negative ? -1 : 1
    }
}
