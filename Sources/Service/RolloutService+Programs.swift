// Programs that clients have run for their output: the sandbox behind SandboxFusion's and Piston's forms. Stores nothing.
import Domain
import StrictJSON
import Verification

extension RolloutService {
    /// Runs a program on its inputs, and charges the CPU time to the caller. With `goOn`, it is asked after each input
    /// whether the next one shall run.
    package func run(
        _ program: ProgramRun, by caller: Caller, goOn: (@Sendable (Int, ProgramResult) -> Bool)?
    ) async throws -> ProgramReport {
        try refuseWhenStopping()
        try access.admitScoring(caller)
        let report = await judge.run(program, goOn: goOn)
        if case .ran(let results) = report {
            access.chargeScoring(results.reduce(0) { $0 + max(0, $1.cpuSeconds) }, lane: caller.lane)
        }
        return report
    }

    /// The value that a grader gives a sample; the CPU time of its programs is charged to the caller.
    package func grade(
        _ grader: Grader, sample: String, item: JSONValue, by caller: Caller
    ) async throws -> GraderReport {
        try refuseWhenStopping()
        try access.admitScoring(caller)
        let report = await judge.grade(grader, sample: sample, item: item)
        if case .graded(let result) = report { access.chargeScoring(result.cpuSeconds, lane: caller.lane) }
        return report
    }

    /// The program in a completion, as verdicts find it; nil when there is none.
    package func program(in completion: String, language: CodeTask.Language) -> String? {
        extractProgram(from: completion, language: language)
    }

    /// The version of the interpreter that runs Python, as `3.11.2`; nil when code cannot be run.
    package func interpreterVersion() -> String? { judge.interpreterVersion }
}
