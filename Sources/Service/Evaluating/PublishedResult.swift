// Figures that others published, to stand beside one's own: table 1 of the Klear-Reasoner paper. Copied, never computed; a
// figure without its protocol is no comparison, so each has it.

/// One published accuracy.
package struct PublishedResult: Sendable, Equatable {
    package var benchmark: String
    package var model: String
    /// In percent, as printed.
    package var percent: Double
    /// Samples of each problem that it is the mean over.
    package var samples: Int
    /// How they were sampled.
    package var sampling: String
    /// Where it is printed.
    package var source: String

    /// Protocol and source in a line.
    package var protocolText: String { "avg@\(samples), \(sampling); \(source)" }

    private static let source = "Klear-Reasoner, arXiv 2508.07629, table 1"
    private static let sampling = "mean pass@1, temperature 0.6, top_p 0.95"

    private static let columns: [(name: String, samples: Int)] = [
        ("AIME 2024", 64), ("AIME 2025", 64), ("HMMT February 2025", 64), ("LiveCodeBench V5", 8),
        ("LiveCodeBench V6", 8),
    ]

    private static let rows: [(model: String, percents: [Double])] = [
        ("Qwen3-8B", [76.0, 67.3, 44.7, 57.5, 48.4]),
        ("DeepSeek-R1-0528-Distill-8B (64K)", [86.0, 76.3, 61.5, 61.0, 51.6]),
        ("OpenReasoning-Nemotron-7B (64K)", [84.7, 78.2, 63.5, 65.6, 56.3]),
        ("POLARIS-4B (96K)", [81.2, 79.4, 58.7, 58.5, 53.0]),
        ("AceReason-Nemotron-1.1-7B", [72.6, 64.8, 42.9, 57.2, 52.1]),
        ("Klear-Reasoner-8B-SFT (32K)", [75.6, 70.1, 57.6, 58.5, 49.6]),
        ("Klear-Reasoner-8B (32K)", [83.2, 75.6, 60.3, 61.6, 53.1]),
        ("Klear-Reasoner-8B (64K, YaRN 2.5)", [90.5, 83.2, 70.8, 66.0, 58.1]),
    ]

    /// The whole table, by benchmark.
    package static let all: [PublishedResult] = columns.enumerated().flatMap { index, column in
        rows.map { row in
            PublishedResult(
                benchmark: column.name, model: row.model, percent: row.percents[index],
                samples: column.samples, sampling: sampling, source: source)
        }
    }

    /// The figures for a data set whose name tells its benchmark, as `aime24` or `livecodebench-v5`; none for others.
    package static func of(dataset: String) -> [PublishedResult] {
        let name = dataset.lowercased().filter { $0.isLetter || $0.isNumber }
        func isNamed(_ words: String...) -> Bool { words.contains { name.contains($0) } }
        let isCode = isNamed("livecodebench", "lcb")
        let benchmark: String? =
            if isNamed("aime24", "aime2024") {
                "AIME 2024"
            } else if isNamed("aime25", "aime2025") {
                "AIME 2025"
            } else if isNamed("hmmt25", "hmmt2025", "hmmtfeb2025", "hmmt202502") {
                "HMMT February 2025"
            } else if isCode, isNamed("v5") {
                "LiveCodeBench V5"
            } else if isCode, isNamed("v6") {
                "LiveCodeBench V6"
            } else { nil }
        return all.filter { $0.benchmark == benchmark }
    }
}
