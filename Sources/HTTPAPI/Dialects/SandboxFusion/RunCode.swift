// POST /run_code: one program on one standard input.
import Domain
import Service
import StrictJSON

/// The body of `/run_code`.
struct RunCodeRequest: Sendable {
    let program: ProgramRun
    private let language: CodeTask.Language

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        language = try readLanguage(fields)
        try refuseFiles(fields)
        let limits = try ProgramLimits(fields, runSecondsDefault: 10)
        program = ProgramRun(
            language: language, source: try fields.string("code", bytes: 0...Limits.codeSourceBytesMax),
            inputs: [Array((try fields.optionalString("stdin", bytes: 0...Limits.codeTestBytesMax) ?? "").utf8)],
            cpuSeconds: limits.cpuSeconds, memoryMegabytes: limits.memoryMegabytes, queueSeconds: limits.queueSeconds)
    }

    /// What SandboxFusion answers; throws when nothing can be said about the program.
    func answer(_ report: ProgramReport) throws -> JSONValue {
        switch report {
        case .undecided(let failure): throw unavailable(failure)
        case .uncompiled(let message): return uncompiledAnswer(message, language)
        case .ran(let results):
            guard let result = results.first else {
                throw ServiceError(.unavailable, "the program was not run", retryAfterSeconds: 1)
            }
            return runAnswer(result, language)
        }
    }
}

/// How long and in how much memory a program of SandboxFusion's clients runs.
struct ProgramLimits {
    let cpuSeconds: Double
    let memoryMegabytes: Int
    /// A slot must be free before the client loses patience: verl waits for both times and ten seconds more.
    let queueSeconds: Double

    init(_ fields: JSONFields, runSecondsDefault: Double) throws(InputError) {
        let compile = try fields.optionalNumber("compile_timeout", in: 0...1e6) ?? 10
        let run = try fields.optionalNumber("run_timeout", in: 0...1e6) ?? runSecondsDefault
        // Those that ask for more get the most that there is, as with any other server of this kind.
        cpuSeconds = min(max(run, Limits.codeTimeLimitSecondsMin), Limits.codeTimeLimitSecondsMax)
        let megabytes = try fields.optionalInteger("memory_limit_MB", in: -1...Int(Int32.max)) ?? -1
        memoryMegabytes =
            megabytes <= 0
            ? Limits.programMemoryMegabytes
            : min(max(megabytes, Limits.codeMemoryMegabytesMin), Limits.codeMemoryMegabytesMax)
        queueSeconds = min(compile + run + 5, Limits.programQueueSecondsMax)
    }
}

/// The language of a request; those without a jail of ours are refused, for a `SandboxError` would be repeated five times.
func readLanguage(_ fields: JSONFields) throws(InputError) -> CodeTask.Language {
    let name = try fields.string("language", bytes: 1...64)
    guard let language = CodeTask.Language(rawValue: name) else {
        throw InputError(
            .invalidValue, "\(name) is not run here", field: "language",
            hint: "one of " + CodeTask.Language.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return language
}

/// Refuses files, which do not go into the jail.
func refuseFiles(_ fields: JSONFields) throws(InputError) {
    if case .object(let files)? = fields.value("files"), !files.isEmpty {
        throw InputError(.invalidValue, "files do not go into the sandbox", field: "files", hint: "use stdin")
    }
    if let count = fields.value("fetch_files")?.elementCount, count > 0 {
        throw InputError(
            .invalidValue, "files do not come out of the sandbox", field: "fetch_files", hint: "use stdout")
    }
}

/// The fault of the sandbox as one that passes; a compiler that is missing is the request's.
func unavailable(_ failure: InfrastructureFailure) -> any Error {
    guard failure.code != .toolchainMissing else {
        return InputError(
            .invalidValue, failure.message, field: "language", hint: "install the compiler, or use python")
    }
    return ServiceError(.unavailable, failure.message, retryAfterSeconds: 1)
}

/// `RunCodeResponse` of a program that does not compile: for Python, which has no compiler, a run that failed.
func uncompiledAnswer(_ message: String, _ language: CodeTask.Language) -> JSONValue {
    let stage = stageResult("Finished", seconds: 0, code: 1, output: "", errors: message)
    return language == .python
        ? runCodeAnswer("Failed", compile: .null, run: stage) : runCodeAnswer("Failed", compile: stage, run: .null)
}

/// `RunCodeResponse` of a program that ran.
func runAnswer(_ result: ProgramResult, _ language: CodeTask.Language) -> JSONValue {
    let output = String(decoding: result.output, as: UTF8.self)
    let run: JSONValue
    var status = "Failed"
    switch result.ending {
    case .exited(let code):
        run = stageResult("Finished", seconds: result.cpuSeconds, code: code, output: output, errors: result.errors)
        if code == 0 { status = "Success" }
    case .killed(let signal):
        run = stageResult("Finished", seconds: result.cpuSeconds, code: -signal, output: output, errors: result.errors)
    case .late, .notRun:
        run = stageResult(
            "TimeLimitExceeded", seconds: result.cpuSeconds, code: nil, output: output, errors: result.errors)
    case .memory:
        run = stageResult(
            "Finished", seconds: result.cpuSeconds, code: -9, output: output,
            errors: result.errors + "\nrolloutd: ended at its memory limit")
    case .output:
        run = stageResult(
            "Finished", seconds: result.cpuSeconds, code: -9, output: output,
            errors: result.errors + "\nrolloutd: ended at the limit of its output")
    }
    let compile = stageResult("Finished", seconds: nil, code: 0, output: "", errors: "")
    return runCodeAnswer(status, compile: language == .python ? .null : compile, run: run)
}

private func runCodeAnswer(_ status: String, compile: JSONValue, run: JSONValue) -> JSONValue {
    .members([
        "status": .string(status), "message": .string(""), "compile_result": compile, "run_result": run,
        "executor_pod_name": .null, "files": .object([]),
    ])
}

/// `CommandRunResult`; the time is the CPU's.
private func stageResult(_ status: String, seconds: Double?, code: Int?, output: String, errors: String) -> JSONValue {
    .members([
        "status": .string(status), "execution_time": seconds.map { .double($0) } ?? .null,
        "return_code": code.map { .integer(Int64($0)) } ?? .null, "stdout": .string(output), "stderr": .string(errors),
    ])
}
