// `rolloutd score`: one response against one task, without a server or a database.
import ArgumentParser
import Domain
import Foundation
import Logging
import Sandboxing
import Service
import StrictJSON
import Verification

struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Judge one response and print the result as POST /v1/score would.",
        discussion: """
            Examples:
              rolloutd score --answer 3/4 --text 'so it is \\boxed{0.75}'
              rolloutd score --answer 3/4 --response response.txt --explain
              echo '{"type":"code","language":"python","assertions":"assert f(2) == 4"}' > task.json
              rolloutd score --task task.json --response -

            Exit status: 0 passed, 1 failed, 3 undetermined, 64 wrong usage.
            """)

    @Option(help: "A file with the task, as in the wire contract (type math, code or grader); - is standard input.")
    var task: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: "Instead of a task: the answer of a math task; give it again for other accepted answers.")
    var answer: [String] = []

    @Option(help: "A file with the response; - is standard input.")
    var response: String?

    @Option(parsing: .unconditional, help: "Instead of a file: the response itself.")
    var text: String?

    @Option(help: "How the verdict becomes a reward: \(RewardScheme.allCases.map(\.rawValue).joined(separator: ", ")).")
    var reward: String = "binary"

    @Flag(help: "Print the steps that led to the verdict to standard error.")
    var explain = false

    func run() async throws {
        guard let scheme = RewardScheme(rawValue: reward) else {
            throw ValidationError(
                "--reward must be one of \(RewardScheme.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard task != "-" || response != "-" else {
            throw ValidationError("only one of task and response can be standard input")
        }
        let parsed = try readTask()
        let text = try readResponse()
        let clock = ContinuousClock()
        let start = clock.now
        let verdict = try await Self.judge(text, task: parsed, explaining: explain)
        let elapsed = clock.now - start
        let milliseconds = Double(elapsed.components.seconds) * 1e3 + Double(elapsed.components.attoseconds) * 1e-15
        if explain {
            for step in verdict.steps { FileHandle.standardError.write(Data((step + "\n").utf8)) }
        }
        let value = verdict.resultJSON(
            reward: scheme.reward(for: verdict, response: text), elapsedMilliseconds: milliseconds)
        print(value.text)
        switch verdict.outcome {
        case .passed: return
        case .failed: throw ExitCode(1)
        case .undetermined: throw ExitCode(3)
        }
    }

    private func readTask() throws -> VerificationTask {
        switch (task, answer.isEmpty) {
        case (let file?, true): try Self.parseTask(try Self.read(file, limit: Limits.taskBytesMax))
        case (nil, false):
            try Self.parseTask(
                JSONValue.members(["type": .string("math"), "answer": .array(answer.map { .string($0) })]).serialized())
        default: throw ValidationError("give either --task with a file or --answer with the right answer")
        }
    }

    private func readResponse() throws -> String {
        switch (response, text) {
        case (let file?, nil): String(decoding: try Self.read(file, limit: Limits.responseBytesMax), as: UTF8.self)
        case (nil, let text?): text
        default: throw ValidationError("give either --response with a file or --text with the response itself")
        }
    }

    private static func parseTask(_ bytes: [UInt8]) throws -> VerificationTask {
        do {
            return try VerificationTask(json: try JSONValue.parse(bytes, limits: .standard))
        } catch let error as InputError {
            throw ValidationError("the task cannot be used: \(error)")
        } catch {
            throw ValidationError("the task is not JSON: \(error)")
        }
    }

    private static func judge(_ response: String, task: VerificationTask, explaining: Bool) async throws -> Verdict {
        let runsPrograms =
            if case .grader(let graded) = task { graded.grader.runsPrograms } else { task.type == "code" }
        guard runsPrograms else {
            return await Verifier(math: MathVerifier(), code: nil)
                .verify(response: response, task: task, explaining: explaining)
        }
        let pool = await SandboxStart.pool(slots: 1)
        let verdict = await Verifier(math: MathVerifier(), code: CodeVerifier(sandbox: pool))
            .verify(response: response, task: task, explaining: explaining)
        await pool.shutdown()
        return verdict
    }

    private static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let handle else { throw ValidationError("\(path) cannot be read") }
        let data = try handle.read(upToCount: limit + 1) ?? Data()
        guard data.count <= limit else { throw ValidationError("\(path) is larger than the limit of \(limit) bytes") }
        return Array(data)
    }
}
