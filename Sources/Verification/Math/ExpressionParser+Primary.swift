// The atoms of expressions: numbers, symbols, groups, fractions, roots and bars.
import Domain

extension ExpressionParser {
    /// One atom without what follows it.
    mutating func parsePrimary(_ first: MathToken) throws(ParseFailure) -> NodeID {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.mathDepthMax else { throw .beyondCaps }
        switch first.kind {
        case .number: return try parseNumber(first)
        case .letter: return try parseLetter(first)
        case .upright:
            position += 1
            return try parseSymbol([UInt8(truncatingIfNeeded: first.payload)])
        case .name:
            position += 1
            return try parseSymbol(answer.name(first))
        case .constant:
            position += 1
            guard let operation = Operation(rawValue: UInt8(truncatingIfNeeded: first.payload)) else {
                throw .notAnExpression
            }
            return pool.constant(operation)
        case .function:
            position += 1
            return try parseFunction(first)
        case .fraction, .binomial:
            if first.kind == .fraction, let symbol = derivative() { return symbol }
            position += 1
            let top = try parseArgument()
            let bottom = try parseArgument()
            return pool.binary(first.kind == .fraction ? .divide : .binomial, top, bottom)
        case .squareRoot:
            position += 1
            return try parseRoot(first)
        case .openBrace: return try parseBraced()
        case .openParenthesis, .openBracket:
            guard let close = partner, closes(answer.tokens[close].kind, first.kind) else { throw .notAnExpression }
            return try parseInside(from: position + 1, to: close, next: close + 1)
        case .openFloor, .openCeiling:
            guard let close = partner else { throw .notAnExpression }
            let inner = try parseInside(from: position + 1, to: close, next: close + 1)
            return pool.unary(first.kind == .openFloor ? .floor : .ceiling, inner)
        case .bar, .doubleBar: return try parseBars(first)
        case .overline:
            position += 1
            return try parseOverline()
        case .accent: return try parseAccent(first)
        case .unknown where !answer.name(first).isEmpty:
            position += 1
            return try parseSymbol([0x5C] + answer.name(first))
        case .sum, .product, .integral, .limit: return try parseBound(first)
        case .lowered, .power: return try parsePrefixedCount()
        case .beginMatrix where first.payload == 1: return try parseDeterminant()
        case .currency:
            position += 1
            guard let next = token else { throw .notAnExpression }
            return try parsePrimary(next)
        default: throw .notAnExpression
        }
    }

    private func closes(_ close: MathToken.Kind, _ open: MathToken.Kind) -> Bool {
        open == .openParenthesis ? close == .closeParenthesis : close == .closeBracket
    }

    private mutating func parseNumber(_ token: MathToken) throws(ParseFailure) -> NodeID {
        guard answer.numbers.indices.contains(Int(token.payload)) else { throw .notAnExpression }
        // Two numbers side by side ("3 4"), or a letter and a number ("x2"), are no product.
        if position > 0, !isFractionDigit {
            let before = answer.tokens[position - 1].kind
            let isArgument = position > 1 && answer.tokens[position - 2].kind == .lowered
            let isPhase = before == .name && answer.name(answer.tokens[position - 1]).elementsEqual("angle".utf8)
            if before == .number || !isArgument && !isPhase && (before == .letter || before == .name) {
                throw .notAnExpression
            }
        }
        if peek()?.kind == .lowered { throw .notAnExpression }
        position += 1
        let literal = answer.numbers[Int(token.payload)]
        if let decimal = literal.decimal { return pool.decimal(literal.value, decimal) }
        return pool.number(literal.value)
    }

    /// Whether the number before is an argument of its own: `\\frac12`, `\\log_2 8`.
    private var isFractionDigit: Bool {
        guard position >= 2, answer.tokens[position - 1].kind == .number else { return false }
        return [.fraction, .binomial, .lowered].contains(answer.tokens[position - 2].kind)
    }

    private mutating func parseLetter(_ token: MathToken) throws(ParseFailure) -> NodeID {
        position += 1
        let letter = UInt8(truncatingIfNeeded: token.payload)
        if let count = try parseCount(letter) { return count }
        let isBare = self.token?.kind != .lowered && self.token?.kind != .prime && !boundVariables.contains([letter])
        if isBare && letter == 0x69 { return pool.constant(.imaginaryUnit) }
        if isBare && letter == 0x65 { return pool.constant(.euler) }
        return try parseSymbol([letter])
    }

    /// A name with its subscript and primes, and its argument when it is a function's name.
    mutating func parseSymbol(_ base: [UInt8]) throws(ParseFailure) -> NodeID {
        var name = base
        var index: NodeID?
        while let next = token {
            if next.kind == .prime {
                name.append(0x27)
                position += 1
            } else if next.kind == .power, peek()?.kind == .prime {
                position += 1
            } else if next.kind == .power, peek()?.kind == .openBrace, peek(2)?.kind == .prime {
                position += 2
                while token?.kind == .prime {
                    name.append(0x27)
                    position += 1
                }
                guard token?.kind == .closeBrace else { throw .notAnExpression }
                position += 1
            } else if next.kind == .lowered, index == nil {
                position += 1
                if let text = simpleSubscript() {
                    name.append(0x5F)
                    name += text
                } else {
                    index = try parseArgument()
                }
            } else {
                break
            }
        }
        if let index { return pool.call(name, index) }
        if isFunctionName(name), token?.kind == .openParenthesis, token?.isSpaced == false, let close = partner {
            return try parseCall(name, to: close)
        }
        return pool.symbol(name)
    }

    private func isFunctionName(_ name: [UInt8]) -> Bool {
        guard let first = name.first else { return false }
        if name.contains(0x27) { return true }
        return "fghFGHPT".utf8.contains(first) && (name.count == 1 || name[1] == 0x5F)
            || [Array("phi".utf8), Array("psi".utf8), Array("Phi".utf8), Array("sigma".utf8)].contains(name)
    }

    private mutating func parseCall(_ name: [UInt8], to close: Int) throws(ParseFailure) -> NodeID {
        let outerEnd = end
        position += 1
        end = close
        var argument = try parseSum()
        while token?.kind == .comma {
            position += 1
            let next = try parseSum()
            argument = pool.binary(.pair, argument, next)
        }
        guard position == close else { throw .notAnExpression }
        end = outerEnd
        position = close + 1
        return pool.call(name, argument)
    }

    /// A subscript that is only a name: letters, digits and words without operators.
    private mutating func simpleSubscript() -> [UInt8]? {
        guard let first = token else { return nil }
        var range = position..<position + 1
        var next = position + 1
        if first.kind == .openBrace {
            guard let close = partner else { return nil }
            range = position + 1..<close
            next = close + 1
        }
        var name: [UInt8] = []
        for token in answer.tokens[range] {
            switch token.kind {
            case .number: name += answer.bytes[Int(token.start)..<Int(token.end)]
            case .letter, .upright: name.append(UInt8(truncatingIfNeeded: token.payload))
            case .word, .name: name += answer.name(token)
            case .comma: name.append(0x2C)
            case .openBrace, .closeBrace: break
            default: return nil
            }
        }
        position = next
        return name
    }

    /// The argument of `\frac` and the like: a group or one token.
    mutating func parseArgument() throws(ParseFailure) -> NodeID {
        guard let first = token else { throw .notAnExpression }
        if first.kind == .openBrace { return try parseBraced() }
        return try parsePrimary(first)
    }

    private mutating func parseRoot(_ command: MathToken) throws(ParseFailure) -> NodeID {
        var degree: NodeID?
        if answer.bytes[Int(command.start)] == 0x63 { degree = pool.number(ExactNumber(3)) }
        if token?.kind == .openBracket, let close = partner {
            degree = try parseInside(from: position + 1, to: close, next: close + 1)
        }
        let radicand = try parseArgument()
        guard let degree else { return pool.unary(.squareRoot, radicand) }
        if pool.exact(degree) == ExactNumber(2) { return pool.unary(.squareRoot, radicand) }
        return pool.binary(.root, radicand, degree)
    }

    private mutating func parseBars(_ first: MathToken) throws(ParseFailure) -> NodeID {
        position += 1
        openBars += 1
        let inner = try parseSum()
        openBars -= 1
        guard token?.kind == first.kind else { throw .notAnExpression }
        position += 1
        return pool.unary(.absolute, inner)
    }

    /// `\overline{AB}` is a segment, `\overline{z}` a conjugate.
    private mutating func parseOverline() throws(ParseFailure) -> NodeID {
        let start = position
        let inner = try parseArgument()
        if pool[inner].operation == .number { throw .notAnExpression }
        guard position - start > 3 || pool[inner].operation != .symbol else { return pool.call([0x7E], inner) }
        return pool.unary(.conjugate, inner)
    }

    private mutating func parseAccent(_ accent: MathToken) throws(ParseFailure) -> NodeID {
        position += 1
        let start = position
        guard let first = token else { throw .notAnExpression }
        let close = first.kind == .openBrace ? partner : start
        guard let close else { throw .notAnExpression }
        var name: [UInt8] = [0x5E]
        for token in answer.tokens[start...close] {
            switch token.kind {
            case .letter, .upright: name.append(UInt8(truncatingIfNeeded: token.payload))
            case .name: name += answer.name(token)
            case .openBrace, .closeBrace: break
            default: throw .notAnExpression
            }
        }
        position = close + 1
        // \hat{i}, \hat{\mathbf i} and \mathbf i are one unit vector.
        if let last = name.last, name.count <= 3, (0x69...0x6B).contains(last) { name = [0x2A, last] }
        return try parseSymbol(name)
    }
}
