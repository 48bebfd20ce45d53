// The rules by which outputs and returned values are compared, case by case, without a jail.
import Domain
import StrictJSON
import Testing

@testable import Verification

@Suite struct CodeComparisonTests {
    private func matches(_ actual: String, _ expected: String, tolerance: Double? = nil) -> Bool {
        outputMatches(Array(actual.utf8), expected: Array(expected.utf8), tolerance: tolerance)
    }

    @Test(arguments: [
        ("3\n", "3"), ("  3", "3"), ("\n\n3\n\n", "3"), ("1 2 \n3", "1 2\n3"), ("1  2", "1 2"), ("1.0", "1"),
        ("1.50", "1.5"),
        ("-0", "0"), ("0.0", "0"), ("1e2", "100"), ("1E+2", "100"), (".5", "0.5"), ("5.", "5"), ("+7", "7"),
        ("007", "7"),
        ("", ""), ("\n \n", ""), ("a b", "a b"), ("1\r\n2\r\n", "1\n2\n"), ("x\t", "x"), ("0.10 20", "0.1 2e1"),
        ("123456789012345678901234567890", "123456789012345678901234567890.0"),
    ])
    func `equal outputs`(_ pair: (String, String)) {
        #expect(matches(pair.0, pair.1))
        #expect(matches(pair.0, pair.1, tolerance: 1e-6))
    }

    @Test(arguments: [
        ("3", "4"), ("", "0"), ("0", ""), ("yes", "Yes"), ("1 2", "2 1"), ("1\n2", "1 2"), ("1\n\n2", "1\n2"),
        ("12", "1 2"),
        ("1_000", "1000"), ("\u{0661}", "1"), ("0x10", "16"), ("1e", "1"), ("1e+", "1"), ("--1", "-1"), (".", "0"),
        ("10000001", "10000000"), ("123456789012345678901234567891", "123456789012345678901234567890"),
        ("1,000", "1000"),
        ("inf", "1e999"), ("nan", "nan."), ("a  b", "a b"), ("1 a", "1.0 a"), ("1e9999999999", "1e9999999998"),
        ("3 ", "3 3"), ("-1", "1"),
    ])
    func `different outputs`(_ pair: (String, String)) {
        #expect(!matches(pair.0, pair.1))
    }

    @Test func `a tolerance is relative above one and absolute below`() {
        #expect(matches("0.3000001", "0.3", tolerance: 1e-6))
        #expect(!matches("0.300002", "0.3", tolerance: 1e-6))
        #expect(matches("1000000.5", "1000000", tolerance: 1e-6))
        #expect(!matches("1000002", "1000000", tolerance: 1e-6))
        #expect(!matches("nan", "1", tolerance: 1e9))
        #expect(!matches("inf", "1", tolerance: 1e9))
        #expect(!matches("1e999", "1", tolerance: 1e9))
        #expect(!matches("0.3", "0.3000001"))
    }

    @Test func `huge exponents cost nothing`() {
        #expect(!matches("1e999999999", "1e-999999999", tolerance: 1))
        #expect(matches("0e999999999", "0"))
    }

    private func equal(_ actual: String, _ expected: String, tolerance: Double? = nil) throws -> Bool {
        valueMatches(
            try JSONValue.parse(text: actual), expected: try JSONValue.parse(text: expected), tolerance: tolerance)
    }

    @Test(arguments: [
        ("1", "1"), ("1", "1.0"), ("1.0", "1"), ("true", "1"), ("[]", "[]"), ("[1, 2]", "[1.0, 2]"), ("{}", "{}"),
        ("{\"a\": 1, \"b\": [null]}", "{\"b\": [null], \"a\": 1}"), ("\"é\"", "\"\\u00e9\""), ("null", "null"),
        ("[[1], [2, [3]]]", "[[1], [2, [3]]]"), ("[1, \"a\"]", "[1, \"a\"]"), ("-0.0", "0"), ("[true]", "[1]"),
        ("18446744073709551616", "18446744073709551616"), ("18446744073709551616", "18446744073709551616.0"),
        ("[1e30, 1]", "[1000000000000000019884624838656, 1]"),
    ])
    func `equal values`(_ pair: (String, String)) throws {
        #expect(try equal(pair.0, pair.1))
    }

    @Test(arguments: [
        ("1", "2"), ("1", "\"1\""), ("null", "0"), ("null", "false"), ("[]", "{}"), ("[1]", "1"), ("[1, 2]", "[2, 1]"),
        ("[1]", "[1, 1]"), ("{\"a\": 1}", "{\"a\": 1, \"b\": 1}"), ("{\"a\": 1}", "{\"b\": 1}"), ("\"a\"", "\"A\""),
        ("\"e\\u0301\"", "\"é\""), ("9007199254740993", "9007199254740992.0"), ("0.1", "0.10000001"), ("[]", "[[]]"),
        ("18446744073709551616", "18446744073709551617"), ("18446744073709551617", "18446744073709551616.0"),
        ("-18446744073709551616", "18446744073709551616"), ("18446744073709551616", "0"),
        ("{\"e\\u0301\": 1}", "{\"é\": 1}"),
    ])
    func `different values`(_ pair: (String, String)) throws {
        #expect(try !equal(pair.0, pair.1))
    }

    @Test func `a tolerance reaches numbers at every depth and nothing else`() throws {
        #expect(try equal("[[0.1, {\"a\": 1.0000001}]]", "[[0.1, {\"a\": 1}]]", tolerance: 1e-6))
        #expect(try !equal("[1, 2]", "[1, 3]", tolerance: 1e-6))
        #expect(try equal("[1, 2]", "[1.0000001, 2]", tolerance: 1e-6))
        #expect(try equal("1000000000000000000000001", "1e24", tolerance: 1e-6))
        #expect(try !equal("\"1\"", "\"1.0\"", tolerance: 1))
    }
}
