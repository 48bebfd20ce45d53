// Lists with dots: `1, 2, \ldots, 10` is written out, `1, 2, 3, \ldots, n` keeps two items, the dots and the last.
import Domain

extension AnswerReader {
    /// The item that stands for dots.
    static let dots = AnswerForm.text([Array("...".utf8)])

    /// The items with dots written out where a whole arithmetic progression says what they stand for.
    mutating func withoutDots(_ items: [AnswerForm]) -> [AnswerForm] {
        guard let place = items.firstIndex(where: isDots), place > 0, items[(place + 1)...].allSatisfy({ !isDots($0) }),
            let first = value(items[0])
        else { return items }
        let step = place > 1 ? value(items[1])?.subtracting(first) : .one
        guard let step, !step.isZero, follows(items[..<place], first, step) else { return items }
        guard place + 1 < items.count else { return Array(items.prefix(2)) + [AnswerReader.dots] }
        guard place + 2 == items.count, let last = value(items[place + 1]),
            let count = last.subtracting(first)?.divided(by: step)?.integer, (1..<Limits.mathItemsMax).contains(count)
        else { return Array(items.prefix(min(2, place))) + items[place...] }
        var written: [AnswerForm] = []
        for index in 0...count {
            guard let offset = step.multiplied(by: ExactNumber(Int64(index))), let sum = first.adding(offset) else {
                return items
            }
            written.append(.expression(pool.number(sum)))
        }
        return written
    }

    private func isDots(_ form: AnswerForm) -> Bool {
        if case .text(let words) = form { return words == [Array("...".utf8)] }
        return false
    }

    private func value(_ form: AnswerForm) -> ExactNumber? {
        guard case .expression(let node) = form else { return nil }
        return pool.exact(node)
    }

    private func follows(_ items: ArraySlice<AnswerForm>, _ first: ExactNumber, _ step: ExactNumber) -> Bool {
        var expected: ExactNumber? = first
        for item in items {
            guard let found = value(item), found == expected else { return false }
            expected = expected?.adding(step)
        }
        return true
    }
}
