// A verdict is not an error and an error is not a verdict: passed, failed, or undetermined with a class and a retry.

/// What a verifier decided about one response.
package struct Verdict: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable { case passed, failed, undetermined }

    package var outcome: Outcome
    /// Why, in words that a person understands; never holds an expected output.
    package var reason: String
    /// The answer or program that was found in the response, capped at `Limits.extractedBytesMax`.
    package var extracted: String?
    /// The tests of a code task.
    package var tests: TestSummary?
    /// Why no decision could be made; present exactly when the outcome is `undetermined`.
    package var failure: InfrastructureFailure?
    /// What a grader gave, before it is held to 0 to 1; nil for other tasks.
    package var score: Double?
    /// The rules by which it was judged, as `code-2`; a verdict from outside may not say.
    package var verifier: String?
    /// What the sandbox did for it; nil where no program ran.
    package var sandbox: SandboxUse?
    /// The steps that led here, for `rolloutd score --explain`; not stored.
    package var steps: [String]

    private init(
        outcome: Outcome, reason: String, extracted: String?, tests: TestSummary?, failure: InfrastructureFailure?,
        steps: [String]
    ) {
        self.outcome = outcome
        self.reason = reason
        self.extracted = extracted
        self.tests = tests
        self.failure = failure
        self.steps = steps
    }

    /// The response is right.
    package static func passed(
        _ reason: String, extracted: String? = nil, tests: TestSummary? = nil, steps: [String] = []
    ) -> Verdict {
        Verdict(outcome: .passed, reason: reason, extracted: extracted, tests: tests, failure: nil, steps: steps)
    }

    /// The response is wrong, for this reason.
    package static func failed(
        _ reason: String, extracted: String? = nil, tests: TestSummary? = nil, steps: [String] = []
    ) -> Verdict {
        Verdict(outcome: .failed, reason: reason, extracted: extracted, tests: tests, failure: nil, steps: steps)
    }

    /// Nobody knows: the judge could not do its work. Never a reward.
    package static func undetermined(
        _ failure: InfrastructureFailure, extracted: String? = nil, tests: TestSummary? = nil, steps: [String] = []
    ) -> Verdict {
        Verdict(
            outcome: .undetermined, reason: failure.message, extracted: extracted, tests: tests, failure: failure,
            steps: steps)
    }
}

/// Why a judge could not decide.
package struct InfrastructureFailure: Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        /// No sandbox can be had on this machine, or its self-test failed.
        case sandboxUnavailable = "sandbox_unavailable"
        /// The sandbox broke while it ran the program.
        case sandboxFault = "sandbox_fault"
        /// The launcher of the sandbox did not start, or not bring its jail up.
        case launcherFailed = "launcher_failed"
        /// The jail was lost under the running program.
        case slotLost = "slot_lost"
        /// The launcher is of another version than the service.
        case verifierVersion = "verifier_version"
        /// The answer needs more bytes, depth, nodes or bits than the verifier's caps.
        case beyondCaps = "beyond_caps"
        /// The compiler or interpreter that the task needs is not installed.
        case toolchainMissing = "toolchain_missing"
        /// The task itself cannot be judged (its reference answer cannot be read).
        case unreadableTask = "unreadable_task"
        /// The work was still waiting when its deadline passed.
        case queueTimeout = "queue_timeout"
        /// The service was stopped before the verdict.
        case interrupted
    }

    package var code: Code
    package var message: String
    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// Whether another try may decide; otherwise somebody must mend the task or the machine first.
    package var isRetryable: Bool {
        switch code {
        case .sandboxFault, .launcherFailed, .slotLost, .queueTimeout, .interrupted, .sandboxUnavailable: true
        case .verifierVersion, .beyondCaps, .toolchainMissing, .unreadableTask: false
        }
    }
}

/// What the sandbox did for one verdict.
package struct SandboxUse: Sendable, Equatable {
    /// How strong the jail was: `A` to `D`.
    package var tier: String
    /// How long the program waited for a jail, in milliseconds; no part of any test's time.
    package var queueMilliseconds: Double
    /// Whether the same program was judged on the same tests before, and this is that verdict.
    package var isRemembered = false
    /// Jails that broke under the program before one decided.
    package var retries = 0
    package init(tier: String, queueMilliseconds: Double) {
        self.tier = tier
        self.queueMilliseconds = queueMilliseconds
    }
}

/// How the tests of a code task went.
package struct TestSummary: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable {
        case accepted
        case wrongAnswer = "wrong_answer"
        case timeLimitExceeded = "time_limit_exceeded"
        case memoryLimitExceeded = "memory_limit_exceeded"
        case outputLimitExceeded = "output_limit_exceeded"
        case runtimeError = "runtime_error"
        case compileError = "compile_error"
    }

    package struct Case: Sendable, Equatable {
        package var outcome: Outcome
        /// CPU milliseconds.
        package var timeMilliseconds: Double
        /// The most memory that the program held at once, in MiB; nil where it did not run.
        package var memoryMegabytes: Double?
        package init(outcome: Outcome, timeMilliseconds: Double, memoryMegabytes: Double? = nil) {
            self.outcome = outcome
            self.timeMilliseconds = timeMilliseconds
            self.memoryMegabytes = memoryMegabytes
        }
    }

    /// How many of `total` were accepted.
    package var passed: Int
    /// All tests of the task, run or not.
    package var total: Int
    /// The tests that ran, in order.
    package var cases: [Case]
    /// The beginning of what the first failing test wrote, unless the expected output is in it.
    package var output: String?
    /// The end of the compiler's messages, or of what the first failing test wrote to standard error.
    package var log: String?
    package init(passed: Int, total: Int, cases: [Case], output: String? = nil, log: String? = nil) {
        self.passed = passed
        self.total = total
        self.cases = cases
        self.output = output
        self.log = log
    }
}
