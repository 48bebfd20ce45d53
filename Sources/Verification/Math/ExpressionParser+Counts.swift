// Determinants, and the notations of counting that look like names: `C_8^3`, `A_5^2`, `C(5,2)`, `{}_5C_2`.
import Domain

extension ExpressionParser {
    /// `C_8^3`, `C_{8}^{3}`, `C^3_8`, `A_5^2`, `C(5,2)`: whole numbers only; the letter has been read. Nil when it is none.
    mutating func parseCount(_ letter: UInt8) throws(ParseFailure) -> NodeID? {
        let operation: Operation
        switch letter {
        case 0x43: operation = .binomial
        case 0x41, 0x50: operation = .permutations
        default: return nil
        }
        let start = position
        if let (total, chosen) = scriptPair() { return countOf(operation, total, chosen) }
        position = start
        if let (total, chosen) = bracketPair(letter) { return countOf(operation, total, chosen) }
        position = start
        return nil
    }

    /// `{}_5C_2`, `^5P_2`: the larger number stands before the letter.
    mutating func parsePrefixedCount() throws(ParseFailure) -> NodeID {
        position += 1
        guard let total = wholeGroup(), let letter = token, letter.kind == .letter || letter.kind == .upright,
            letter.payload == 0x43 || letter.payload == 0x50
        else { throw .notAnExpression }
        position += 1
        guard token?.kind == .lowered else { throw .notAnExpression }
        position += 1
        guard let chosen = wholeGroup(), !total.isLess(than: chosen) else { throw .notAnExpression }
        return countOf(letter.payload == 0x43 ? .binomial : .permutations, total, chosen)
    }

    private mutating func countOf(_ operation: Operation, _ total: ExactNumber, _ chosen: ExactNumber) -> NodeID {
        let top = pool.number(total)
        let bottom = pool.number(chosen)
        return pool.binary(operation, top, bottom)
    }

    /// An index and a power, both whole numbers, of which the index is the larger.
    private mutating func scriptPair() -> (ExactNumber, ExactNumber)? {
        var lower: ExactNumber?
        var upper: ExactNumber?
        for _ in 0..<2 {
            guard let sign = token?.kind, sign == .lowered || sign == .power else { return nil }
            position += 1
            guard let value = wholeGroup() else { return nil }
            if sign == .lowered { lower = value } else { upper = value }
        }
        guard let lower, let upper, !lower.isLess(than: upper) else { return nil }
        return (lower, upper)
    }

    /// `(5,2)` or `(5 2)` behind a C.
    private mutating func bracketPair(_ letter: UInt8) -> (ExactNumber, ExactNumber)? {
        guard letter == 0x43, token?.kind == .openParenthesis, let close = partner, close == position + 4,
            peek(2)?.kind == .comma
        else { return nil }
        position += 1
        guard let total = wholeGroup() else { return nil }
        position += 1
        guard let chosen = wholeGroup() else { return nil }
        position += 1
        return total.isLess(than: chosen) ? nil : (total, chosen)
    }

    /// One whole number, in braces or bare.
    private mutating func wholeGroup() -> ExactNumber? {
        let isBraced = token?.kind == .openBrace
        if isBraced { position += 1 }
        guard let number = token, number.kind == .number, answer.numbers.indices.contains(Int(number.payload)),
            answer.numbers[Int(number.payload)].isPlainInteger
        else { return nil }
        position += 1
        if isBraced {
            guard token?.kind == .closeBrace else { return nil }
            position += 1
        }
        return answer.numbers[Int(number.payload)].value
    }

    /// `\frac{dy}{dx}` is `y'` and `\frac{d^2y}{dx^2}` is `y''`: the letters d do not cancel.
    mutating func derivative() -> NodeID? {
        guard let top = differential(at: position + 1), let bottom = differential(at: top.next),
            top.sign == bottom.sign,
            top.order == bottom.order
        else { return nil }
        position = bottom.next
        let isPartial = top.sign != [0x64]
        let marks = [UInt8](repeating: 0x27, count: top.order)
        return pool.symbol(isPartial ? top.sign + top.name + [0x2F] + bottom.name + marks : top.name + marks)
    }

    /// `{dy}`, `{d^2y}`, `{dx^2}`, `{\partial x}` at a place: the sign, what is differentiated, how often, and what follows.
    private func differential(at start: Int) -> (sign: [UInt8], name: [UInt8], order: Int, next: Int)? {
        guard start < end, answer.tokens[start].kind == .openBrace, answer.partner[start] > start else { return nil }
        let close = Int(answer.partner[start])
        guard close - start <= 8, close < end else { return nil }
        var names: [[UInt8]] = []
        var order = 1
        for token in answer.tokens[(start + 1)..<close] {
            switch token.kind {
            case .letter, .upright: names.append([UInt8(truncatingIfNeeded: token.payload)])
            case .name: names.append(answer.name(token))
            case .power, .openBrace, .closeBrace: continue
            case .number:
                guard let power = answer.numbers[Int(token.payload)].value.integer, power == 2 || power == 3 else {
                    return nil
                }
                order = power
            default: return nil
            }
        }
        guard names.count == 2, names[0] == [0x64] || names[0].elementsEqual("partial".utf8) else { return nil }
        return (names[0], names[1], order, close + 1)
    }

    /// A determinant between bars, by expansion along rows; up to four rows.
    mutating func parseDeterminant() throws(ParseFailure) -> NodeID {
        guard let close = partner else { throw .notAnExpression }
        var rows: [[NodeID]] = [[]]
        var start = position + 1
        var index = start
        while index <= close {
            let kind = answer.tokens[index].kind
            if index == close || kind == .ampersand || kind == .newRow {
                if index == close, start == index, rows.last?.isEmpty ?? true {
                    rows.removeLast()
                } else {
                    guard start < index else { throw .notAnExpression }
                    rows[rows.count - 1].append(try parseInside(from: start, to: index, next: index))
                }
                if kind == .newRow { rows.append([]) }
                start = index + 1
                index += 1
                continue
            }
            let match = Int(answer.partner[index])
            index = match > index && match < close ? match + 1 : index + 1
        }
        position = close + 1
        guard (1...4).contains(rows.count), rows.allSatisfy({ $0.count == rows.count }) else { throw .notAnExpression }
        return pool.determinant(rows)
    }
}

extension ExpressionPool {
    /// The determinant of a square matrix of at most four rows, by expansion along the first row.
    mutating func determinant(_ rows: [[NodeID]]) -> NodeID {
        guard rows.count > 1, let first = rows.first else { return rows.first?.first ?? number(.zero) }
        var total: NodeID?
        for (column, entry) in first.enumerated() {
            let minor = rows.dropFirst().map { row in row.indices.filter { $0 != column }.map { row[$0] } }
            let term = binary(.multiply, entry, determinant(minor))
            total = total.map { binary(column % 2 == 0 ? .add : .subtract, $0, term) } ?? term
        }
        return total ?? number(.zero)
    }
}
