// How far an import is, on standard error, where that is a terminal.
import Foundation

/// A bar that is drawn over again; silent where nobody watches.
struct ImportProgress {
    private static let barWidth = 32

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = -1

    /// Draws the bar, at most once for each thousandth of the file or each thousand rows.
    mutating func show(_ fraction: Double?, rows: Int) {
        let step = fraction.map { Int($0 * 1_000) } ?? rows / 1_000
        guard isTerminal, step != shown else { return }
        shown = step
        guard let fraction else { return write("\r\u{1B}[Kimport \(rows) rows") }
        let filled = Int(fraction * Double(Self.barWidth))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
        write("\r\u{1B}[Kimport \(bar) \(rows) rows")
    }

    /// Removes the bar, so that something else can be written.
    mutating func clear() {
        guard isTerminal, shown >= 0 else { return }
        shown = -1
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
