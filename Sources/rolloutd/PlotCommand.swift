// `rolloutd plot`: the curves of a ledger as SVG files, while the service runs or after it.
import ArgumentParser
import Domain
import Foundation
import HTTPAPI
import Storage

struct PlotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot", abstract: "Write the curves of everything that updates recorded as SVG files.",
        discussion: """
            The same curves as on the status page; nothing is changed, and the service may run meanwhile.

            Example:
              rolloutd plot --database data/rolloutd.sqlite --out curves
            """)

    @OptionGroup var database: DatabaseOption
    @Option(help: "The directory for the files; made if missing.") var out: String

    func run() async throws {
        let ledger = try database.openExisting()
        let updates = try await ledger.updates(before: nil, limit: Int(Int32.max))
        let evaluations = try await ledger.evaluations(limit: Int(Int32.max))
        try await ledger.close()
        let directory = URL(fileURLWithPath: out)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for chart in LearningCharts(updates: updates.reversed(), evaluations: evaluations.reversed()).all {
            let file = directory.appendingPathComponent(chart.fileName)
            try Data(chart.document.utf8).write(to: file)
            print(file.relativePath)
        }
    }
}
