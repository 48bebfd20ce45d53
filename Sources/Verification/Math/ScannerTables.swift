// What single characters mean to the scanner, and which brackets belong together. No state.

/// Single ASCII characters.
enum PunctuationTable {
    static func kind(_ byte: UInt8) -> MathToken.Kind {
        switch byte {
        case 0x2B: .plus
        case 0x2D: .minus
        case 0x2A: .times
        case 0x2F: .slash
        case 0x5E: .power
        case 0x5F: .lowered
        case 0x27: .prime
        case 0x21: .factorial
        case 0x25: .percent
        case 0x2C: .comma
        case 0x3B: .semicolon
        case 0x3A: .colon
        case 0x2E: .period
        case 0x3D: .equal
        case 0x3C: .less
        case 0x3E: .greater
        case 0x28: .openParenthesis
        case 0x29: .closeParenthesis
        case 0x5B: .openBracket
        case 0x5D: .closeBracket
        case 0x7C: .bar
        case 0x26: .ampersand
        default: .unknown
        }
    }
}

/// The partner of each bracket, or -1; one pass with an explicit stack.
func pairBrackets(_ tokens: [MathToken]) -> [Int32] {
    var partner = [Int32](repeating: -1, count: tokens.count)
    var open: [(group: Int, index: Int)] = []
    for (index, token) in tokens.enumerated() {
        switch token.kind {
        case .openParenthesis, .openBracket: open.append((0, index))
        case .openBrace: open.append((1, index))
        case .openSet: open.append((2, index))
        case .openAngle: open.append((3, index))
        case .openFloor: open.append((4, index))
        case .openCeiling: open.append((5, index))
        case .beginMatrix, .beginCases, .beginOther: open.append((6, index))
        case .closeParenthesis, .closeBracket, .closeBrace, .closeSet, .closeAngle, .closeFloor, .closeCeiling,
            .endMatrix,
            .endCases, .endOther:
            let group =
                switch token.kind {
                case .closeParenthesis, .closeBracket: 0
                case .closeBrace: 1
                case .closeSet: 2
                case .closeAngle: 3
                case .closeFloor: 4
                case .closeCeiling: 5
                default: 6
                }
            if let last = open.last, last.group == group {
                open.removeLast()
                partner[last.index] = Int32(index)
                partner[index] = Int32(last.index)
            }
        default: break
        }
    }
    return partner
}
