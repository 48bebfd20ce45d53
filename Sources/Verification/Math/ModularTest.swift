// A second opinion on huge rational constants: their residues modulo two 61-bit primes. Different residues prove that
// two numbers differ where 256 bits of leading digits cannot tell.

import BigInt

/// Compares expressions without variables and irrational parts modulo primes.
struct ModularTest {
    let pool: ExpressionPool

    init(_ pool: ExpressionPool) { self.pool = pool }

    /// The largest primes below 2^61.
    private static let primes: [UInt64] = [2_305_843_009_213_693_951, 2_305_843_009_213_693_921]

    /// Whether the residues prove the two different.
    func distinguishes(_ a: NodeID, _ b: NodeID) -> Bool {
        for prime in ModularTest.primes {
            guard let x = residue(a, prime), let y = residue(b, prime) else { return false }
            if x != y { return true }
        }
        return false
    }

    private func residue(_ root: NodeID, _ prime: UInt64) -> UInt64? {
        let first = Int(pool[root].first)
        var values: [UInt64] = []
        values.reserveCapacity(root.index - first + 1)
        let needed = pool.subtree(root)
        for index in first...root.index {
            guard !pool.work.isExhausted else { return nil }
            let node = pool.nodes[index]
            guard needed[index - first] else {
                values.append(0)
                continue
            }
            let left = node.left < 0 ? nil : values[Int(node.left) - first]
            let right = node.right < 0 ? nil : values[Int(node.right) - first]
            guard let value = residue(node, left, right, prime) else { return nil }
            values.append(value)
        }
        return values.last
    }

    private func residue(_ node: Node, _ left: UInt64?, _ right: UInt64?, _ prime: UInt64) -> UInt64? {
        if node.exact >= 0 {
            let value = pool.exactValues[Int(node.exact)]
            if case .small(let numerator, 1) = value, numerator >= 0 {
                pool.work.note(2)
                return UInt64(numerator) % prime
            }
            pool.work.note(20 + 4 * value.words + (value.isInteger ? 0 : 500))
            let top = value.numerator.modulus(BigInt(prime))
            let bottom = value.denominator.modulus(BigInt(prime))
            guard let x = UInt64(exactly: top), let y = UInt64(exactly: bottom), y != 0 else { return nil }
            return y == 1 ? x : multiply(x, inverse(y, prime), prime)
        }
        pool.work.note(node.operation == .divide || node.operation == .power ? 500 : 4)
        switch (node.operation, left, right) {
        case (.add, .some(let x), .some(let y)): return (x + y) % prime
        case (.subtract, .some(let x), .some(let y)): return (x + prime - y) % prime
        case (.multiply, .some(let x), .some(let y)): return multiply(x, y, prime)
        case (.divide, .some(let x), .some(let y)): return y == 0 ? nil : multiply(x, inverse(y, prime), prime)
        case (.negate, .some(let x), _): return (prime - x) % prime
        case (.power, .some(let x), _):
            guard let count = pool.exact(NodeID(index: Int(node.right)))?.integer, x != 0 else { return nil }
            let power = raise(x, UInt64(count.magnitude), prime)
            return count < 0 ? inverse(power, prime) : power
        default: return nil
        }
    }

    private func multiply(_ x: UInt64, _ y: UInt64, _ prime: UInt64) -> UInt64 {
        let product = x.multipliedFullWidth(by: y)
        return prime.dividingFullWidth((product.high, product.low)).remainder
    }

    private func raise(_ base: UInt64, _ exponent: UInt64, _ prime: UInt64) -> UInt64 {
        var (result, square, rest) = (UInt64(1), base % prime, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = multiply(result, square, prime) }
            square = multiply(square, square, prime)
            rest >>= 1
        }
        return result
    }

    private func inverse(_ value: UInt64, _ prime: UInt64) -> UInt64 { raise(value, prime - 2, prime) }
}
