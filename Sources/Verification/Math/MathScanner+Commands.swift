// What the scanner does at a backslash: commands by the table, control symbols, environments.
import Domain

extension MathScanner {
    mutating func scanCommand() {
        let start = position
        position += 1
        guard isLetterByte(peek()) else {
            scanControlSymbol(from: start)
            return
        }
        let nameStart = position
        while isLetterByte(peek()) { position += 1 }
        var name = answer.bytes[nameStart..<position]
        var action = CommandTable.command(name)
        if action == nil, mode != .upright, let (shorter, known) = CommandTable.knownPrefix(name) {
            // `\quadx` and `\cdotx`: LaTeX would not, but answers have it.
            position = nameStart + shorter
            name = answer.bytes[nameStart..<position]
            action = known
        }
        perform(action, named: name, from: start)
    }

    mutating func perform(_ action: CommandAction?, named name: ArraySlice<UInt8>, from start: Int) {
        switch action {
        case .token(let kind):
            if kind == .fraction || kind == .binomial { digitArguments = 2 }
            trackDepth(kind)
            if kind == .currency { emitName(.currency, Array(name), from: start) } else { emit(kind, from: start) }
        case .function(let operation):
            emit(.function, functionPayload(operation, name), from: start)
        case .constant(let operation): emit(.constant, Int32(operation.rawValue), from: start)
        case .symbol: emitName(.name, canonicalSymbol(name), from: start)
        case .space: isSpaced = true
        case .nothing: break
        case .arrow:
            if let letter = unitVectorLetter() { emitName(.name, [0x2A, letter], from: start) }
        case .dropArgument: openArgument(.hidden)
        case .text: openArgument(.text)
        case .quantity: expectUnitGroup()
        case .angle:
            skipSpaces()
            if peek() == 0x7B { degreesAfter = groups.count }
        case .negated:
            skipSpaces()
            if peek() == 0x3D {
                position += 1
                emit(.notEqual, from: start)
            } else {
                emitName(.unknown, Array(name), from: start)
            }
        case .upright:
            skipSpaces()
            // {\rm cm}: a declaration to the end of the group.
            if name.count == 2, peek() != 0x7B { mode = mode == .hidden ? .hidden : .upright }
            openArgument(.upright)
        case .operatorName: openArgument(.upright)
        case .bold: openArgument(.bold)
        case .blackboard: openArgument(.blackboard)
        case .begin, .end: scanEnvironment(isBegin: action == .begin, from: start)
        case .overline: emit(.overline, from: start)
        case .accent: emitName(.accent, Array(name), from: start)
        case .parenthesizedModulo: emit(.modulo, 1, from: start)
        case nil where mode == .text || mode == .upright: emitName(.word, Array(name), from: start)
        case nil: emitName(.unknown, Array(name), from: start)
        }
    }

    /// `\log`, `\ln` and `\lg` share an operation; the payload's next byte tells the base.
    private func functionPayload(_ operation: Operation, _ name: ArraySlice<UInt8>) -> Int32 {
        if name.elementsEqual("cis".utf8) { return Int32(operation.rawValue) | MathToken.phase }
        guard operation == .logarithm else { return Int32(operation.rawValue) }
        let base: Int32 = name.elementsEqual("lg".utf8) ? 10 : name.elementsEqual("lb".utf8) ? 2 : 0
        let isNatural: Int32 = name.elementsEqual("ln".utf8) ? 1 : 0
        return Int32(operation.rawValue) | base << 8 | isNatural << 16
    }

    private func canonicalSymbol(_ name: ArraySlice<UInt8>) -> [UInt8] {
        name.starts(with: "var".utf8) ? Array(name.dropFirst(3)) : Array(name)
    }

    private mutating func scanControlSymbol(from start: Int) {
        let byte = peek()
        if byte == 0x5C, isEscapedTwice() {
            scanCommand()
            return
        }
        position += 1
        switch byte {
        case 0x2C, 0x3A, 0x3B, 0x20, 0x3E, 0x2F: isSpaced = byte != 0x2F
        case 0x21: break
        case 0x25: emit(.percent, from: start)
        case 0x24: emitName(.currency, [0x24], from: start)
        case 0x7B:
            bracketDepth += 1
            emit(.openSet, from: start)
        case 0x7D:
            bracketDepth -= 1
            emit(.closeSet, from: start)
        case 0x5C:
            emit(.newRow, from: start)
            skipRowSpacing()
        case 0x7C: emit(.doubleBar, from: start)
        case 0x26, 0x5F, 0x23: isSpaced = true
        case 0x28, 0x29, 0x5B, 0x5D: isSpaced = true
        case 0: break
        default: emit(.unknown, from: start)
        }
    }

    /// `\\frac` from text that was escaped once too often, not a new row before a letter.
    private func isEscapedTwice() -> Bool {
        var end = position + 1
        while end < answer.bytes.count, isLetterByte(answer.bytes[end]) { end += 1 }
        return end > position + 2 && CommandTable.command(answer.bytes[(position + 1)..<end]) != nil
    }

    private mutating func scanEnvironment(isBegin: Bool, from start: Int) {
        skipSpaces()
        guard peek() == 0x7B else {
            emit(.unknown, from: start)
            return
        }
        position += 1
        let nameStart = position
        while peek() != 0, peek() != 0x7D { position += 1 }
        let name = answer.bytes[nameStart..<position].filter { $0 != 0x2A && $0 != 0x20 }
        position += 1
        if name.ends(with: "matrix") || name == Array("array".utf8) {
            if isBegin, name == Array("array".utf8) { skipColumnSpecification() }
            emit(isBegin ? .beginMatrix : .endMatrix, name.first == 0x76 || name.first == 0x56 ? 1 : 0, from: start)
        } else if name.ends(with: "cases") {
            emit(isBegin ? .beginCases : .endCases, from: start)
        } else {
            emit(isBegin ? .beginOther : .endOther, from: start)
        }
    }

    private mutating func skipColumnSpecification() {
        skipSpaces()
        guard peek() == 0x7B else { return }
        while peek() != 0, peek() != 0x7D { position += 1 }
        position += 1
    }

    /// `\\[4pt]`: the distance behind a new row.
    private mutating func skipRowSpacing() {
        guard peek() == 0x5B, isDigitByte(peek(1)) || peek(1) == 0x2D || peek(1) == 0x2E else { return }
        var length = 2
        while length < 10, isDigitByte(peek(length)) || peek(length) == 0x2E { length += 1 }
        guard isLetterByte(peek(length)), isLetterByte(peek(length + 1)), peek(length + 2) == 0x5D else { return }
        position += length + 3
    }

    /// `\SI{5}{m/s}`: the group behind the next one is upright.
    private mutating func expectUnitGroup() {
        skipSpaces()
        guard peek() == 0x7B, let close = answer.bytes[position...].prefix(256).firstIndex(of: 0x7D) else { return }
        if close + 1 < answer.bytes.count, answer.bytes[close + 1] == 0x7B { unitGroup = close + 1 }
    }

    /// `\vec{i}`, `\vec j`: the letter of a unit vector, which is taken.
    private mutating func unitVectorLetter() -> UInt8? {
        skipSpaces()
        let isBraced = peek() == 0x7B
        let offset = isBraced ? 1 : 0
        guard (0x69...0x6B).contains(peek(offset)), !isLetterByte(peek(offset + 1)), !isBraced || peek(2) == 0x7D else {
            return nil
        }
        let letter = peek(offset)
        position += isBraced ? 3 : 1
        return letter
    }
}

extension [UInt8] {
    /// Whether the bytes end with an ASCII string.
    fileprivate func ends(with suffix: String) -> Bool { self.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }
}
