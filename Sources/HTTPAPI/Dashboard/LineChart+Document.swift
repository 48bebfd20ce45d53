// A chart as an SVG file of its own, for papers and issues: title, legend and colours inside, light and dark.

extension LineChart {
    /// Room for the title, and for each row of the legend under it.
    private static let titleHeight = 28.0
    private static let rowHeight = 16.0
    /// A legend's mean width of a letter at 11 px.
    private static let letterWidth = 6.2

    private static let style = """
        text{font:11px system-ui,sans-serif;fill:#555}.title{font-size:14px;font-weight:600;fill:#111}
        .paper{fill:#fff}.grid{stroke:#ddd}.target{stroke:#777;stroke-dasharray:4 4}
        .line{fill:none;stroke-width:1.8;stroke-linejoin:round}.band{opacity:.14}
        .line.s0{stroke:#1f6feb}.line.s1{stroke:#c2410c}.line.s2{stroke:#0d8a6a}.line.s3{stroke:#8b3fc4}.line.s4{stroke:#8a6d00}
        .dot.s0,.band.s0{fill:#1f6feb}.dot.s1,.band.s1{fill:#c2410c}.dot.s2,.band.s2{fill:#0d8a6a}
        .dot.s3,.band.s3{fill:#8b3fc4}.dot.s4,.band.s4{fill:#8a6d00}
        .line.d1{stroke-dasharray:6 3}.line.d2{stroke-dasharray:2 3}.line.thin{stroke-width:1;opacity:.75}
        @media(prefers-color-scheme:dark){.paper{fill:#14171c}text{fill:#aab}.title{fill:#eee}.grid{stroke:#333}}
        """

    /// A name for a file, from the title: `held-out-accuracy-greedy.svg`.
    package var fileName: String {
        let words = title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.joined(separator: "-") + ".svg"
    }

    /// The text of an SVG file.
    package var document: String {
        let shown = shown
        let keys = keys(shown)
        let head = Self.titleHeight + Self.rowHeight * Double((keys.last?.row ?? 0) + 1)
        let height = Self.height + head
        let content = shown.isEmpty ? "<text x=\"52\" y=\"100\">no data</text>" : marks(shown).text
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" width="960" role="img" \
            aria-label="\(summary(shown))"><style>\(Self.style)</style>\
            <rect class="paper" width="\(Self.width)" height="\(height)"/>\
            <text class="title" x="10" y="18">\(HTML.escape(title).text)</text>\(keys.map(\.text).joined())\
            <g transform="translate(0 \(head))">\(content)</g></svg>

            """
    }

    /// One entry of the legend, or a line of the note, in its place.
    private struct Key {
        var row: Int
        var x: Double
        var words: String
        /// The classes of the line that it names; nil for a note.
        var series: String?

        var text: String {
            let y = LineChart.titleHeight + LineChart.rowHeight * Double(row)
            let swatch = series.map { "<path class=\"line \($0)\" d=\"M\(x) \(y + 6)h12\"/>" } ?? ""
            let start = series == nil ? x : x + 16
            return swatch + "<text x=\"\(start)\" y=\"\(y + 10)\">\(HTML.escape(words).text)</text>"
        }
    }

    /// The legend in rows that fit the width; a single series needs none and has the note there.
    private func keys(_ shown: [ChartSeries]) -> [Key] {
        let isLegend = shown.count > 1
        let named = shown.enumerated().filter { !$0.element.name.isEmpty }
        let classes = named.map { $0.element.classes(at: $0.offset) }
        let entries =
            isLegend
            ? named.map {
                $0.element.isThin ? $0.element.name : "\($0.element.name) \(label($0.element.points.last?.y ?? 0))"
            }
            : note.split(separator: " ").map(String.init)
        var keys: [Key] = []
        var (x, row) = (10.0, 0)
        for (index, words) in entries.enumerated() {
            let width = Double(words.count + (isLegend ? 0 : 1)) * Self.letterWidth + (isLegend ? 28 : 0)
            if x > 10, x + width > Self.width { (x, row) = (10, row + 1) }
            if !isLegend, let last = keys.last, last.row == row {
                keys[keys.count - 1].words += " " + words
            } else {
                keys.append(Key(row: row, x: x, words: words, series: isLegend ? classes[index] : nil))
            }
            x += width
        }
        return keys
    }
}
