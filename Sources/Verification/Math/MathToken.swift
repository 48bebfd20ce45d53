// What the scanner hands to the readers: tokens with a place in the normalised bytes.

/// One token of an answer.
struct MathToken: Sendable, Equatable {
    var kind: Kind
    /// A letter, the raw value of an `Operation`, or an index, as the kind says.
    var payload: Int32 = 0
    /// Where it stands in the scanned bytes.
    var start: Int32
    var end: Int32
    /// Whether white space stood before it.
    var isSpaced = false

    /// Set in the payload of an exponential whose argument is an angle: `cis`.
    static let phase: Int32 = 1 << 17

    enum Kind: UInt8, Sendable {
        /// `payload`: index into `ScannedAnswer.numbers`.
        case number
        /// One letter of mathematics; `payload` is its ASCII code.
        case letter
        /// One upright letter, as `\text{A}` or `\mathrm{m}`; `payload` is its ASCII code.
        case upright
        /// A named symbol (`\alpha`, `AB`, `\hat{i}`); `payload`: index into `ScannedAnswer.names`.
        case name
        /// A word; `payload`: index into `ScannedAnswer.names`, lower case.
        case word
        /// A constant or function; `payload` is the raw value of its `Operation`.
        case constant, function
        case fraction, squareRoot, binomial, over, choose, power, lowered, prime
        case plus, minus, times, slash, plusMinus, minusPlus
        case factorial, percent, degree, currency
        case comma, semicolon, colon, and, or, period
        case equal, approximately, notEqual, less, greater, lessOrEqual, greaterOrEqual, equivalent, elementOf
        case union, intersection, without, arrow, suchThat, dots
        case openParenthesis, closeParenthesis, openBracket, closeBracket, openBrace, closeBrace
        case openSet, closeSet, openAngle, closeAngle, openFloor, closeFloor, openCeiling, closeCeiling
        case bar, doubleBar
        case overline, accent
        case beginMatrix, endMatrix, beginCases, endCases, beginOther, endOther, ampersand, newRow
        case sum, product, integral, limit, modulo, emptySet, reals, integers, naturals, rationals, complexes
        case unknown
    }
}

/// A number as it was written.
struct NumberLiteral: Sendable, Equatable {
    var value: ExactNumber
    /// Present when it had a decimal point.
    var decimal: DecimalLiteral?
    /// Bare digits, at most 9, without sign, point or groups: may be part of a mixed number, a base or a time.
    var isPlainInteger: Bool
    /// Digits as written, for bases and times.
    var digitCount: Int
}

/// The tokens of one answer.
struct ScannedAnswer: Sendable {
    /// The normalised bytes.
    var bytes: [UInt8]
    var tokens: [MathToken] = []
    var numbers: [NumberLiteral] = []
    var names: [[UInt8]] = []
    /// Something (a command, a character) had no meaning to the scanner.
    var hasUnknown = false
    /// `\over` or `\choose` stands somewhere, which part the whole group around them.
    var hasInfix = false
    /// The base of a bare `\log`; 0 for the natural one.
    var bareLogarithmBase: Int64 = 0
    /// A cap was reached; the answer cannot be judged.
    var isBeyondCaps = false
    /// Units of work that its numbers took to read.
    var work = 0
    /// Index of the partner of each bracket token, or -1.
    var partner: [Int32] = []

    func name(_ token: MathToken) -> [UInt8] {
        names.indices.contains(Int(token.payload)) ? names[Int(token.payload)] : []
    }
}
