// One pool of jails for all tests of code judging, and short ways to say a task.
import Domain
import Sandboxing
import StrictJSON
import Testing

@testable import Verification

/// The pool that these tests share: two slots, as on the smallest machine.
enum CodeTestBench {
    private static let starting = Task {
        var configuration = SandboxConfiguration(slots: 2, launcher: SandboxConfiguration.launcherBesideExecutable())
        configuration.outputBytesMax = 4 << 20
        return await SandboxPool.start(configuration)
    }

    /// The shared pool.
    static func pool() async -> SandboxPool { await starting.value }

    /// A judge that remembers nothing, so that each test runs.
    static func verifier() async -> CodeVerifier { CodeVerifier(sandbox: await pool(), remembering: 0) }

    /// Judges a Python program on streams.
    static func judge(_ source: String, _ tests: [(String, String)], change: (inout CodeTask) -> Void = { _ in }) async
        -> Verdict
    {
        var task = CodeTask(
            language: .python,
            tests: .standardStreams(tests.map { CodeTask.StreamTest(input: $0.0, output: $0.1) }))
        change(&task)
        return await verifier().verify(response: "```python\n\(source)\n```", task: task)
    }

    /// Judges a Python function on calls; arguments and expected values are JSON texts.
    static func judge(
        _ source: String, entry: String, _ tests: [(String, String)], change: (inout CodeTask) -> Void = { _ in }
    ) async throws -> Verdict {
        let calls = try tests.map { arguments, expected in
            CodeTask.CallTest(
                arguments: try #require(try JSONValue.parse(text: arguments).elements),
                expected: try JSONValue.parse(text: expected))
        }
        var task = CodeTask(language: .python, tests: .entryPoint(name: entry, calls))
        change(&task)
        return await verifier().verify(response: "```python\n\(source)\n```", task: task)
    }

    /// Judges a Python program by assertions.
    static func judge(_ source: String, assertions: String) async -> Verdict {
        await verifier().verify(
            response: "```python\n\(source)\n```",
            task: CodeTask(language: .python, tests: .assertions(assertions)))
    }
}

extension Verdict {
    /// The outcomes of the tests, in order.
    var outcomes: [TestSummary.Outcome] { tests?.cases.map(\.outcome) ?? [] }
}
