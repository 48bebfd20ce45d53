// What goes into a jail and what comes out. Inputs only: an expected output never gets here.

/// One program with the inputs to run it on.
package struct SandboxJob: Sendable {
    package enum Language: String, Sendable { case python, cpp }

    package enum Work: Sendable {
        /// Each input is one run's standard input.
        case streams([[UInt8]])
        /// Each element is a JSON array of positional arguments for the function or method of this name.
        case calls(name: String, arguments: [[UInt8]])
        /// Python statements; each top-level `assert` is one test. They run in another process than the program.
        case assertions(String)
    }

    package var language: Language
    package var source: String
    package var work: Work
    /// Whether the contest's star imports and raised limits come first.
    package var contestPrelude = false
    /// CPU seconds of each test; the wall backstop is twice that and two seconds.
    package var cpuSeconds: Double
    /// Memory of each test, in MiB.
    package var memoryMegabytes: Int

    package init(language: Language, source: String, work: Work, cpuSeconds: Double, memoryMegabytes: Int) {
        self.language = language
        self.source = source
        self.work = work
        self.cpuSeconds = cpuSeconds
        self.memoryMegabytes = memoryMegabytes
    }
}

/// How one test ended, as the jail's harness saw it.
package struct SandboxCase: Sendable, Equatable {
    package enum Status: String, Sendable {
        /// A run ended by itself; look at `exitCode` and `signal`.
        case ended
        /// The CPU limit or the wall backstop ended it.
        case late
        /// The memory limit ended it.
        case memory
        /// It wrote more than the output limit.
        case output
        /// A call returned; `output` is its JSON.
        case value
        /// A call or an assertion raised; `note` says what.
        case raised
        /// A call returned something that is no JSON value.
        case notJSON = "not_json"
        /// An assertion was false.
        case refuted
        /// The process ended without a result.
        case missing
        /// The tests before it used up the program's time, and it was not run.
        case notRun = "not_run"
    }

    package var status: Status
    package var exitCode: Int
    package var signal: Int
    package var cpuSeconds: Double
    package var peakKilobytes: Int
    package var output: [UInt8]
    /// An excerpt of standard error, or the exception's text; written by the program, so for people only.
    package var note: String
}

/// What a pool says about one job.
package enum SandboxReport: Sendable, Equatable {
    /// Some or all tests ran, in order; `total` is how many there are.
    case ran([SandboxCase], total: Int)
    /// The program does not compile; the compiler's message, capped.
    case uncompiled(String)
    /// Nothing can be said about the program.
    case undecided(Obstacle, String)

    package enum Obstacle: Sendable, Equatable {
        /// This machine has no safe jail.
        case unavailable
        /// The jail broke and was rebuilt.
        case fault
        /// The launcher did not start, or could not build a jail.
        case launcher
        /// The launcher is of another version.
        case version
        /// The jail ended under the program.
        case lost
        /// No slot became free in time, or the queue is full.
        case queueTimeout
        /// The pool was shut down first.
        case interrupted
        /// The language's compiler is not installed.
        case toolchainMissing
        /// The tests themselves cannot be read.
        case unreadable
    }
}
