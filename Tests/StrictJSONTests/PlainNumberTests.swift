// The fast way through arrays of numbers against the careful one: whatever it takes, it takes alike to the last bit.
import Testing

@testable import StrictJSON

/// Random draws that are the same in each run.
private struct Draws: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

private func bits(_ value: JSONValue?) -> [UInt64]? {
    switch value {
    case .integers(let values): values.map { UInt64(bitPattern: $0) }
    case .doubles(let values): values.map(\.bitPattern)
    default: nil
    }
}

/// What both ways make of the elements of an array; the second is nil where the careful way finds a fault.
private func readings(of text: String) -> (plain: (JSONValue?, Int), careful: (JSONValue?, Int)?) {
    var text = text
    return text.withUTF8 { utf8 in
        var plain = JSONParser(UnsafeRawBufferPointer(utf8), limits: .standard)
        var careful = JSONParser(UnsafeRawBufferPointer(utf8), limits: .standard)
        let first = plain.parsePlainNumbers()
        guard let second = try? careful.parseNumbersCarefully() else { return ((first, plain.position), nil) }
        return ((first, plain.position), (second, careful.position))
    }
}

/// Both ways agree, or the fast one leaves the array to the other and has not moved.
private func expectAgreement(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
    let (plain, careful) = readings(of: text)
    guard let value = plain.0 else {
        #expect(plain.1 == 0, "\(text)", sourceLocation: sourceLocation)
        return false
    }
    #expect(bits(value) == bits(careful?.0) && plain.1 == careful?.1, "\(text)", sourceLocation: sourceLocation)
    if case .integers = value, case .doubles? = careful?.0 { Issue.record("\(text)", sourceLocation: sourceLocation) }
    return true
}

@Suite struct PlainNumberTests {
    private static let separators = [",", ", ", " ,", "\n, \t", ",\r\n  "]

    private func number(_ draws: inout Draws) -> String {
        let value = Double.random(in: -30...0, using: &draws)
        switch Int.random(in: 0..<12, using: &draws) {
        case 0: return String(Int64.random(in: -200_000...200_000, using: &draws))
        case 1: return String(Int64.random(in: .min ... .max, using: &draws) >> Int64.random(in: 0..<63, using: &draws))
        case 2: return "\(value)"
        case 3: return "\(Double(Float(value)))"
        case 4: return "\(Double(Float(value * 1e-4)))"
        case 5: return "\(value * 1e-9)"
        case 6: return "\(Float(value))"
        case 7: return "\(UInt64.random(in: 0 ... .max, using: &draws))e\(Int.random(in: -99...80, using: &draws))"
        case 8:
            return "0." + String(repeating: "0", count: Int.random(in: 0..<24, using: &draws))
                + "\(UInt32(draws.next() >> 33))"
        case 9: return "-0.0"
        case 10: return "\(Int(draws.next() % 1000)).\(draws.next() % 10_000_000)E+\(draws.next() % 30)"
        default: return String(draws.next() % 150_000)
        }
    }

    @Test func `random arrays of all spellings give the same numbers`() {
        var draws = Draws(state: 3)
        var taken = 0
        for _ in 0..<4_000 {
            let separator = Self.separators.randomElement(using: &draws) ?? ","
            let isUniform = Bool.random(using: &draws)
            let numbers = (0..<Int.random(in: 1...20, using: &draws)).map { _ in
                isUniform ? "\(Double(Float.random(in: -9...0, using: &draws)))" : number(&draws)
            }
            if expectAgreement(numbers.joined(separator: separator) + " ]tail") { taken += 1 }
        }
        #expect(taken > 2_000)
    }

    @Test func `arrays longer than a piece keep every number and their order`() {
        for count in [255, 256, 257, 511, 512, 513, 4_096] {
            #expect(expectAgreement((0..<count).map { "\($0)" }.joined(separator: ", ") + "]"))
            #expect(expectAgreement((0..<count).map { "-\($0).5" }.joined(separator: ",") + "]"))
            #expect(expectAgreement((1...count).map { "-\($0)" }.joined(separator: ",") + ",-0.25]"))
        }
    }

    @Test func `what is no plain array is left alone, whatever is wrong with it`() {
        for text in [
            "", "]", "-", "-]", "1", "1,", "1,]", "01]", "-01]", "1.]", ".5]", "1.e5]", "1e]", "1e+]", "0x1]", "1 2]",
            "1,,2]",
            "1\u{B},2]", "1\u{C}]", "NaN]", "-Infinity]", "1e999]", "1,2,\"3\"]", "1,[2]]", "1,null]", "1}",
            "123456789012345678901]", "0.5,12345678901234567890]", "+1]", "1,-]", "00]", "0.5,00.5]", "1_0]", "١]",
            "1.0e1234]",
            "12345678", "1234567\u{30}",
        ] {
            #expect(!expectAgreement(text), "\(text)")
        }
    }

    @Test func `every byte of damage gives the same array or the same fault`() throws {
        let text = Array("[-0.10000000149011612, -1.5e-05, 12345678, -0.0, 0.00012345678901234567]".utf8)
        var draws = Draws(state: 5)
        for index in text.indices {
            for _ in 0..<40 {
                var damaged = text
                damaged[index] = UInt8.random(in: 0...255, using: &draws)
                let inner = String(decoding: damaged.dropFirst(), as: UTF8.self)
                if inner.utf8.elementsEqual(damaged.dropFirst()) { _ = expectAgreement(inner) }
            }
        }
    }
}
