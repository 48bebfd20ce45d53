// Whether two expressions are written the same, brackets apart: the last resort where no value can be computed.

extension ExpressionPool {
    /// Whether two subtrees have the same operations over the same leaves. One pass with an explicit stack.
    func isSameTree(_ a: NodeID, _ b: NodeID) -> Bool {
        var pairs = [(Int32(a.index), Int32(b.index))]
        var steps = 0
        while let (x, y) = pairs.popLast() {
            steps += 1
            guard steps < nodes.count else { return false }
            let (left, right) = (nodes[Int(x)], nodes[Int(y)])
            guard left.operation == right.operation, left.symbol == right.symbol,
                exact(NodeID(index: Int(x))) == exact(NodeID(index: Int(y)))
            else { return false }
            guard (left.left < 0) == (right.left < 0), (left.right < 0) == (right.right < 0) else { return false }
            if left.left >= 0 { pairs.append((left.left, right.left)) }
            if left.right >= 0 { pairs.append((left.right, right.right)) }
        }
        return true
    }
}
