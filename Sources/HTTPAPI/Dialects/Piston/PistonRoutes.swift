// Piston's API, version 2: POST /api/v2/execute and GET /api/v2/runtimes.
import Domain
import HTTPTypes
import Hummingbird
import Service
import StrictJSON

/// Piston's operations.
func pistonEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.post, "/api/v2/execute", access: .roles([.score]), refusal: refuse) { call in
            let request = try await call.readBody { try ExecuteRequest(json: $0) }
            let report = try await service.run(request.program, by: call.caller, goOn: nil)
            return jsonResponse(try request.answer(report, version: version(of: request.program.language, service)))
        },
        Endpoint(.get, "/api/v2/runtimes", refusal: refuse) { _ in
            jsonResponse(
                .array(
                    CodeTask.Language.allCases.map { language in
                        .members([
                            "language": .string(language == .python ? "python" : "c++"),
                            "version": .string(version(of: language, service)),
                            "aliases": .array(aliases(of: language).map { .string($0) }),
                        ])
                    }))
        },
    ]
}

/// Piston's errors are a message.
private func refuse(_ answer: ErrorAnswer) -> Response {
    let isMalformed = answer.status == .unprocessableContent
    return jsonResponse(
        .members(["message": .string(answer.line)]), status: isMalformed ? .badRequest : answer.status,
        headers: answer.headers)
}

private func aliases(of language: CodeTask.Language) -> [String] {
    language == .python ? ["py", "py3", "python3"] : ["cpp", "g++"]
}

/// Python's own version; for C++ the standard that programs are compiled by.
private func version(of language: CodeTask.Language, _ service: some ServiceFacade) -> String {
    language == .python ? service.interpreterVersion() ?? "3.0.0" : "17.0.0"
}

/// The body of `/api/v2/execute`: one file.
private struct ExecuteRequest: Sendable {
    let program: ProgramRun

    init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        let name = try fields.string("language", bytes: 1...64)
        guard
            let language = CodeTask.Language.allCases.first(where: { language in
                aliases(of: language).contains(name) || name == (language == .python ? "python" : "c++")
            })
        else {
            throw InputError(.invalidValue, "\(name)-* runtime is unknown", hint: "GET /api/v2/runtimes lists all")
        }
        guard (fields.value("args")?.elementCount ?? 0) == 0 else {
            throw InputError(.invalidValue, "programs get no arguments here", field: "args", hint: "use stdin")
        }
        let files = try fields.array("files", count: 1...1)
        let file = try JSONFields(ofAny: files.first ?? .null)
        guard (try file.optionalString("encoding", bytes: 0...16) ?? "utf8") == "utf8" else {
            throw InputError(.invalidValue, "only utf8 is read", field: "files[0].encoding")
        }
        let milliseconds = try fields.optionalNumber("run_timeout", in: 0...1e9) ?? 3_000
        let bytes = try fields.optionalNumber("run_memory_limit", in: -1...1e15) ?? -1
        let seconds = min(max(milliseconds / 1_000, Limits.codeTimeLimitSecondsMin), Limits.codeTimeLimitSecondsMax)
        program = ProgramRun(
            language: language, source: try file.string("content", bytes: 0...Limits.codeSourceBytesMax),
            inputs: [Array((try fields.optionalString("stdin", bytes: 0...Limits.codeTestBytesMax) ?? "").utf8)],
            cpuSeconds: seconds,
            memoryMegabytes: bytes <= 0
                ? Limits.programMemoryMegabytes
                : Int(
                    min(
                        max(bytes / 1_048_576, Double(Limits.codeMemoryMegabytesMin)),
                        Double(Limits.codeMemoryMegabytesMax))),
            queueSeconds: Limits.programQueueSecondsMax)
    }

    /// Piston's answer; throws when nothing can be said about the program.
    func answer(_ report: ProgramReport, version: String) throws -> JSONValue {
        var members = [
            JSONMember("language", .string(program.language == .python ? "python" : "c++")),
            JSONMember("version", .string(version)),
        ]
        let compiled = stage(output: "", errors: "", code: 0)
        switch report {
        case .undecided(let failure): throw unavailable(failure)
        case .uncompiled(let message):
            let failed = stage(output: "", errors: message, code: 1)
            if program.language == .cpp { members.append(JSONMember("compile", failed)) }
            members.append(
                JSONMember("run", program.language == .cpp ? stage(output: "", errors: "", code: nil) : failed))
        case .ran(let results):
            guard let result = results.first else {
                throw ServiceError(.unavailable, "the program was not run", retryAfterSeconds: 1)
            }
            if program.language == .cpp { members.append(JSONMember("compile", compiled)) }
            members.append(JSONMember("run", ran(result)))
        }
        return .object(members)
    }

    private func ran(_ result: ProgramResult) -> JSONValue {
        let output = String(decoding: result.output, as: UTF8.self)
        let (code, signal, status): (Int?, String?, String?) =
            switch result.ending {
            case .exited(0): (0, nil, nil)
            case .exited(let code): (code, nil, "RE")
            case .killed(let signal): (nil, "SIG\(signal)", "SG")
            case .late, .notRun: (nil, "SIGKILL", "TO")
            case .memory: (nil, "SIGKILL", "RE")
            case .output: (nil, "SIGKILL", "OL")
            }
        return stage(
            output: output, errors: result.errors, code: code, signal: signal, status: status,
            milliseconds: result.cpuSeconds * 1_000, kilobytes: result.peakKilobytes)
    }
}

private func stage(
    output: String, errors: String, code: Int?, signal: String? = nil, status: String? = nil, milliseconds: Double = 0,
    kilobytes: Int = 0
) -> JSONValue {
    .members([
        "stdout": .string(output), "stderr": .string(errors), "output": .string(output + errors),
        "code": code.map { .integer(Int64($0)) } ?? .null, "signal": signal.map { .string($0) } ?? .null,
        "message": .null, "status": status.map { .string($0) } ?? .null,
        "cpu_time": .integer(Int64(milliseconds.rounded())), "wall_time": .integer(Int64(milliseconds.rounded())),
        "memory": .integer(Int64(kilobytes) * 1_024),
    ])
}
