// Finding the program in a response: the last fenced block of the task's language after the reasoning. Judges nothing.
// Works on bytes: to Swift's characters a carriage return and a line feed are one, which no line ends with.
import Domain

/// The program in `response`, or nil when there is no code block.
///
/// The last block labelled with the language that follows the last `</think>`; without one, the last unlabelled block;
/// a block that is never closed runs to the end. Among equals a block with something in it goes before an empty one.
/// Labels are compared without case; line ends become line feeds.
package func extractProgram(from response: String, language: CodeTask.Language) -> String? {
    let bytes = Array(response.utf8)
    let blocks = codeBlocks(in: bytes[startOfAnswer(bytes)...])
    let labelled = blocks.filter { isLabel($0.label, of: language) }
    let candidates = labelled.isEmpty ? blocks.filter(\.label.isEmpty) : labelled
    return (candidates.last { !$0.isBlank } ?? candidates.last)?.text
}

/// Whether a fence's label names the language: `py`, `Python3`, `pypy3`; `cpp`, `C++17`, `cc`.
private func isLabel(_ label: String, of language: CodeTask.Language) -> Bool {
    switch language {
    case .python: ["py", "py3"].contains(label) || ["python", "pypy", "ipython"].contains { label.hasPrefix($0) }
    case .cpp: ["cc", "cxx", "g++"].contains(label) || ["cpp", "c++"].contains { label.hasPrefix($0) }
    }
}

/// Where the answer begins: behind the last `</think>`, or at the start.
private func startOfAnswer(_ bytes: [UInt8]) -> Int {
    let marker = Array("</think>".utf8)
    guard bytes.count >= marker.count else { return 0 }
    for start in stride(from: bytes.count - marker.count, through: 0, by: -1)
    where bytes[start] == marker[0] && bytes[start...].starts(with: marker) {
        return start + marker.count
    }
    return 0
}

/// One fenced block while it is read.
private struct CodeBlock {
    let label: String
    /// What opened it: how many of which byte, behind how many blanks.
    let fence: Fence
    private(set) var bytes: [UInt8] = []

    init(_ fence: Fence) {
        self.fence = fence
        label = fence.label
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var isBlank: Bool { bytes.allSatisfy { $0 <= 32 } }

    /// Adds a line; as much of its indentation goes as the opening fence had (CommonMark, section 4.5).
    mutating func append(_ line: ArraySlice<UInt8>) {
        let blanks = line.prefix(fence.indentation).prefix { $0 == UInt8(ascii: " ") }.count
        bytes += line.dropFirst(blanks)
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// A line's leading run of three or more backticks or tildes.
private struct Fence {
    var byte: UInt8
    var count: Int
    var indentation: Int
    /// What follows, without blanks around.
    var rest: ArraySlice<UInt8>

    init?(_ line: ArraySlice<UInt8>) {
        let start = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard let first = start.first, first == UInt8(ascii: "`") || first == UInt8(ascii: "~") else { return nil }
        let run = start.prefix { $0 == first }
        guard run.count >= 3 else { return nil }
        (byte, count, indentation) = (first, run.count, line.count - start.count)
        rest = start.dropFirst(run.count).drop { $0 <= 32 }
        while let last = rest.last, last <= 32 { rest.removeLast() }
    }

    /// The first word of what follows, in small letters, without an attribute in braces.
    var label: String {
        let word = rest.prefix { $0 > 32 && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: ",") }
        return String(decoding: word, as: UTF8.self).lowercased()
    }

    /// Backticks in what follows backticks make it a piece of code within a line.
    var opens: Bool { byte == UInt8(ascii: "~") || !rest.contains(byte) }

    func closes(_ other: Fence) -> Bool {
        byte == other.byte && count >= other.count && rest.isEmpty && indentation <= other.indentation + 3
    }
}

/// All fenced blocks, in order. As CommonMark has them, but indented as deep as lists make them, and also behind words
/// on the same line where a label follows.
private func codeBlocks(in bytes: ArraySlice<UInt8>) -> [CodeBlock] {
    var blocks: [CodeBlock] = []
    var open: CodeBlock?
    for line in lines(bytes) {
        if var block = open {
            if let fence = Fence(line), fence.closes(block.fence) {
                blocks.append(block)
                open = nil
            } else {
                open = nil
                block.append(line)
                open = block
            }
        } else if let fence = Fence(line) ?? fenceAtEnd(of: line), fence.opens {
            open = CodeBlock(fence)
        }
    }
    if let block = open { blocks.append(block) }
    return blocks
}

/// An opening fence with a label behind other words: "Here it is: ```python".
private func fenceAtEnd(of line: ArraySlice<UInt8>) -> Fence? {
    guard let last = line.lastIndex(of: UInt8(ascii: "`")), line.first != UInt8(ascii: "`") else { return nil }
    let run = line[...last].reversed().prefix { $0 == UInt8(ascii: "`") }.count
    guard run >= 3, !line[..<(last + 1 - run)].contains(UInt8(ascii: "`")),
        let fence = Fence(line[(last + 1 - run)...]),
        isLabel(fence.label, of: .python) || isLabel(fence.label, of: .cpp)
    else { return nil }
    return fence
}

/// The lines, each without its line feed or carriage return and line feed.
private func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
        line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
}
