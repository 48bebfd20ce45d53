// House rules that a program can see: sizes, banned words, documented declarations, nothing of a machine in the project.
import Foundation
import Testing

@Suite struct StyleTests {
    @Test func `no file is longer than 400 lines`() {
        for file in SourceTree.sources + SourceTree.tests + SourceTree.cSources {
            #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test func `every file begins by saying what it is`() {
        for file in SourceTree.sources + SourceTree.cSources {
            #expect(file.lines.first?.hasPrefix("//") == true, "\(file.path) has no opening comment")
        }
    }

    @Test func `banned words stay out of the sources`() {
        let banned = [
            ("try!", "throw"), ("fatalError(", "throw, or precondition for what only a bug can break"),
            (" as! ", "as? with an error"), ("FIXME", "mend it"), ("TODO", "do it"), ("XXX", "say what is meant"),
            ("class func", "a value"), ("Utils", "name the concept"), ("Helper", "name the concept"),
            ("Manager(", "name the concept"),
        ]
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() {
                for (word, instead) in banned where line.contains(word) {
                    Issue.record("\(file.path):\(number + 1): \(word.trimmingCharacters(in: .whitespaces)): \(instead)")
                }
            }
        }
    }

    @Test func `unchecked Sendable stands only beside a reason`() {
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") {
                let context = file.lines[max(0, number - 6)...number].joined(separator: "\n").lowercased()
                #expect(context.contains("sendable") && context.contains("because"), "\(file.path):\(number + 1)")
            }
        }
    }

    @Test func `only the commands read the clock and print`() {
        for file in SourceTree.sources where file.module != "rolloutd" {
            var isInText = false
            for (number, line) in file.lines.enumerated() {
                // Another language's lines inside a long string are not ours.
                if line.components(separatedBy: "\"\"\"").count % 2 == 0 { isInText.toggle() }
                let code = line.drop { $0 == " " }
                guard !isInText, !code.hasPrefix("//") else { continue }
                #expect(!code.contains("Date()"), "\(file.path):\(number + 1): pass a WallClock")
                #expect(!code.hasPrefix("print("), "\(file.path):\(number + 1): log it")
            }
        }
    }

    @Test func `what leaves a file is documented`() {
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() where isUndocumented(line, before: number, in: file) {
                Issue.record("\(file.path):\(number + 1): \(line.trimmingCharacters(in: .whitespaces))")
            }
        }
    }

    @Test func `the project names no machine`() {
        let files =
            SourceTree.sources + SourceTree.tests + SourceTree.cSources
            + SourceTree.files(
                in: ["docs", "scripts", "deploy", "examples", "Benchmarks"],
                extensions: ["md", "sh", "py", "json", "yaml"])
        // Split so that this file does not name them itself.
        let traces = ["/wo" + "rk/", "/opt/swift" + "-packages", "/ro" + "ot/", "/tmp/te" + "am", "/tmp/mi" + "ni"]
        for file in files {
            for (number, line) in file.lines.enumerated() {
                for trace in traces where line.contains(trace) { Issue.record("\(file.path):\(number + 1): \(trace)") }
            }
        }
    }

    @Test func `each module has a design note of at most 80 lines`() throws {
        for module in LayerTests.ours.keys where !["SchemaMigrations", "rolloutd", "Domain"].contains(module) {
            let note = SourceTree.root.appendingPathComponent("Sources/\(module)/DESIGN.md")
            let text = try #require(
                try? String(contentsOf: note, encoding: .utf8), "Sources/\(module)/DESIGN.md is missing")
            #expect(
                text.split(separator: "\n", omittingEmptySubsequences: false).count <= 81,
                "\(module)/DESIGN.md is too long")
        }
    }

    /// Types and functions with `package` access need a doc comment; stored properties, cases and initialisers speak
    /// through their type's.
    private func isUndocumented(_ line: Substring, before number: Int, in file: SourceFile) -> Bool {
        let words = line.split(separator: " ")
        // What is nested speaks through its type's comment and its own cases.
        guard words.first == "package", !line.hasPrefix("    ") || line.contains(" func ") else { return false }
        let kinds: Set<Substring> = ["func", "struct", "enum", "class", "actor", "protocol", "typealias"]
        guard let kind = words.first(where: { kinds.contains($0) }), words.prefix(5).contains(kind) else {
            return false
        }
        let isProtocolWitness = ["func run() async", "func next()", "func hash(", "func < ", "func == "].contains {
            line.contains($0)
        }
        guard !isProtocolWitness else { return false }
        var above = number - 1
        while above >= 0, file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") { above -= 1 }
        guard above >= 0 else { return true }
        return !file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("///")
    }
}
