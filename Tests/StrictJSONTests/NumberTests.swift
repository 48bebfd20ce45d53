// Doubles must be the nearest ones; the oracle is the C library's strtod, reached through the standard library.
import StrictJSON
import Testing

@Suite struct NumberTests {
    @Test(arguments: [
        "0.1", "0.30000000000000004", "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "4.9e-324",
        "9007199254740993.0", "9007199254740992.999", "9007199254740995.0e0", "1e22", "1e23", "8.5e22",
        "123456789012345678e-5", "0.00000000000000000000000000000000000000000000000000000001e56",
        "7.2057594037927933e16", "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "0.500000000000000166533453693773481063544750213623046875",
        "3.508354649267437e-14", "-0.6931471805599453", "-12.3456789012345678", "0.000123", "1e-64", "9e-65", "1e55",
        "9e56",
        "6.02214076e23", "1e-400", "0e999999999999", "0.0", "100000000000000000000.0", "18446744073709551615.0",
        "18446744073709551616.0", "9999999999999999999.0", "0.9999999999999999999",
    ])
    func `hard decimals are rounded to the nearest double`(text: String) throws {
        let value = try #require(JSONValue.parse(text: text).number)
        #expect(value.bitPattern == Double(text)?.bitPattern)
    }

    @Test func `random decimals agree with the C library`() throws {
        var state: UInt64 = 42
        func random() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        for _ in 0..<30_000 {
            let exponent = Int(random() % 140) - 75
            let significand = random() >> (random() % 60)
            let text = "\(significand)e\(exponent)"
            let value = try #require(JSONValue.parse(text: text).number)
            #expect(value.bitPattern == Double(text)?.bitPattern, "\(text)")
        }
    }

    @Test func `every double is written so that it reads back`() throws {
        var state: UInt64 = 7
        for _ in 0..<30_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            let back = try JSONValue.parse(text: JSONValue.double(value).text)
            #expect(back.number?.bitPattern == value.bitPattern, "\(value)")
        }
    }

    @Test func `halfway cases between neighbours go to the even one`() throws {
        // 2^53 + 1 and 2^53 + 3 lie between two doubles.
        #expect(try JSONValue.parse(text: "9007199254740993e0").number == 9_007_199_254_740_992)
        #expect(try JSONValue.parse(text: "9007199254740995e0").number == 9_007_199_254_740_996)
    }
}
