// A chart as an SVG file of its own, for papers and issues: title, legend and colours inside, light and dark.

extension LineChart {
    /// Room above the axes for the title and the legend.
    private static let headHeight = 44.0
    /// A legend's mean width of a letter at 11 px.
    private static let letterWidth = 6.2

    private static let style = """
        text{font:11px system-ui,sans-serif;fill:#555}.title{font-size:14px;font-weight:600;fill:#111}
        .paper{fill:#fff}.grid{stroke:#ddd}.target{stroke:#777;stroke-dasharray:4 4}
        .line{fill:none;stroke-width:1.8;stroke-linejoin:round}.band{opacity:.14}
        .line.s0{stroke:#1f6feb}.line.s1{stroke:#c2410c}.line.s2{stroke:#0d8a6a}.line.s3{stroke:#8b3fc4}.line.s4{stroke:#8a6d00}
        .dot.s0,.band.s0{fill:#1f6feb}.dot.s1,.band.s1{fill:#c2410c}.dot.s2,.band.s2{fill:#0d8a6a}
        .dot.s3,.band.s3{fill:#8b3fc4}.dot.s4,.band.s4{fill:#8a6d00}
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
        let height = Self.height + Self.headHeight
        let content = shown.isEmpty ? "<text x=\"52\" y=\"100\">no data</text>" : marks(shown).text
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" width="960" role="img" \
            aria-label="\(summary(shown))"><style>\(Self.style)</style>\
            <rect class="paper" width="\(Self.width)" height="\(height)"/>\
            <text class="title" x="10" y="18">\(HTML.escape(title).text)</text>\(keys(shown))\
            <g transform="translate(0 \(Self.headHeight))">\(content)</g></svg>

            """
    }

    private func keys(_ shown: [ChartSeries]) -> String {
        var x = 10.0
        return shown.enumerated().map { index, line in
            let text = shown.count > 1 ? "\(line.name) \(label(line.points.last?.y ?? 0))" : note
            defer { x += Double(text.count) * Self.letterWidth + 28 }
            let swatch =
                shown.count > 1 ? "<path class=\"line s\(index)\" d=\"M\(x) 34h12\"/>" : ""
            return swatch + "<text x=\"\(shown.count > 1 ? x + 16 : x)\" y=\"38\">\(HTML.escape(text).text)</text>"
        }.joined()
    }
}
