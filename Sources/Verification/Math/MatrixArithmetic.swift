// Sums, products and multiples of matrices that an answer leaves unevaluated.
import Domain

extension AnswerReader {
    /// A range with at least one matrix and something besides: `2A`, `A + B`, `AB` with written matrices.
    mutating func readMatrixExpression(_ low: Int, _ high: Int) -> AnswerForm? {
        guard (low..<high).contains(where: { kind($0) == .beginMatrix }) else { return nil }
        var total: [[NodeID]]?
        var begin = low
        var isNegative = false
        let cuts = matrixLevelSigns(low, high)
        for cut in cuts + [high] {
            if begin < cut {
                guard let term = matrixTerm(begin, cut) else { return nil }
                guard let sum = accumulate(total, term, isNegative) else { return nil }
                total = sum
            }
            isNegative = kind(cut) == .minus
            begin = cut + 1
        }
        return total.map { rows in .matrix(rows.map { $0.map { .expression($0) } }, isDeterminant: false) }
    }

    /// Plus and minus signs outside matrices and brackets.
    private func matrixLevelSigns(_ low: Int, _ high: Int) -> [Int] {
        topLevel(low, high) { $0 == .plus || $0 == .minus }
    }

    /// Scalars and matrices multiplied.
    private mutating func matrixTerm(_ low: Int, _ high: Int) -> [[NodeID]]? {
        var product: [[NodeID]]?
        var scalar: NodeID?
        var index = low
        var scalarStart = low
        while index < high {
            let isBracketed =
                (kind(index) == .openParenthesis || kind(index) == .openBracket) && kind(index + 1) == .beginMatrix
            guard kind(index) == .beginMatrix || isBracketed, let close = partner(index) else {
                index = (partner(index).map { $0 > index ? $0 : index } ?? index) + 1
                continue
            }
            guard let scale = scalarPart(scalarStart, index, scalar) else { return nil }
            scalar = scale.node
            guard let entries = matrixEntries(index, close + 1) else { return nil }
            if let left = product {
                guard let next = multiply(left, entries) else { return nil }
                product = next
            } else {
                product = entries
            }
            index = close + 1
            scalarStart = index
        }
        guard let scale = scalarPart(scalarStart, high, scalar), let product else { return nil }
        guard let factor = scale.node else { return product }
        return product.map { $0.map { pool.binary(.multiply, factor, $0) } }
    }

    /// The scalar so far times the one in a range, which may be empty or a mere sign of multiplication.
    private mutating func scalarPart(_ low: Int, _ high: Int, _ scalar: NodeID?) -> (node: NodeID?, Void)? {
        var (low, high) = (low, high)
        while low < high, kind(low) == .times { low += 1 }
        while low < high, kind(high - 1) == .times { high -= 1 }
        guard low < high else { return (scalar, ()) }
        guard let factor = expression(low, high) else { return nil }
        return (scalar.map { pool.binary(.multiply, $0, factor) } ?? factor, ())
    }

    private mutating func matrixEntries(_ low: Int, _ high: Int) -> [[NodeID]]? {
        guard case .matrix(let rows, false)? = readEnvironment(low, high), let width = rows.first?.count, width <= 16,
            rows.count <= 16,
            rows.allSatisfy({ $0.count == width })
        else { return nil }
        var entries: [[NodeID]] = []
        for row in rows {
            var nodes: [NodeID] = []
            for entry in row {
                guard case .expression(let node) = entry else { return nil }
                nodes.append(node)
            }
            entries.append(nodes)
        }
        return entries
    }

    mutating func multiply(_ a: [[NodeID]], _ b: [[NodeID]]) -> [[NodeID]]? {
        guard let inner = a.first?.count, inner == b.count, let width = b.first?.count else { return nil }
        var rows: [[NodeID]] = []
        for row in a {
            var entries: [NodeID] = []
            for column in 0..<width {
                var sum: NodeID?
                for index in 0..<inner {
                    let product = pool.binary(.multiply, row[index], b[index][column])
                    sum = sum.map { pool.binary(.add, $0, product) } ?? product
                }
                guard let sum else { return nil }
                entries.append(sum)
            }
            rows.append(entries)
        }
        return rows
    }

    private mutating func accumulate(_ total: [[NodeID]]?, _ term: [[NodeID]], _ isNegative: Bool) -> [[NodeID]]? {
        guard let total else { return isNegative ? term.map { $0.map { pool.unary(.negate, $0) } } : term }
        guard total.count == term.count, total.first?.count == term.first?.count else { return nil }
        var rows: [[NodeID]] = []
        for (x, y) in zip(total, term) {
            var entries: [NodeID] = []
            for (left, right) in zip(x, y) { entries.append(pool.binary(isNegative ? .subtract : .add, left, right)) }
            rows.append(entries)
        }
        return rows
    }
}
