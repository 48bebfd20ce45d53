// The types of answers. Reading makes one of these from tokens; comparing looks at a pair of them.

/// One end of an interval.
struct IntervalEnd: Sendable, Equatable {
    /// Nil for infinity, whose sign is the side's.
    var value: NodeID?
    var isClosed: Bool
}

/// A connected set of real numbers.
struct Interval: Sendable, Equatable {
    var low: IntervalEnd
    var high: IntervalEnd
}

/// How two sides of a relation stand to one another.
enum RelationSign: UInt8, Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    /// The sign seen from the other side.
    var mirrored: RelationSign {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}

/// The brackets around a tuple.
enum Bracket: UInt8, Sendable { case round, square, angle }

/// What a label is a name of: the left side of `x = 3`, `f(x) = 2x`, `(p, q) = (3, 2)`.
struct AnswerLabel: Sendable, Equatable {
    /// The bytes without spaces and braces.
    var name: [UInt8]
    /// The left side as an expression, when it can be read as one.
    var node: NodeID?
    /// The names of a tuple's places, for `(p, q) = (3, 2)`.
    var parts: [[UInt8]] = []
}

/// The named sets of numbers.
enum NumberDomain: UInt8, Sendable { case naturals, integers, rationals, reals, complexes }

/// A read answer.
indirect enum AnswerForm: Sendable {
    /// A number or an expression with variables.
    case expression(NodeID)
    /// A value with a unit.
    case quantity(NodeID, Unit)
    /// A number and italic letters that may be a unit: the expression as written, and the value with the unit.
    case italic(AnswerForm, NodeID, Unit)
    /// Digits in a base other than ten, as written.
    case based(digits: [UInt8], base: Int)
    /// Several values in no order: comma, "and", "or", several boxes, `±`.
    case list([AnswerForm])
    /// Braces.
    case set([AnswerForm])
    /// Ordered values in brackets; two in round or square ones may also be an interval.
    case tuple([AnswerForm], open: Bracket, close: Bracket)
    /// A union of intervals (and points as closed intervals of one value).
    case intervals([Interval])
    case domain(NumberDomain)
    case emptySet
    /// Rows of entries.
    case matrix([[AnswerForm]], isDeterminant: Bool)
    /// A relation that is not solved for a variable, or a chain of them.
    case relation([NodeID], [RelationSign])
    /// `x = form`, `x ∈ form`.
    case labelled(AnswerLabel, AnswerForm)
    case ratio([NodeID])
    /// Seconds of the day; hours, minutes, seconds and whether a half of the day was named.
    case time(seconds: Int, hasHalf: Bool)
    /// `value (mod modulus)`.
    case congruence(NodeID, modulus: NodeID)
    /// Values for every whole number that the parameter stands for.
    case family(NodeID, parameter: [UInt8])
    /// Any other form for every value that the parameter takes from a set of numbers.
    case parametric(AnswerForm, parameter: [UInt8], domain: NumberDomain)
    /// Quantities that add up, as 5 feet 10 inches.
    case measures([AnswerForm])
    /// Named sets joined by union, intersection, difference and complement.
    case setFormula(SetFormula)
    /// Values under conditions.
    case cases([(value: AnswerForm, condition: AnswerForm)])
    /// `{ body | condition }`, compared by parts; the domain is what the body is taken from, the reals if nothing is said.
    case builder(body: AnswerForm, domain: NumberDomain, condition: AnswerForm)
    /// Two readings of one writing, as `1,22`: a list, or a decimal comma.
    case ambiguous(AnswerForm, AnswerForm)
    /// A letter, with what stood beside it.
    case choice(UInt8, AnswerForm?)
    case text([[UInt8]])
    case empty

    /// What it is, for people.
    var kindName: String {
        switch self {
        case .expression: "an expression"
        case .quantity: "a quantity with a unit"
        case .italic: "an expression"
        case .based: "a number in another base"
        case .list: "a list"
        case .set: "a set"
        case .tuple: "a tuple or interval"
        case .intervals: "an interval or union"
        case .domain: "a set of numbers"
        case .emptySet: "the empty set"
        case .matrix: "a matrix"
        case .relation: "an equation or inequality"
        case .labelled: "a named value"
        case .ratio: "a ratio"
        case .time: "a time"
        case .congruence: "a congruence"
        case .family: "a family over the integers"
        case .parametric: "a family over a parameter"
        case .measures: "a sum of quantities"
        case .setFormula: "a combination of sets"
        case .cases: "a piecewise answer"
        case .builder: "a set described by a condition"
        case .ambiguous: "a list or a decimal with a comma"
        case .choice: "a choice"
        case .text: "words"
        case .empty: "nothing"
        }
    }
}
