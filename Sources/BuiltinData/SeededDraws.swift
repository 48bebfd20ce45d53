// Draws whose results are fixed by us: the standard library does not promise that `random(in:using:)` stays the same.
import Domain

extension SeededGenerator {
    /// A number from the range, each nearly equally likely (bias below count / 2^64).
    mutating func draw(_ range: ClosedRange<Int>) -> Int {
        let count = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int(next().multipliedFullWidth(by: count).high)
    }

    /// A number from 0 up to but not including 1, in steps of 2^-53.
    mutating func unitInterval() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// One of the values.
    mutating func pick<Value>(_ first: Value, _ others: Value...) -> Value {
        let index = draw(0...others.count)
        return index == 0 ? first : others[index - 1]
    }

    /// One of the cases of an enumeration.
    mutating func pickCase<Value: CaseIterable>(of _: Value.Type) -> Value where Value.AllCases == [Value] {
        Value.allCases[draw(0...Value.allCases.count - 1)]
    }
}
