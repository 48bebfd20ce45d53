// Finding the program in a response: the last fenced block of the task's language after the reasoning. Judges nothing.
import Domain

/// The program in `response`, or nil when there is no code block.
///
/// The last block labelled with the language that follows the last `</think>`; without one, the last unlabelled block;
/// a block that is never closed runs to the end. Labels are compared without case.
package func extractProgram(from response: String, language: CodeTask.Language) -> String? {
    let labels: Set<String> = language == .python ? ["python", "python3", "py"] : ["cpp", "c++", "cc", "cxx"]
    let blocks = codeBlocks(in: afterReasoning(response))
    return (blocks.last { labels.contains($0.label) } ?? blocks.last { $0.label.isEmpty })?.text
}

/// What follows the last `</think>`, or everything.
private func afterReasoning(_ response: String) -> Substring {
    let marker = Array("</think>".utf8)
    let bytes = response.utf8
    guard bytes.count >= marker.count else { return response[...] }
    var index = bytes.index(bytes.endIndex, offsetBy: -marker.count)
    while true {
        if bytes[index...].starts(with: marker) {
            return response[bytes.index(index, offsetBy: marker.count)...]
        }
        guard index > bytes.startIndex else { return response[...] }
        index = bytes.index(before: index)
    }
}

private struct CodeBlock {
    var label: String
    var text: String
}

/// All fenced blocks, in order (CommonMark's backtick fences: three or more, closed by at least as many).
private func codeBlocks(in text: Substring) -> [CodeBlock] {
    var blocks: [CodeBlock] = []
    var open: (fence: Int, label: String, lines: [Substring])?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let (fence, rest) = fence(of: line)
        if var block = open {
            if fence >= block.fence && rest.allSatisfy(\.isWhitespace) {
                blocks.append(CodeBlock(label: block.label, text: joined(block.lines)))
                open = nil
            } else {
                block.lines.append(line)
                open = block
            }
        } else if fence >= 3 && !rest.contains("`") {
            let label = rest.drop(while: \.isWhitespace).prefix { !$0.isWhitespace && $0 != "{" }
            open = (fence, label.lowercased(), [])
        }
    }
    if let block = open { blocks.append(CodeBlock(label: block.label, text: joined(block.lines))) }
    return blocks
}

private func joined(_ lines: [Substring]) -> String {
    lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
}

/// The length of the line's leading run of backticks (after at most three blanks), and what follows it.
private func fence(of line: Substring) -> (Int, Substring) {
    let indented = line.prefix(3).prefix { $0 == " " }.count
    let start = line.dropFirst(indented)
    let fence = start.prefix { $0 == "`" }
    return (fence.count, start.dropFirst(fence.count))
}
