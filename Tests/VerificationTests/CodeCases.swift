// Reads `.cases` files: programs with what must happen to them. Format in Tests/Vectors/sandbox/ORIGIN.md.
import Domain
import Glibc
import StrictJSON

/// One program of a kit.
struct CodeCase: Sendable, CustomStringConvertible {
    var name = ""
    var settings: [String: String] = [:]
    var program = ""

    var description: String { name }

    /// The outcomes that the first failing test may have; `passed` for a verdict that passes.
    var outcomes: [String] { (settings["outcome"] ?? "passed").split(separator: " ").map(String.init) }

    /// All cases of `Tests/Vectors/PATH`.
    static func read(_ path: String, from file: String = #filePath) -> [CodeCase] {
        let tests = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        guard let text = readFile(tests + "/Vectors/" + path) else { return [] }
        var cases: [CodeCase] = []
        var inHead = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("=== ") {
                cases.append(CodeCase(name: String(line.dropFirst(4))))
                inHead = true
            } else if inHead, line == "---" {
                inHead = false
            } else if inHead, let colon = line.firstIndex(of: ":"), !cases.isEmpty {
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                cases[cases.count - 1].settings[String(line[..<colon])] = String(value)
            } else if !cases.isEmpty {
                cases[cases.count - 1].program += line + "\n"
            }
        }
        return cases
    }

    /// The case as a task. Inputs and outputs escape line feeds as `\n`; several tests are separated by ` ;; `.
    func task() throws -> CodeTask {
        var task = CodeTask(
            language: settings["language"] == "cpp" ? .cpp : .python, tests: try tests(),
            timeLimitSeconds: settings["cpu"].flatMap { Double($0) } ?? 1,
            memoryLimitMegabytes: settings["memory"].flatMap { Int($0) } ?? 128)
        task.floatTolerance = settings["tolerance"].flatMap { Double($0) }
        task.prelude = settings["prelude"] == "contest" ? .contest : .none
        task.stopAtFirstFailure = settings["stop"] == "true"
        return task
    }

    private func tests() throws -> CodeTask.Tests {
        switch settings["task"] ?? "streams" {
        case "calls":
            let arguments = parts("arguments", default: "[1, 2] ;; [5, 7]")
            let expected = parts("expected", default: "3 ;; 12")
            return .entryPoint(
                name: settings["entry"] ?? "add",
                try zip(arguments, expected).map { arguments, expected in
                    CodeTask.CallTest(
                        arguments: try JSONValue.parse(text: arguments).elements ?? [],
                        expected: try JSONValue.parse(text: expected))
                })
        case "assertions":
            return .assertions(
                unescaped(settings["assertions"] ?? "assert add(1, 2) == 3\\nassert add(5, 7) == 12"))
        default:
            let inputs = parts("input", default: "1 2\\n")
            let outputs = parts("output", default: "3\\n")
            return .standardStreams(
                zip(inputs, outputs).map { CodeTask.StreamTest(input: unescaped($0), output: unescaped($1)) })
        }
    }

    private func parts(_ key: String, default text: String) -> [String] {
        var parts = [""]
        for word in (settings[key] ?? text).split(separator: " ", omittingEmptySubsequences: false) {
            if word == ";;" {
                parts.append("")
            } else {
                parts[parts.count - 1] += (parts[parts.count - 1].isEmpty ? "" : " ") + word
            }
        }
        return parts
    }

    private func unescaped(_ text: String) -> String {
        var result = ""
        var escaping = false
        for character in text {
            if escaping {
                result.append(character == "n" ? "\n" : character == "r" ? "\r" : character)
                escaping = false
            } else if character == "\\" {
                escaping = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

private func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
