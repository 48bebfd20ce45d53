// A run of bare letters in mathematics is a function, a word, a unit, or a product of variables. Which one is decided
// here and nowhere else; a word is never taken for a product of its letters.

/// Splits a run of letters into tokens.
enum LetterRun {
    static func emit(_ run: ArraySlice<UInt8>, from start: Int, into scanner: inout MathScanner) {
        if run.count == 1, let letter = run.first {
            if letter == 0x78, isTimes(scanner) {
                scanner.emit(.times, from: start)
                return
            }
            scanner.emit(.letter, Int32(letter), from: start)
            return
        }
        if let action = CommandTable.word(run), emitKnown(action, run, from: start, into: &scanner) { return }
        if isProduct(run) || isMassProduct(run, beside: scanner) {
            emitLetters(run, from: start, into: &scanner)
            return
        }
        if run.count <= 6, emitAffixed(run, from: start, into: &scanner) { return }
        if isMixedProduct(run, beside: scanner, from: start) {
            emitLetters(run, from: start, into: &scanner)
            return
        }
        if run.count <= 4, run.allSatisfy({ $0 < 0x5B }), !UnitTable.isUnit(run) {
            // AB, ABC: a segment, an angle or a triangle, named by its points.
            scanner.emitName(.name, Array(run), from: start)
            return
        }
        scanner.emitName(.word, Array(run), from: start)
    }

    /// `1.5 x 10^3`: an x between a number and a power of ten.
    private static func isTimes(_ scanner: MathScanner) -> Bool {
        guard scanner.answer.tokens.last?.kind == .number else { return false }
        var offset = 0
        while scanner.peek(offset) == 0x20 { offset += 1 }
        return scanner.peek(offset) == 0x31 && scanner.peek(offset + 1) == 0x30 && scanner.peek(offset + 2) == 0x5E
    }

    private static func emitKnown(
        _ action: CommandAction, _ run: ArraySlice<UInt8>, from start: Int, into scanner: inout MathScanner
    ) -> Bool {
        switch action {
        case .token(let kind):
            scanner.emit(kind, from: start)
        case .function(let operation):
            let base: Int32 = run.elementsEqual("lg".utf8) ? 10 : 0
            let natural: Int32 = run.elementsEqual("ln".utf8) ? 1 : 0
            let phase = run.elementsEqual("cis".utf8) ? MathToken.phase : 0
            let extra = operation == .logarithm ? base << 8 | natural << 16 : phase
            scanner.emit(.function, Int32(operation.rawValue) | extra, from: start)
        case .constant(let operation): scanner.emit(.constant, Int32(operation.rawValue), from: start)
        case .symbol: scanner.emitName(.name, Array(run), from: start)
        default: return false
        }
        return true
    }

    private static func emitLetters(_ run: ArraySlice<UInt8>, from start: Int, into scanner: inout MathScanner) {
        let end = scanner.position
        for (offset, letter) in run.enumerated() {
            scanner.position = start + offset + 1
            scanner.emit(.letter, Int32(letter), from: start + offset)
        }
        scanner.position = end
    }

    /// `sinx`, `lnx`, `npi`: a known name with a variable stuck to it.
    private static func emitAffixed(_ run: ArraySlice<UInt8>, from start: Int, into scanner: inout MathScanner) -> Bool
    {
        let end = scanner.position
        for length in [3, 2] where run.count > length && run.count - length <= 2 {
            let head = run.prefix(length)
            let tail = run.suffix(run.count - length)
            if case .function = CommandTable.word(head), isProduct(tail) || tail.count == 1 {
                scanner.position = start + length
                if let action = CommandTable.word(head) {
                    _ = emitKnown(action, head, from: start, into: &scanner)
                }
                emitLetters(tail, from: start + length, into: &scanner)
                scanner.position = end
                return true
            }
        }
        if run.count == 3, run.suffix(2).elementsEqual("pi".utf8) {
            emitLetters(run.prefix(1), from: start, into: &scanner)
            scanner.position = end
            scanner.emit(.constant, Int32(Operation.pi.rawValue), from: start + 1)
            return true
        }
        return false
    }

    /// Whether a run is a product of variables: `xy`, `abc`, `bi`; not `no`, `odd`, `cat`.
    static func isProduct(_ run: ArraySlice<UInt8>) -> Bool {
        guard run.count > 1 else { return true }
        guard run.allSatisfy({ $0 >= 0x61 }) else { return false }
        if run.count > 4 || UnitTable.isUnit(run) { return false }
        if run.count == 2 { return !shortWords.contains(CommandTable.hash(run)) }
        let body = run.last == 0x69 ? run.dropLast() : run
        let hasVowel = body.contains { "eiou".utf8.contains($0) }
        if hasVowel { return false }
        let isAlphabetStart = body.allSatisfy { $0 <= 0x64 }
        return !body.contains(0x61) || isAlphabetStart || body.contains { $0 >= 0x78 }
    }

    /// Whether a run of capitals and small letters is a product: `nRT`, `qvB`; with an operator beside it also `Ce^{2x}`,
    /// `Ax+By` and `GMm`, which may otherwise be words or compounds.
    private static func isMixedProduct(_ run: ArraySlice<UInt8>, beside scanner: MathScanner, from start: Int) -> Bool {
        guard run.count <= 4, let first = run.first, run.contains(where: { $0 < 0x61 }),
            run.contains(where: { $0 >= 0x61 }), !UnitTable.isUnit(run), !run.starts(with: "pH".utf8)
        else { return false }
        let isBehindSpace = start > 0 && scanner.bytes[start - 1] == 0x20
        if isBehindSpace, scanner.answer.tokens.last?.kind == .number, UnitTable.canonical(Array(run)) != nil {
            return false
        }
        if first >= 0x61 { return true }
        let isCapitalsThenOne = run.dropLast().allSatisfy { $0 < 0x61 }
        guard isCapitalsThenOne || run.count == 2 else { return false }
        return hasOperator(beside: run, scanner, from: start)
    }

    /// Whether an operator, a brace or a digit stands beside a run.
    private static func hasOperator(beside run: ArraySlice<UInt8>, _ scanner: MathScanner, from start: Int) -> Bool {
        var before = start - 1
        while before >= 0, scanner.bytes[before] == 0x20 { before -= 1 }
        let left = before >= 0 ? scanner.bytes[before] : 0
        var offset = 0
        while scanner.peek(offset) == 0x20 { offset += 1 }
        let right = scanner.peek(offset)
        let operators: [UInt8] = [0x2B, 0x2D, 0x3D, 0x5E, 0x2F, 0x2A, 0x7B, 0x7D, 0x3C, 0x3E]
        return operators.contains(right) || operators.contains(left) || isDigitByte(left)
    }

    /// `mg`, `ml^2`: masses times something, which are units only behind a number and without a power.
    private static func isMassProduct(_ run: ArraySlice<UInt8>, beside scanner: MathScanner) -> Bool {
        guard run.count == 2, run.first == 0x6D, let last = run.last, last == 0x67 || last == 0x6C || last == 0x73
        else {
            return false
        }
        if scanner.peek() == 0x5E || scanner.peek() == 0x5C { return true }
        let before = scanner.answer.tokens.last?.kind
        return before != .number && before != .closeBrace && before != .constant && !scanner.answer.tokens.isEmpty
            || scanner.answer.tokens.isEmpty
    }

    private static let shortWords = Set(
        [
            "no", "on", "is", "it", "if", "in", "of", "to", "so", "at", "as", "up", "we", "am", "pm", "go", "do", "me",
            "he",
        ]
        .map { CommandTable.hash($0.utf8) })
}
