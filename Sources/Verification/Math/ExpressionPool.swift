// The expression tree of both answers, in one array: children before parents, so that evaluation is a loop and
// nothing recurses. Exact constants are folded while it grows.
import Domain

/// A node's place in its pool.
struct NodeID: Hashable, Sendable {
    let index: Int
}

/// What a node does with its children.
enum Operation: UInt8, Sendable {
    case number, symbol, pi, euler, imaginaryUnit, infinity
    case add, subtract, multiply, divide, power, negate
    case plusMinus, minusPlus
    case absolute, squareRoot, root, exponential, logarithm
    case sine, cosine, tangent, cotangent, secant, cosecant
    case arcSine, arcCosine, arcTangent, arcCotangent, arcSecant, arcCosecant
    case hyperbolicSine, hyperbolicCosine, hyperbolicTangent, areaSine, areaCosine, areaTangent
    case floor, ceiling, factorial, doubleFactorial, binomial, permutations
    case modulo, greatestCommonDivisor, leastCommonMultiple, maximum, minimum
    case conjugate, realPart, imaginaryPart, argument, sign
    /// An unknown function of one argument; `symbol` names it.
    case call
    /// Two arguments as one.
    case pair
    /// A sum, product, integral or limit over a bound variable: children are the range (a pair) and the body.
    case bound
}

/// One node.
struct Node: Sendable {
    var operation: Operation
    /// First child, or -1.
    var left: Int32 = -1
    /// Second child, or -1.
    var right: Int32 = -1
    /// Index of the first node of this subtree.
    var first: Int32
    /// Index of a symbol, for `symbol`, `call` and `bound`.
    var symbol: Int32 = -1
    /// Index of an exact value in the pool, or -1.
    var exact: Int32 = -1
    var traits: NodeTraits = []
}

/// What a subtree contains.
struct NodeTraits: OptionSet, Sendable {
    let rawValue: UInt8
    static let symbol = NodeTraits(rawValue: 1)
    static let imaginary = NodeTraits(rawValue: 2)
    static let plusMinus = NodeTraits(rawValue: 4)
    static let infinity = NodeTraits(rawValue: 8)
    /// A literal with a decimal point, possibly times a power of ten.
    static let decimal = NodeTraits(rawValue: 16)
    /// More than rational operations.
    static let irrational = NodeTraits(rawValue: 32)
    /// Holds pi, which tells radians from degrees.
    static let pi = NodeTraits(rawValue: 64)
    /// Some operator or function, that is more than a bare literal or name.
    static let compound = NodeTraits(rawValue: 128)
}

/// All nodes of one comparison.
struct ExpressionPool {
    private(set) var nodes: [Node] = []
    private(set) var exactValues: [ExactNumber] = []
    /// The names of symbols, as bytes.
    private(set) var symbols: [[UInt8]] = []
    /// Their hashes, so that a name is found without comparing bytes.
    private var symbolHashes: [UInt64] = []
    /// Significant digits of decimal literals by node, for the rule on rounded decimals.
    private(set) var decimals: [Int32: DecimalLiteral] = [:]
    /// The account of the verdict that these nodes belong to.
    let work: WorkMeter
    private var isFull = false

    /// An empty pool, which takes no memory until something is added.
    init(work: WorkMeter) { self.work = work }

    /// Whether an answer needed more nodes or work than allowed; the comparison is then undetermined.
    var isExhausted: Bool { isFull || work.isExhausted }

    /// How far a pool has grown.
    struct Mark {
        fileprivate var nodes: Int
        fileprivate var exactValues: Int
    }

    var mark: Mark { Mark(nodes: nodes.count, exactValues: exactValues.count) }

    /// Forgets the nodes that were added since: what an attempt to read left behind. Names stay, which changes nothing.
    mutating func rollBack(to mark: Mark) {
        guard nodes.count > mark.nodes else { return }
        if decimals.keys.contains(where: { $0 >= mark.nodes }) {
            decimals = decimals.filter { $0.key < mark.nodes }
        }
        nodes.removeSubrange(mark.nodes...)
        exactValues.removeSubrange(mark.exactValues...)
    }

    /// Units of work that a copy of the pool takes.
    var copyCost: Int { nodes.count / 4 + 6 * exactValues.count }

    mutating func reserve(_ count: Int) { nodes.reserveCapacity(count) }

    subscript(id: NodeID) -> Node { nodes[id.index] }

    /// The exact rational value of a subtree, if it was found within the cap on bits.
    func exact(_ id: NodeID) -> ExactNumber? {
        let slot = nodes[id.index].exact
        return slot < 0 ? nil : exactValues[Int(slot)]
    }

    /// Which nodes between a subtree's first node and its root belong to it; others may stand between.
    func subtree(_ root: NodeID) -> [Bool] {
        let first = Int(nodes[root.index].first)
        var needed = [Bool](repeating: false, count: root.index - first + 1)
        needed[root.index - first] = true
        for index in stride(from: root.index, through: first, by: -1) where needed[index - first] {
            let node = nodes[index]
            if node.left >= 0 { needed[Int(node.left) - first] = true }
            if node.right >= 0 { needed[Int(node.right) - first] = true }
        }
        return needed
    }

    func name(of id: NodeID) -> [UInt8] {
        let symbol = nodes[id.index].symbol
        return symbol < 0 ? [] : symbols[Int(symbol)]
    }

    /// The number of a symbol's name.
    mutating func intern(_ name: [UInt8]) -> Int32 {
        let hash = CommandTable.hash(name)
        work.note(2 + (symbolHashes.count + name.count) / 8)
        for (index, known) in symbolHashes.enumerated() where known == hash && symbols[index] == name {
            return Int32(index)
        }
        symbols.append(name)
        symbolHashes.append(hash)
        return Int32(symbols.count - 1)
    }

    mutating func symbol(_ name: [UInt8]) -> NodeID {
        let id = intern(name)
        return append(Node(operation: .symbol, first: 0, symbol: id, traits: .symbol))
    }

    mutating func constant(_ operation: Operation) -> NodeID {
        let traits: NodeTraits =
            switch operation {
            case .pi: [.irrational, .pi]
            case .imaginaryUnit: [.imaginary, .irrational]
            case .infinity: [.infinity, .irrational]
            default: .irrational
            }
        return append(Node(operation: operation, first: 0, traits: traits))
    }

    mutating func number(_ value: ExactNumber) -> NodeID {
        var node = Node(operation: .number, first: 0)
        exactValues.append(value)
        node.exact = Int32(exactValues.count - 1)
        return append(node)
    }

    /// A literal with a decimal point.
    mutating func decimal(_ value: ExactNumber, _ literal: DecimalLiteral) -> NodeID {
        let id = number(value)
        nodes[id.index].traits.insert(.decimal)
        decimals[Int32(id.index)] = literal
        return id
    }

    /// A node over one child.
    mutating func unary(_ operation: Operation, _ child: NodeID) -> NodeID {
        let below = nodes[child.index]
        var node = Node(operation: operation, left: Int32(child.index), first: below.first)
        node.traits = below.traits.union(.compound).union(ExpressionPool.own(operation))
        if operation == .negate { node.traits = below.traits }
        if let value = exact(child), work.spendExact(ExactCost.operation(operation, value)) {
            node.exact = store(fold(operation, value))
        }
        if operation != .negate || node.exact < 0 { node.traits.remove(.decimal) }
        let id = append(node)
        if operation == .negate, let literal = decimals[Int32(child.index)] { decimals[Int32(id.index)] = literal }
        return id
    }

    /// A node over two children.
    mutating func binary(_ operation: Operation, _ left: NodeID, _ right: NodeID) -> NodeID {
        let (a, b) = (nodes[left.index], nodes[right.index])
        var node = Node(
            operation: operation, left: Int32(left.index), right: Int32(right.index), first: min(a.first, b.first))
        node.traits = a.traits.union(b.traits).union(.compound).union(ExpressionPool.own(operation))
        node.traits.remove(.decimal)
        if let x = exact(left), let y = exact(right), work.spendExact(ExactCost.operation(operation, x, y)) {
            node.exact = store(fold(operation, x, y))
        }
        let id = append(node)
        if operation == .multiply, let literal = decimals[Int32(left.index)], isPowerOfTen(right) {
            decimals[Int32(id.index)] = literal
            nodes[id.index].traits.insert(.decimal)
        }
        return id
    }

    /// An unknown function applied to an argument.
    mutating func call(_ name: [UInt8], _ argument: NodeID) -> NodeID {
        let symbol = intern(name)
        let below = nodes[argument.index]
        var traits = below.traits.union([.compound, .symbol, .irrational])
        traits.remove(.decimal)
        return append(
            Node(
                operation: .call, left: Int32(argument.index), first: below.first, symbol: symbol, traits: traits))
    }

    /// A sum, product, integral or limit: `kind` names it, `variable` is bound in `body` over `range`.
    mutating func bound(_ kind: [UInt8], variable: [UInt8], range: NodeID, body: NodeID) -> NodeID {
        let symbol = intern(kind + [0x3A] + variable)
        let (a, b) = (nodes[range.index], nodes[body.index])
        var traits = a.traits.union(b.traits).union([.compound, .irrational])
        traits.remove(.decimal)
        return append(
            Node(
                operation: .bound, left: Int32(range.index), right: Int32(body.index), first: min(a.first, b.first),
                symbol: symbol, traits: traits))
    }

    /// Copies a subtree with every `±` resolved to one side, every `∓` to the other.
    mutating func resolvingSigns(_ root: NodeID, positive: Bool) -> NodeID {
        guard nodes[root.index].traits.contains(.plusMinus) else { return root }
        let first = Int(nodes[root.index].first)
        let source = Array(nodes[first...root.index])
        work.note(4 * source.count)
        var moved: [Int] = []
        moved.reserveCapacity(source.count)
        let needed = subtree(root)
        for (offset, node) in source.enumerated() {
            guard needed[offset] else {
                moved.append(first + offset)
                continue
            }
            let left = node.left < 0 ? nil : NodeID(index: moved[Int(node.left) - first])
            let right = node.right < 0 ? nil : NodeID(index: moved[Int(node.right) - first])
            let id: NodeID
            switch (node.operation, left, right) {
            case (.plusMinus, .some(let a), .some(let b)):
                id = binary(positive ? .add : .subtract, a, b)
            case (.minusPlus, .some(let a), .some(let b)):
                id = binary(positive ? .subtract : .add, a, b)
            case (.call, .some(let a), _): id = call(symbols[Int(node.symbol)], a)
            case (.bound, .some(let a), .some(let b)):
                var copy = node
                copy.left = Int32(a.index)
                copy.right = Int32(b.index)
                copy.first = min(nodes[a.index].first, nodes[b.index].first)
                id = append(copy)
            case (_, .some(let a), .some(let b)): id = binary(node.operation, a, b)
            case (_, .some(let a), nil): id = unary(node.operation, a)
            default:
                var copy = node
                copy.first = 0
                id = append(copy)
                if let literal = decimals[Int32(first + offset)] { decimals[Int32(id.index)] = literal }
            }
            moved.append(id.index)
        }
        return NodeID(index: moved.last ?? root.index)
    }

    private func isPowerOfTen(_ id: NodeID) -> Bool {
        let node = nodes[id.index]
        guard node.operation == .power, node.left >= 0 else { return false }
        return exact(NodeID(index: Int(node.left))) == ExactNumber(10)
    }

    private static func own(_ operation: Operation) -> NodeTraits {
        switch operation {
        case .add, .subtract, .multiply, .divide, .negate, .power, .pair: []
        case .plusMinus, .minusPlus: .plusMinus
        default: .irrational
        }
    }

    private mutating func store(_ value: ExactNumber?) -> Int32 {
        guard let value else { return -1 }
        exactValues.append(value)
        return Int32(exactValues.count - 1)
    }

    private mutating func append(_ node: Node) -> NodeID {
        guard nodes.count < Limits.mathNodesMax else {
            isFull = true
            return NodeID(index: nodes.count - 1)
        }
        work.note(6)
        var node = node
        if node.left < 0 { node.first = Int32(nodes.count) }
        nodes.append(node)
        return NodeID(index: nodes.count - 1)
    }
}

/// How a decimal was written: `9.42477796` has 9 significant digits and its last place is 10^-8.
struct DecimalLiteral: Sendable, Equatable {
    var significantDigits: Int
    /// Digits after the point.
    var places: Int
}
