// What an import would store, for a person: the first records and how many there are of which kind.
import Datasets
import Domain
import Foundation
import StrictJSON

/// Gathers what is shown; stores nothing.
struct ImportPreview {
    private static let headLength = 160

    private(set) var lines: [String] = []
    private var prompts: [String: Int] = [:]
    private var demonstrations = 0
    private var names: Set<String> = []
    private var repeated = 0

    /// Counts one record, and describes it if it is among the first.
    mutating func add(_ record: DatasetRecord) {
        let isShown = lines.count < 3 * Limits.datasetPreviewRows
        switch record {
        case .prompt(let prompt):
            prompts[prompt.task.type, default: 0] += 1
            if !names.insert(prompt.id?.text ?? "").inserted, prompt.id != nil { repeated += 1 }
            guard isShown else { return }
            lines.append("\(prompt.id?.text ?? "(a fresh id)")  [\(prompt.dataset)]  \(described(prompt.task))")
            lines.append("    \(head(prompt.content))")
            lines.append("    metadata \(prompt.metadata.text)")
        case .demonstration(let demonstration):
            demonstrations += 1
            guard isShown else { return }
            lines.append(
                "\(demonstration.id?.text ?? "(a fresh id)")  [\(demonstration.dataset)]  demonstration, a response of \(demonstration.response.utf8.count) bytes"
            )
            lines.append("    \(head(demonstration.content))")
            lines.append("    response \(shortened(demonstration.response))")
        }
    }

    /// How many records there are.
    var summary: String {
        var parts = prompts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key) prompts" }
        if demonstrations > 0 { parts.append("\(demonstrations) demonstrations") }
        if repeated > 0 { parts.append("\(repeated) of them under an id that came before") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }

    private func described(_ task: VerificationTask) -> String {
        switch task {
        case .math(let math): return "math, answer \(shortened(math.answers.joined(separator: " or ")))"
        case .grader(let task): return "grader, a response passes from \(task.passThreshold) on"
        case .code(let code):
            let limits = "\(code.timeLimitSeconds) s, \(code.memoryLimitMegabytes) MiB"
            switch code.tests {
            case .standardStreams(let tests):
                return "code, \(code.language.rawValue), \(tests.count) tests of standard streams, \(limits)"
            case .entryPoint(let name, let tests):
                return "code, \(code.language.rawValue), \(tests.count) calls of \(name), \(limits)"
            case .assertions: return "code, \(code.language.rawValue), assertions, \(limits)"
            }
        }
    }

    private func head(_ content: PromptContent) -> String {
        switch content {
        case .text(let text): shortened(text)
        case .messages(let messages):
            shortened(messages.map { "\($0.role.rawValue): \($0.content)" }.joined(separator: " | "))
        }
    }

    /// The beginning of a text on one line; what would move a terminal's cursor is left out.
    private func shortened(_ text: String) -> String {
        var shown = ""
        var count = 0
        var isSpace = false
        for scalar in text.unicodeScalars {
            guard count < Self.headLength else { return shown + "..." }
            if scalar.value <= 0x20 {
                isSpace = !shown.isEmpty
                continue
            }
            guard scalar.properties.generalCategory != .control else { continue }
            if isSpace { shown += " " }
            isSpace = false
            shown.unicodeScalars.append(scalar)
            count += 1
        }
        return shown
    }
}
