// One program that a client has run on inputs of its own, outside any task: what is asked for, and what came out.

/// A program and the standard inputs to run it on, each in a process of its own.
package struct ProgramRun: Sendable {
    package var language: CodeTask.Language
    package var source: String
    package var inputs: [[UInt8]]
    /// CPU seconds of each run; a sleeper is ended after twice that and two seconds.
    package var cpuSeconds: Double
    /// Memory of each run, in MiB.
    package var memoryMegabytes: Int
    /// How long it may wait for a place in the sandbox; nil waits as long as verdicts do.
    package var queueSeconds: Double?

    package init(
        language: CodeTask.Language, source: String, inputs: [[UInt8]], cpuSeconds: Double, memoryMegabytes: Int,
        queueSeconds: Double? = nil
    ) {
        self.language = language
        self.source = source
        self.inputs = inputs
        self.cpuSeconds = cpuSeconds
        self.memoryMegabytes = memoryMegabytes
        self.queueSeconds = queueSeconds
    }
}

/// How a program ended on one input, and what it wrote.
package struct ProgramResult: Sendable, Equatable {
    package enum Ending: Sendable, Equatable {
        case exited(Int)
        case killed(signal: Int)
        /// Beyond its time.
        case late
        /// Beyond its memory.
        case memory
        /// It wrote more than is kept; `output` is the beginning.
        case output
        /// The runs before it used up the time of the whole program.
        case notRun
    }

    package var ending: Ending
    /// Standard output.
    package var output: [UInt8]
    /// The end of standard error, at most a screenful.
    package var errors: String
    package var cpuSeconds: Double
    package var peakKilobytes: Int

    package init(ending: Ending, output: [UInt8], errors: String, cpuSeconds: Double, peakKilobytes: Int) {
        self.ending = ending
        self.output = output
        self.errors = errors
        self.cpuSeconds = cpuSeconds
        self.peakKilobytes = peakKilobytes
    }
}

/// What came of a `ProgramRun`.
package enum ProgramReport: Sendable, Equatable {
    /// One result for each input that was reached, in order.
    case ran([ProgramResult])
    /// The compiler's (in Python: the parser's) message.
    case uncompiled(String)
    /// Nothing can be said about the program.
    case undecided(InfrastructureFailure)
}
