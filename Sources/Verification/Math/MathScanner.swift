// Bytes to tokens, in one pass from left to right. It knows LaTeX's lexical habits and nothing of grammar.
import Domain

/// Scans one normalised answer.
struct MathScanner {
    enum Mode: UInt8 { case math, text, upright, bold, blackboard, hidden }

    var answer: ScannedAnswer
    var position = 0
    var isSpaced = false
    /// The mode of each open brace, and whether its closing brace is a token.
    var groups: [(mode: Mode, isToken: Bool)] = []
    var mode = Mode.math
    /// Round, square and set brackets open; thousands separators are read only outside them.
    var bracketDepth = 0
    /// Single digits that `\frac12` may still take.
    var digitArguments = 0
    /// Where a braced unit begins, behind the number of `\SI`.
    var unitGroup = -1
    /// The depth of groups at which a closing brace ends `\ang`.
    var degreesAfter = -1

    var bytes: [UInt8] { answer.bytes }

    private init(_ bytes: [UInt8]) { answer = ScannedAnswer(bytes: bytes) }

    /// The tokens of an answer.
    static func scan(_ bytes: [UInt8], asText: Bool = false) -> ScannedAnswer {
        var scanner = MathScanner(bytes)
        if asText { scanner.mode = .text }
        scanner.answer.tokens.reserveCapacity(min(bytes.count, Limits.mathTokensMax))
        while scanner.position < bytes.count, !scanner.answer.isBeyondCaps { scanner.step() }
        TokenTidying.tidy(&scanner.answer)
        scanner.answer.partner = pairBrackets(scanner.answer.tokens)
        TokenTidying.dropDoubledBrackets(&scanner.answer)
        return scanner.answer
    }

    func peek(_ offset: Int = 0) -> UInt8 {
        let index = position + offset
        return index < answer.bytes.count && index >= 0 ? answer.bytes[index] : 0
    }

    mutating func emit(_ kind: MathToken.Kind, _ payload: Int32 = 0, from start: Int) {
        guard answer.tokens.count < Limits.mathTokensMax else {
            answer.isBeyondCaps = true
            return
        }
        guard mode != .hidden else { return }
        answer.tokens.append(
            MathToken(kind: kind, payload: payload, start: Int32(start), end: Int32(position), isSpaced: isSpaced))
        isSpaced = false
        if kind == .unknown { answer.hasUnknown = true }
        if kind == .over || kind == .choose { answer.hasInfix = true }
    }

    mutating func emitName(_ kind: MathToken.Kind, _ name: [UInt8], from start: Int) {
        answer.names.append(name)
        emit(kind, Int32(answer.names.count - 1), from: start)
    }

    private mutating func step() {
        let byte = peek()
        let start = position
        switch byte {
        case 0x20, 0x7E, 0x24, 0x60:
            position += 1
            isSpaced = true
        case 0x5C: scanCommand()
        case 0x7B where position == unitGroup: openGroup(.upright, isToken: false, from: start)
        case 0x7B: openGroup(mode == .math ? .math : mode, isToken: mode == .math, from: start)
        case 0x7D: closeGroup(from: start)
        case 0x30...0x39: scanNumber()
        case 0x2E where NumberReader.beginsFraction(answer.bytes, at: position): scanNumber()
        case 0x41...0x5A, 0x61...0x7A: scanLetters()
        case 0x80...0xFF: scanForeign()
        default: scanPunctuation(byte, from: start)
        }
    }

    mutating func openGroup(_ next: Mode, isToken: Bool, from start: Int) {
        position += 1
        groups.append((mode, isToken))
        if isToken { emit(.openBrace, from: start) }
        mode = next
        if next == .text { isSpaced = true }
    }

    private mutating func closeGroup(from start: Int) {
        position += 1
        guard let group = groups.popLast() else {
            emit(.closeBrace, from: start)
            return
        }
        if mode == .text && group.mode == .math && answer.tokens.isEmpty { isSpaced = false }
        mode = group.mode
        if group.isToken { emit(.closeBrace, from: start) }
        if groups.count == degreesAfter {
            degreesAfter = -1
            emit(.degree, from: start)
        }
    }

    /// Opens the argument of a style command when it has one; otherwise the style is ignored.
    mutating func openArgument(_ next: Mode) {
        skipSpaces()
        if peek() == 0x7B {
            openGroup(mode == .hidden ? .hidden : next, isToken: false, from: position)
        } else if next == .bold || next == .blackboard || next == .upright, isLetterByte(peek()) {
            let outer = mode
            mode = next
            scanLetter()
            mode = outer
        }
    }

    mutating func skipSpaces() {
        while peek() == 0x20 { position += 1 }
    }

    mutating func scanNumber() {
        let start = position
        if digitArguments > 0, isDigitByte(peek()), let previous = answer.tokens.last, digitFollowsFraction(previous) {
            digitArguments -= 1
            position += 1
            appendNumber(NumberReader.read(answer.bytes, from: start, to: position), from: start)
            return
        }
        let reader = NumberReader.scan(answer.bytes, from: start, groupsAllowed: bracketDepth == 0)
        position = reader.end
        appendNumber(reader.literal, from: start)
    }

    private func digitFollowsFraction(_ token: MathToken) -> Bool {
        switch token.kind {
        case .fraction, .binomial: true
        case .number where answer.tokens.count >= 2:
            [.fraction, .binomial].contains(answer.tokens[answer.tokens.count - 2].kind)
        case .closeBrace: true && digitArguments == 2 && isFractionNumerator()
        default: false
        }
    }

    /// Whether the group that just closed is the first argument of a fraction.
    private func isFractionNumerator() -> Bool {
        var depth = 0
        for token in answer.tokens.reversed().prefix(64) {
            if token.kind == .closeBrace { depth += 1 }
            if token.kind == .openBrace { depth -= 1 }
            if depth < 0 { return false }
            if depth == 0, token.kind == .fraction || token.kind == .binomial { return true }
            if depth == 0, token.kind != .openBrace { return false }
        }
        return false
    }

    private mutating func appendNumber(_ literal: NumberLiteral?, from start: Int) {
        guard let literal else {
            answer.isBeyondCaps = true
            return
        }
        answer.work += ExactCost.literal(literal)
        if answer.work > Limits.mathLiteralWorkMax { answer.isBeyondCaps = true }
        answer.numbers.append(literal)
        emit(.number, Int32(answer.numbers.count - 1), from: start)
    }

    private mutating func scanLetters() {
        let start = position
        if mode == .bold || mode == .blackboard {
            scanLetter()
            return
        }
        while isLetterByte(peek()) { position += 1 }
        let run = answer.bytes[start..<position]
        if mode == .math {
            LetterRun.emit(run, from: start, into: &self)
        } else {
            emitTextRun(run, from: start)
        }
    }

    /// A run of letters inside `\text` or `\mathrm`.
    private mutating func emitTextRun(_ run: ArraySlice<UInt8>, from start: Int) {
        let lower = run.map { $0 | 0x20 }
        if let action = CommandTable.word(lower[...]) {
            switch action {
            case .token(let kind) where [.and, .or, .percent, .degree, .modulo].contains(kind):
                emit(kind, from: start)
                return
            case .function, .constant:
                if mode == .upright || run.elementsEqual("cis".utf8), let action = CommandTable.word(run) {
                    perform(action, named: run, from: start)
                    return
                }
            default: break
            }
        }
        if run.count == 1, let letter = run.first {
            if letter == 0x65 || letter == 0x69 {
                emit(.letter, Int32(letter), from: start)
            } else {
                emit(.upright, Int32(letter), from: start)
            }
        } else {
            emitName(.word, Array(run), from: start)
        }
    }

    /// One letter in bold or blackboard style.
    mutating func scanLetter() {
        let start = position
        let letter = peek()
        position += 1
        switch (mode, letter) {
        case (.blackboard, 0x52): emit(.reals, from: start)
        case (.blackboard, 0x5A): emit(.integers, from: start)
        case (.blackboard, 0x4E): emit(.naturals, from: start)
        case (.blackboard, 0x51): emit(.rationals, from: start)
        case (.blackboard, 0x43): emit(.complexes, from: start)
        case (.bold, 0x69...0x6B), (.bold, 0x65): emitName(.name, [0x2A, letter], from: start)
        default: emit(.letter, Int32(letter), from: start)
        }
    }

    /// Words in other scripts: a run of bytes above ASCII.
    private mutating func scanForeign() {
        let start = position
        while peek() >= 0x80 { position += 1 }
        let word = answer.bytes[start..<position]
        if case .token(let kind)? = CommandTable.word(word) {
            emit(kind, from: start)
        } else {
            emitName(.word, Array(word), from: start)
        }
    }

    private mutating func scanPunctuation(_ byte: UInt8, from start: Int) {
        position += 1
        let next = peek()
        switch (byte, next) {
        case (0x3C, 0x3D), (0x3E, 0x3D), (0x21, 0x3D), (0x3D, 0x3C), (0x3D, 0x3E):
            position += 1
            let isLess = byte == 0x3C || next == 0x3C
            emit(byte == 0x21 ? .notEqual : isLess ? .lessOrEqual : .greaterOrEqual, from: start)
        case (0x2D, 0x3E):
            position += 1
            emit(.arrow, from: start)
        case (0x2A, 0x2A):
            position += 1
            emit(.power, from: start)
        default:
            let kind = PunctuationTable.kind(byte)
            trackDepth(kind)
            emit(kind, from: start)
        }
    }

    mutating func trackDepth(_ kind: MathToken.Kind) {
        switch kind {
        case .openParenthesis, .openBracket, .openSet, .openAngle: bracketDepth += 1
        case .closeParenthesis, .closeBracket, .closeSet, .closeAngle: bracketDepth -= 1
        default: break
        }
    }
}

func isDigitByte(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

func isLetterByte(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
