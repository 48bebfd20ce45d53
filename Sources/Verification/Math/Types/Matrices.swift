// Matrices, determinants and vectors: reading environments, transposes and powers, and comparing them with tuples and
// with sums of unit vectors.
import Domain

extension AnswerReader {
    /// A matrix, perhaps in brackets, or a piecewise answer.
    mutating func readEnvironment(_ low: Int, _ high: Int) -> AnswerForm? {
        if let form = readBracedRows(low, high) { return form }
        guard let open = kind(low), let close = partner(low), close == high - 1 else { return nil }
        if open == .openBracket || open == .openParenthesis, kind(low + 1) == .beginMatrix,
            partner(low + 1) == close - 1
        {
            return readEnvironment(low + 1, close)
        }
        if open == .beginCases { return readCases(low + 1, close) }
        guard open == .beginMatrix else { return nil }
        if answer.tokens[low].payload == 1, let value = expression(low, high) { return .expression(value) }
        var rows: [[AnswerForm]] = []
        for (start, end) in pieces(low + 1, close, .newRow) where stripped(start, end) != nil {
            var row: [AnswerForm] = []
            for (first, last) in pieces(start, end, .ampersand) {
                guard let entry = read(first, last) else { return nil }
                row.append(entry)
            }
            rows.append(row)
        }
        guard rows.count <= Limits.mathItemsMax, !rows.isEmpty else { return nil }
        return .matrix(rows, isDeterminant: answer.tokens[low].payload == 1)
    }

    /// `(1,2,3)^T`, `A^{-1}`, `A^2`, `\det A` for written matrices and vectors.
    mutating func readMatrixPower(_ low: Int, _ high: Int) -> AnswerForm? {
        if kind(low) == .unknown, answer.name(answer.tokens[low]).elementsEqual("det".utf8) {
            guard case .matrix(let rows, false)? = read(low + 1, high), let entries = square(rows) else { return nil }
            return .expression(pool.determinant(entries))
        }
        guard let first = kind(low), first == .beginMatrix || first == .openParenthesis || first == .openBracket,
            let close = partner(low), close + 1 < high, kind(close + 1) == .power
        else { return nil }
        let script = answer.tokens[(close + 2)..<high].filter { $0.kind != .openBrace && $0.kind != .closeBrace }
        guard let sign = script.first else { return nil }
        if script.count == 1, isTransposition(sign) {
            switch read(low, close + 1) {
            case .matrix(let rows, let isDeterminant)?: return .matrix(transposed(rows), isDeterminant: isDeterminant)
            case .tuple(let items, _, _)?: return .matrix(items.map { [$0] }, isDeterminant: false)
            default: return nil
            }
        }
        guard case .matrix(let rows, false)? = read(low, close + 1), let entries = square(rows),
            let exponent = expression(close + 2, high), let count = pool.exact(exponent)?.integer, count.magnitude <= 8
        else { return nil }
        return power(entries, count).map { rows in
            .matrix(rows.map { $0.map { .expression($0) } }, isDeterminant: false)
        }
    }

    private func isTransposition(_ token: MathToken) -> Bool {
        switch token.kind {
        case .letter, .upright: token.payload == 0x54 || token.payload == 0x74
        case .name: ["top", "intercal"].contains { answer.name(token).elementsEqual($0.utf8) }
        case .prime: true
        default: false
        }
    }

    private func transposed(_ rows: [[AnswerForm]]) -> [[AnswerForm]] {
        guard let width = rows.first?.count, rows.allSatisfy({ $0.count == width }) else { return rows }
        return (0..<width).map { column in rows.map { $0[column] } }
    }

    /// The entries of a square matrix of expressions with at most four rows.
    private func square(_ rows: [[AnswerForm]]) -> [[NodeID]]? {
        guard (1...4).contains(rows.count), rows.allSatisfy({ $0.count == rows.count }) else { return nil }
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

    /// A whole power; negative ones by the adjugate over the determinant.
    private mutating func power(_ rows: [[NodeID]], _ count: Int) -> [[NodeID]]? {
        guard count != 0 else { return nil }
        let base = count > 0 ? rows : inverse(rows)
        var result = base
        for _ in 1..<abs(count) {
            guard let next = multiply(result, base) else { return nil }
            result = next
        }
        return result
    }

    private mutating func inverse(_ rows: [[NodeID]]) -> [[NodeID]] {
        let whole = pool.determinant(rows)
        var result: [[NodeID]] = []
        for row in rows.indices {
            var entries: [NodeID] = []
            for column in rows.indices {
                // The cofactor of the mirrored place.
                let minor = rows.indices.filter { $0 != column }.map { other in
                    rows.indices.filter { $0 != row }.map { rows[other][$0] }
                }
                let cofactor = minor.isEmpty ? pool.number(.one) : pool.determinant(minor)
                let signed = (row + column) % 2 == 0 ? cofactor : pool.unary(.negate, cofactor)
                entries.append(pool.binary(.divide, signed, whole))
            }
            result.append(entries)
        }
        return result
    }
}

extension AnswerComparison {
    mutating func compareMatrices(_ a: [[AnswerForm]], _ b: [[AnswerForm]]) -> Agreement {
        rule = "matrices are compared entry by entry"
        guard a.count == b.count else { return .different }
        var result = Agreement.equal
        for (x, y) in zip(a, b) { result = result.and(compareInOrder(x, y)) }
        return result
    }

    /// A row or column against a tuple, or rows against a tuple of tuples.
    mutating func compareVector(_ matrix: [[AnswerForm]], with tuple: [AnswerForm]) -> Agreement {
        rule = "a vector against a tuple"
        if matrix.count == 1 { return compareInOrder(matrix[0], tuple) }
        if matrix.allSatisfy({ $0.count == 1 }) { return compareInOrder(matrix.map { $0[0] }, tuple) }
        rule = "a matrix against a tuple of its rows"
        var rows: [[AnswerForm]] = []
        for item in tuple {
            guard case .tuple(let row, _, _) = item else { return .different }
            rows.append(row)
        }
        return compareMatrices(matrix, rows)
    }

    /// Whether an expression is written with the unit vectors i, j, k.
    func isUnitVectorSum(_ node: NodeID) -> Bool {
        !pool.symbolNames(of: node).isDisjoint(with: AnswerComparison.unitVectors)
    }

    /// `3\hat{i} - 4\hat{j}` against the components.
    mutating func compareUnitVectors(_ node: NodeID, with components: [AnswerForm]) -> Agreement {
        rule = "a sum of unit vectors against components"
        guard components.count == 2 || components.count == 3 else { return .different }
        var total: NodeID?
        for (form, name) in zip(components, AnswerComparison.unitVectors) {
            guard case .expression(let component) = form else { return .different }
            let unit = pool.symbol(name)
            let term = pool.binary(.multiply, component, unit)
            total = total.map { pool.binary(.add, $0, term) } ?? term
        }
        guard let total else { return .different }
        refresh()
        return identity.compare(node, total)
    }

    /// A column, a row or a tuple as components.
    func components(_ form: AnswerForm) -> [AnswerForm]? {
        switch form {
        case .tuple(let items, _, _): items
        case .matrix(let rows, false) where rows.count == 1: rows[0]
        case .matrix(let rows, false) where rows.allSatisfy({ $0.count == 1 }): rows.map { $0[0] }
        default: nil
        }
    }

    private static let unitVectors: [[UInt8]] = [[0x2A, 0x69], [0x2A, 0x6A], [0x2A, 0x6B]]
}
