// The hostile kit, through the real judge and the real jail: nothing passes that must not, nothing is reached, nothing
// stays behind, and the next honest program is judged as ever.
import Domain
import Sandboxing
import Testing

@testable import Verification

@Suite struct CodeHostileTests {
    static let kit = ["exhaustion", "probes", "cheats", "compiled"].flatMap { CodeCase.read("sandbox/\($0).cases") }

    @Test func `the kit is there`() {
        #expect(Self.kit.count >= 120)
        #expect(Self.kit.allSatisfy { !$0.program.isEmpty && $0.settings["outcome"] != nil })
    }

    @Test(arguments: kit) func `a hostile program gets what it must`(_ hostile: CodeCase) async throws {
        let verifier = await CodeTestBench.verifier()
        // Without a jail the kit must not run anywhere, and then every verdict is undetermined.
        guard verifier.sandbox.tier != .unavailable else { return }
        let fence = hostile.settings["language"] == "cpp" ? "cpp" : "python"
        let verdict = await verifier.verify(
            response: "```\(fence)\n\(hostile.program)```", task: try hostile.task())
        let outcome =
            verdict.outcome == .passed ? "passed" : verdict.tests?.cases.first?.outcome.rawValue ?? "no outcome"
        #expect(hostile.outcomes.contains(outcome), "\(verdict)")
        #expect(verdict.outcome != .undetermined, "\(verdict)")
        #expect((verdict.outcome == .passed) == (outcome == "passed"))
        let honest = await CodeTestBench.judge("print(sum(map(int, input().split())))", [("1 2\n", "3\n")])
        #expect(honest.outcome == .passed, "after it: \(honest)")
    }

    /// Sources that are built to break a compiler: each repeats something until it hurts.
    static let bombs: [(String, String)] = [
        ("signs", "x = " + String(repeating: "-", count: 60_000) + "1"),
        ("attributes", "x = a" + String(repeating: ".b", count: 40_000)),
        ("conditions", "x = " + String(repeating: "1 if 1 else ", count: 8_000) + "2"),
        ("lambdas", "x = " + String(repeating: "lambda: ", count: 5_000) + "1"),
        ("terms", "x = " + String(repeating: "1 + ", count: 900) + "1\ndef add(a, b):\n    return a + b"),
        ("many terms", "x = " + String(repeating: "1 + ", count: 20_000) + "1"),
        ("calls", "x = f" + String(repeating: "()", count: 40_000)),
        ("brackets", "x = " + String(repeating: "[", count: 199) + String(repeating: "]", count: 199)),
        ("keywords", "f(" + (0..<5_000).map { "a\($0)=1" }.joined(separator: ",") + ")"),
        ("branches", "if 1:\n pass\n" + String(repeating: "elif 1:\n pass\n", count: 7_000)),
        ("decorators", String(repeating: "@a\n", count: 10_000) + "def f(): pass"),
        ("digits", "x = " + String(repeating: "9", count: 100_000)),
        ("dictionary", "x = {" + String(repeating: "1: 1,", count: 20_000) + "}"),
        ("strings", "x = " + String(repeating: "\"a\"", count: 40_000)),
        ("folding", "x = (" + String(repeating: "'a' * 4096 + ", count: 5_000) + "'')"),
        ("null", "x = '\0'"), ("indents", (0..<150).map { String(repeating: " ", count: $0) + "if 1:\n" }.joined()),
    ]

    @Test(arguments: bombs) func `a source that breaks compilers is judged, never undetermined`(
        _ bomb: (String, String)
    )
        async throws
    {
        let streams = await CodeTestBench.judge(bomb.1, [("", "no program prints this")])
        #expect(
            streams.outcome != .passed && (streams.outcome == .failed || streams.failure?.code == .sandboxUnavailable))
        let calls = try await CodeTestBench.judge(bomb.1, entry: "add", [("[1, 2]", "3"), ("[2, 3]", "5")])
        #expect(calls.outcome == (bomb.0 == "terms" ? .passed : .failed) || calls.failure?.code == .sandboxUnavailable)
    }

    @Test func `no expected output ever stands in a reason`() async throws {
        let verdict = await CodeTestBench.judge("print(1)", [("", "the-secret-output\n")])
        #expect(!"\(verdict)".contains("the-secret-output"))
    }
}
