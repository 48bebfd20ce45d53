// What came of grading: a number, with the faults of those who made grader and sample, or nothing because of the machine.

/// Why a grader gave no number of its own; the reward is 0 then. Faults of the machine are none of these.
package enum GraderFault: Sendable, Equatable {
    /// A template or a program names what the item does not have.
    case invalidVariable(String)
    /// A template names what the sample's JSON does not have, or the sample is no JSON.
    case sampleParse(String)
    /// The program raised, ran too long or returned no number.
    case program(String)
    /// The formula has no finite value.
    case formula
    /// A text is longer than texts are compared.
    case tooLong
}

/// What a grader gave.
package struct GraderResult: Sendable {
    /// As the grader has it; may be outside 0 to 1.
    package var value: Double
    /// Of `multi`: the value of each grader, in order.
    package var parts: [(key: String, value: Double)] = []
    package var faults: [GraderFault] = []
    /// How each call of a program went.
    package var calls: [TestSummary.Case] = []
    package var sandbox: SandboxUse?

    package init(value: Double) { self.value = value }

    /// CPU seconds of all programs.
    package var cpuSeconds: Double { calls.reduce(0) { $0 + max(0, $1.timeMilliseconds) } / 1_000 }

    package init(fault: GraderFault) {
        value = 0
        faults = [fault]
    }
}

/// What came of grading.
package enum GraderReport: Sendable {
    case graded(GraderResult)
    /// Nothing can be said: the machine could not run a program.
    case undecided(InfrastructureFailure)
}
