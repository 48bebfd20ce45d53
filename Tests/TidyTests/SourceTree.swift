// The project's own files as text, for the tidy tests.
import Foundation

/// One file of the project.
struct SourceFile: Sendable {
    /// The path from the project's root, as `Sources/Domain/Verdict.swift`.
    let path: String
    let lines: [Substring]

    var text: String { lines.joined(separator: "\n") }
    /// The second component of `Sources/<module>/...`; nil elsewhere.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// Finds the project's files from this file's own place.
enum SourceTree {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All files below some folders with one of the extensions, sorted by path.
    static func files(in folders: [String], extensions: Set<String>) -> [SourceFile] {
        folders.flatMap { folder -> [SourceFile] in
            let base = root.appendingPathComponent(folder)
            let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
            return names.sorted().compactMap { name in
                guard let dot = name.lastIndex(of: "."), extensions.contains(String(name[name.index(after: dot)...])),
                    let text = try? String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                else { return nil }
                return SourceFile(
                    path: folder + "/" + name, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            }
        }
    }

    static let sources = files(in: ["Sources", "migrations"], extensions: ["swift"])
    static let cSources = files(in: ["Sources"], extensions: ["c", "h"])
    static let tests = files(in: ["Tests"], extensions: ["swift"])
}
