// Named functions with their habits (`\sin^2 x`, `\log_2 8`, `\sin 2x`), and operators that bind a variable.
import Domain

extension ExpressionParser {
    /// A function's power, base and argument, the name being read.
    mutating func parseFunction(_ name: MathToken) throws(ParseFailure) -> NodeID {
        guard let operation = Operation(rawValue: UInt8(truncatingIfNeeded: name.payload)) else {
            throw .notAnExpression
        }
        var base: NodeID?
        let impliedBase = Int64(name.payload >> 8 & 0xFF)
        if impliedBase > 0 { base = pool.number(ExactNumber(impliedBase)) }
        var exponent: NodeID?
        for _ in 0..<2 {
            if token?.kind == .lowered, operation == .logarithm {
                position += 1
                base = try parseArgument()
            }
            if token?.kind == .power {
                position += 1
                exponent = try parseExponent()
            }
        }
        if operation == .logarithm, base == nil, name.payload >> 16 & 1 == 0, answer.bareLogarithmBase > 0 {
            base = pool.number(ExactNumber(answer.bareLogarithmBase))
        }
        if operation.takesSeveral { return try parseSeveral(operation) }
        var applied = operation
        if let power = exponent, let inverse = operation.inverse, pool.exact(power) == ExactNumber(-1) {
            applied = inverse
            exponent = nil
        }
        var argument = try parseFunctionArgument()
        if name.payload & MathToken.phase != 0 {
            let unit = pool.constant(.imaginaryUnit)
            argument = pool.binary(.multiply, unit, argument)
        }
        var node = pool.unary(applied, argument)
        if let base {
            let scale = pool.unary(.logarithm, base)
            node = pool.binary(.divide, node, scale)
            node = reducedLogarithm(node, argument, base)
        }
        guard let exponent else { return node }
        return pool.binary(.power, node, exponent)
    }

    /// `log_b(b^k)` for whole k as the number k.
    private mutating func reducedLogarithm(_ node: NodeID, _ argument: NodeID, _ base: NodeID) -> NodeID {
        guard let value = pool.exact(argument), let root = pool.exact(base), root.signum > 0, root != .one,
            value.signum > 0
        else { return node }
        // Logarithms in doubles leave one power to try.
        let power = (Ball(value).real.binaryLogarithm / Ball(root).real.binaryLogarithm).rounded()
        guard power.isFinite, power != 0, abs(power) <= 64,
            pool.work.spendExact(100 + ExactCost.operation(.power, root, ExactNumber(Int64(power))))
        else { return node }
        if root.raised(to: Int(power)) == value { return pool.number(ExactNumber(Int64(power))) }
        return node
    }

    /// What a function applies to: brackets, or the product that follows up to the next function.
    private mutating func parseFunctionArgument() throws(ParseFailure) -> NodeID {
        guard let first = token else { throw .notAnExpression }
        if first.kind == .openParenthesis || first.kind == .openBrace || first.kind == .openBracket {
            let inner = try parsePrimary(first)
            if first.kind != .openBrace || token.map({ !startsFactor($0) && $0.kind != .power }) ?? true {
                return inner
            }
            return try continueProduct(try parsePostfix(inner))
        }
        if first.kind == .minus {
            position += 1
            let factor = try parseFactor()
            return pool.unary(.negate, try continueProduct(factor))
        }
        let factor = try parseFactor()
        if first.kind == .function || first.kind == .bar { return factor }
        return try continueProduct(factor)
    }

    private mutating func continueProduct(_ start: NodeID) throws(ParseFailure) -> NodeID {
        var node = start
        while let next = token {
            let isProduct =
                startsFactor(next) && next.kind != .function && next.kind != .openParenthesis
                && next.kind != .openBracket
            if isProduct {
                node = pool.binary(.multiply, node, try parseFactor())
            } else if next.kind == .slash, let divisor = peek(), divisor.kind == .number,
                pool[node].traits.contains(.pi)
            {
                position += 1
                node = pool.binary(.divide, node, try parseFactor())
            } else {
                return node
            }
        }
        return node
    }

    /// `\gcd(a, b, ...)`, `\max`, `\lcm`.
    private mutating func parseSeveral(_ operation: Operation) throws(ParseFailure) -> NodeID {
        guard let first = token, first.kind == .openParenthesis || first.kind == .openSet, let close = partner else {
            throw .notAnExpression
        }
        let outerEnd = end
        position += 1
        end = close
        var node = try parseSum()
        while token?.kind == .comma {
            position += 1
            let next = try parseSum()
            node = pool.binary(operation, node, next)
        }
        guard position == close else { throw .notAnExpression }
        end = outerEnd
        position = close + 1
        return node
    }

    /// `\sum_{k=1}^{n} body`, `\int_a^b body\,dx`, `\lim_{x\to a} body`: opaque, but body and range are read.
    mutating func parseBound(_ head: MathToken) throws(ParseFailure) -> NodeID {
        position += 1
        var variable: [UInt8] = []
        var low: NodeID?
        var high: NodeID?
        for _ in 0..<2 {
            if token?.kind == .lowered {
                position += 1
                (variable, low) = try parseLowerBound(head.kind)
            }
            if token?.kind == .power {
                position += 1
                high = try parseExponent()
            }
        }
        if head.kind == .integral { variable = integrationVariable() ?? variable }
        boundVariables.append(variable)
        let body = try parseBoundBody(head.kind, variable)
        boundVariables.removeLast()
        let none = pool.symbol([0x3F])
        let range = pool.binary(.pair, low ?? none, high ?? none)
        let kind: UInt8 = head.kind == .sum ? 0x53 : head.kind == .product ? 0x50 : head.kind == .integral ? 0x49 : 0x4C
        return pool.bound([kind], variable: variable, range: range, body: body)
    }

    private mutating func parseLowerBound(_ kind: MathToken.Kind) throws(ParseFailure) -> ([UInt8], NodeID?) {
        guard token?.kind == .openBrace, let close = partner else { return ([], try parseArgument()) }
        if let first = peek(), let sign = peek(2), sign.kind == .equal || sign.kind == .arrow,
            first.kind == .letter || first.kind == .name
        {
            let name = first.kind == .letter ? [UInt8(truncatingIfNeeded: first.payload)] : answer.name(first)
            let low = try parseInside(from: position + 3, to: close, next: close + 1)
            return (name, low)
        }
        return ([], try parseBraced())
    }

    /// The variable of the `dx` at the end of an integral.
    private func integrationVariable() -> [UInt8]? {
        var index = end - 1
        while index > position {
            let token = answer.tokens[index]
            let before = answer.tokens[index - 1]
            let isDifferential =
                (before.kind == .letter || before.kind == .upright) && before.payload == 0x64
            if isDifferential, token.kind == .letter { return [UInt8(truncatingIfNeeded: token.payload)] }
            if isDifferential, token.kind == .name { return answer.name(token) }
            index -= 1
        }
        return nil
    }

    private mutating func parseBoundBody(
        _ kind: MathToken.Kind, _ variable: [UInt8]
    ) throws(ParseFailure) -> NodeID {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.mathDepthMax else { throw .beyondCaps }
        guard let first = token else { throw .notAnExpression }
        if first.kind == .minus {
            position += 1
            let inner = try parseBoundBody(kind, variable)
            return pool.unary(.negate, inner)
        }
        var node = try parseFactor()
        while let next = token {
            if next.kind == .times || next.kind == .slash {
                position += 1
                let factor = try parseFactor()
                node = pool.binary(next.kind == .times ? .multiply : .divide, node, factor)
            } else if startsFactor(next) {
                node = pool.binary(.multiply, node, try parseFactor())
            } else {
                break
            }
        }
        return node
    }
}

extension Operation {
    /// Functions of two or more arguments in parentheses.
    var takesSeveral: Bool {
        switch self {
        case .greatestCommonDivisor, .leastCommonMultiple, .maximum, .minimum: true
        default: false
        }
    }

    /// What the exponent -1 makes of a function.
    var inverse: Operation? {
        switch self {
        case .sine: .arcSine
        case .cosine: .arcCosine
        case .tangent: .arcTangent
        case .cotangent: .arcCotangent
        case .secant: .arcSecant
        case .cosecant: .arcCosecant
        case .hyperbolicSine: .areaSine
        case .hyperbolicCosine: .areaCosine
        case .hyperbolicTangent: .areaTangent
        default: nil
        }
    }
}
