// Tokens to expression nodes by precedence climbing; nesting is capped, so the stack is bounded.
import Domain

/// Why a range of tokens is no expression.
enum ParseFailure: Error {
    case notAnExpression
    case beyondCaps
}

/// Parses one expression from a range of tokens.
struct ExpressionParser {
    let answer: ScannedAnswer
    var pool: ExpressionPool
    var position: Int
    var end: Int
    /// Levels of nesting open now; every way to recurse passes `parsePrimary`, `parseExponent` or `parseBoundBody`.
    var depth = 0
    /// Variables bound by an enclosing sum or integral; `i` among them is not the imaginary unit.
    var boundVariables: [[UInt8]] = []

    init(_ answer: ScannedAnswer, pool: ExpressionPool, from start: Int, to end: Int) {
        self.answer = answer
        self.pool = pool
        position = start
        self.end = end
    }

    var token: MathToken? { position < end && position < answer.tokens.count ? answer.tokens[position] : nil }

    func peek(_ offset: Int = 1) -> MathToken? {
        let index = position + offset
        return index < end && index < answer.tokens.count ? answer.tokens[index] : nil
    }

    /// The whole range as one expression.
    mutating func parseAll() throws(ParseFailure) -> NodeID {
        guard position < end else { throw .notAnExpression }
        let node = try parseWhole()
        guard position >= end else { throw .notAnExpression }
        if pool.isExhausted { throw .beyondCaps }
        return node
    }

    /// The range up to `end`, which `\over` or `\choose` may cut in two.
    private mutating func parseWhole() throws(ParseFailure) -> NodeID {
        guard answer.hasInfix, let cut = infix else { return try parseSum() }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.mathDepthMax else { throw .beyondCaps }
        let last = end
        let top = try parseInside(from: position, to: cut, next: cut + 1)
        let bottom = try parseInside(from: cut + 1, to: last, next: last)
        return pool.binary(answer.tokens[cut].kind == .over ? .divide : .binomial, top, bottom)
    }

    /// The sign between numerator and denominator at this level.
    private var infix: Int? {
        var index = position
        while index < end {
            if answer.tokens[index].kind == .over || answer.tokens[index].kind == .choose { return index }
            let close = Int(answer.partner[index])
            index = close > index && close < end ? close + 1 : index + 1
        }
        return nil
    }

    /// Terms with signs between them.
    mutating func parseSum() throws(ParseFailure) -> NodeID {
        var left = try parseSigned()
        while let operation = sumOperation(token?.kind) {
            position += 1
            let right = try parseSigned()
            left = pool.binary(operation, left, right)
        }
        return left
    }

    private func sumOperation(_ kind: MathToken.Kind?) -> Operation? {
        switch kind {
        case .plus: .add
        case .minus: .subtract
        case .plusMinus: .plusMinus
        case .minusPlus: .minusPlus
        default: nil
        }
    }

    /// A term with any signs before it.
    private mutating func parseSigned() throws(ParseFailure) -> NodeID {
        var isNegative = false
        while let kind = token?.kind {
            switch kind {
            case .minus: isNegative.toggle()
            case .plus: break
            case .plusMinus, .minusPlus:
                position += 1
                let operand = try parseTerm()
                let zero = pool.number(.zero)
                let both = pool.binary(kind == .plusMinus ? .plusMinus : .minusPlus, zero, operand)
                return isNegative ? pool.unary(.negate, both) : both
            default:
                let term = try parseTerm()
                return isNegative ? pool.unary(.negate, term) : term
            }
            position += 1
        }
        throw .notAnExpression
    }

    /// Factors joined by signs or by standing side by side.
    private mutating func parseTerm() throws(ParseFailure) -> NodeID {
        var left = try parseFactor()
        while let next = token {
            switch next.kind {
            case .times:
                position += 1
                left = pool.binary(.multiply, left, try parseSignedFactor())
            case .slash:
                position += 1
                left = pool.binary(.divide, left, try parseSignedFactor())
            case .modulo where next.payload == 0:
                position += 1
                left = pool.binary(.modulo, left, try parseFactor())
            case .name where answer.name(next).elementsEqual("angle".utf8) && !pool[left].traits.contains(.symbol):
                // 2\angle 90^\circ: a size and a phase.
                position += 1
                let angle = try parseSignedFactor()
                left = pool.binary(.multiply, left, phase(angle))
            default:
                guard startsFactor(next) else { return left }
                left = pool.binary(.multiply, left, try parseFactor())
            }
        }
        return left
    }

    /// `e^{i angle}`.
    private mutating func phase(_ angle: NodeID) -> NodeID {
        let unit = pool.constant(.imaginaryUnit)
        let product = pool.binary(.multiply, unit, angle)
        return pool.unary(.exponential, product)
    }

    private mutating func parseSignedFactor() throws(ParseFailure) -> NodeID {
        if token?.kind == .minus {
            position += 1
            return pool.unary(.negate, try parseFactor())
        }
        if token?.kind == .plus { position += 1 }
        return try parseFactor()
    }

    /// Whether a token can begin a factor that is multiplied without a sign.
    func startsFactor(_ token: MathToken) -> Bool {
        switch token.kind {
        case .letter, .upright, .name, .constant, .function, .fraction, .squareRoot, .binomial, .openParenthesis,
            .openBrace,
            .openBracket, .openFloor, .openCeiling, .overline, .accent, .sum, .product, .integral, .limit, .beginMatrix,
            .doubleBar, .currency:
            true
        case .bar: !barIsClosing
        case .number: true
        default: false
        }
    }

    /// Whether a `|` here closes an absolute value that is being read.
    private var barIsClosing: Bool { openBars > 0 }
    var openBars = 0

    /// A primary with powers and other signs behind it.
    mutating func parseFactor() throws(ParseFailure) -> NodeID {
        guard let first = token else { throw .notAnExpression }
        if let mixed = parseMixedNumber(first) { return try parsePostfix(mixed) }
        let primary = try parsePrimary(first)
        return try parsePostfix(primary)
    }

    /// `2\frac{1}{2}` and `2 1/2`: a whole number followed by a fraction of whole numbers.
    private mutating func parseMixedNumber(_ first: MathToken) -> NodeID? {
        guard let whole = plainInteger(first), let next = peek() else { return nil }
        if position > 0, answer.tokens[position - 1].kind == .power || answer.tokens[position - 1].kind == .slash {
            return nil
        }
        let found: (top: ExactNumber, bottom: ExactNumber, length: Int)?
        if next.kind == .fraction {
            found = literalFraction(at: position + 2).map { ($0.0, $0.1, $0.2 + 2) }
        } else if next.kind == .number, next.isSpaced, let top = plainInteger(next), peek(2)?.kind == .slash,
            let last = peek(3), let bottom = plainInteger(last)
        {
            found = (top, bottom, 4)
        } else {
            found = nil
        }
        guard let found, found.top.signum > 0, let part = found.top.divided(by: found.bottom),
            let value = whole.adding(part)
        else { return nil }
        position += found.length
        return pool.number(value)
    }

    private func plainInteger(_ token: MathToken) -> ExactNumber? {
        guard token.kind == .number, answer.numbers.indices.contains(Int(token.payload)) else { return nil }
        let literal = answer.numbers[Int(token.payload)]
        return literal.isPlainInteger ? literal.value : nil
    }

    /// Two braced or single whole numbers behind `\frac`, and how many tokens they take.
    private func literalFraction(at start: Int) -> (ExactNumber, ExactNumber, Int)? {
        var index = start
        var values: [ExactNumber] = []
        for _ in 0..<2 {
            guard index < end else { return nil }
            let isBraced = answer.tokens[index].kind == .openBrace
            if isBraced { index += 1 }
            guard index < end, let value = plainInteger(answer.tokens[index]) else { return nil }
            values.append(value)
            index += 1
            if isBraced {
                guard index < end, answer.tokens[index].kind == .closeBrace else { return nil }
                index += 1
            }
        }
        return (values[0], values[1], index - start)
    }

    /// `^`, `!`, `%`, degrees, primes, subscripts of groups.
    mutating func parsePostfix(_ base: NodeID) throws(ParseFailure) -> NodeID {
        var node = base
        while let next = token {
            switch next.kind {
            case .power:
                position += 1
                if token?.kind == .degree || bracedDegree {
                    position += token?.kind == .degree ? 1 : 3
                    node = degrees(node)
                } else if token?.kind == .prime {
                    throw .notAnExpression
                } else if pool[base].operation == .number, let next = ordinalEnd {
                    position = next
                } else {
                    let exponent = try parseExponent()
                    node = pool.binary(.power, node, exponent)
                }
            case .degree:
                position += 1
                node = degrees(node)
            case .factorial:
                position += 1
                if token?.kind == .factorial, token?.isSpaced == false {
                    position += 1
                    node = pool.unary(.doubleFactorial, node)
                } else {
                    node = pool.unary(.factorial, node)
                }
            case .percent:
                position += 1
                let hundred = pool.number(ExactNumber(100))
                node = pool.binary(.divide, node, hundred)
            default: return node
            }
        }
        return node
    }

    /// Behind `5^{th}`: where the letters of an ordinal end.
    private var ordinalEnd: Int? {
        guard token?.kind == .openBrace, let close = partner, close - position <= 3 else { return nil }
        var letters: [UInt8] = []
        for token in answer.tokens[(position + 1)..<close] {
            switch token.kind {
            case .letter, .upright: letters.append(UInt8(truncatingIfNeeded: token.payload))
            case .word: letters += answer.name(token)
            default: return nil
            }
        }
        return ["st", "nd", "rd", "th"].contains { letters.elementsEqual($0.utf8) } ? close + 1 : nil
    }

    private var bracedDegree: Bool {
        token?.kind == .openBrace && peek()?.kind == .degree && peek(2)?.kind == .closeBrace
    }

    private mutating func degrees(_ node: NodeID) -> NodeID {
        let straight = pool.number(ExactNumber(180))
        let pi = pool.constant(.pi)
        let product = pool.binary(.multiply, node, pi)
        return pool.binary(.divide, product, straight)
    }

    /// What follows `^`: a group, or one factor with its own sign and power.
    mutating func parseExponent() throws(ParseFailure) -> NodeID {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.mathDepthMax else { throw .beyondCaps }
        var isNegative = false
        while token?.kind == .minus || token?.kind == .plus {
            if token?.kind == .minus { isNegative.toggle() }
            position += 1
        }
        guard let first = token else { throw .notAnExpression }
        var exponent: NodeID
        if first.kind == .openBrace {
            exponent = try parseBraced()
        } else {
            exponent = try parsePrimary(first)
            if token?.kind == .power {
                position += 1
                let upper = try parseExponent()
                exponent = pool.binary(.power, exponent, upper)
            }
        }
        return isNegative ? pool.unary(.negate, exponent) : exponent
    }

    /// A braced group as one expression.
    mutating func parseBraced() throws(ParseFailure) -> NodeID {
        guard token?.kind == .openBrace, let close = partner else { throw .notAnExpression }
        return try parseInside(from: position + 1, to: close, next: close + 1)
    }

    /// The index of the partner of the bracket here.
    var partner: Int? {
        guard position < answer.partner.count else { return nil }
        let index = Int(answer.partner[position])
        return index > position && index < end ? index : nil
    }

    /// An expression that must fill a range, with the position then set behind it.
    mutating func parseInside(from start: Int, to close: Int, next: Int) throws(ParseFailure) -> NodeID {
        let outerEnd = end
        let outerBars = openBars
        openBars = 0
        position = start
        end = close
        let node = try parseWhole()
        guard position == close else { throw .notAnExpression }
        end = outerEnd
        openBars = outerBars
        position = next
        return node
    }
}
