// A line chart as SVG: a few series over one axis of x. Colours come from the page's style sheet, so that dark mode works.

/// One line.
package struct ChartSeries: Sendable {
    /// Its name in the legend; an empty one has no entry there.
    var name: String
    /// x rises from point to point.
    var points: [(x: Double, y: Double)]
    /// Points get a dot each: for measurements that are few.
    var hasDots = false
    /// Where the truth may lie at each x, drawn as a pale band; empty for none.
    var band: [(x: Double, low: Double, high: Double)] = []
    /// Its colour and dashes by number; nil takes its place among the lines.
    var style: Int?
    /// One of many lines of its colour.
    var isThin = false

    /// Classes of the style sheet: five colours, then the same in dashes.
    func classes(at place: Int) -> String {
        let number = style ?? place
        let dash = number / 5 % 3
        return "s\(number % 5)" + (dash > 0 ? " d\(dash)" : "")
    }
}

/// What a chart shows.
package struct LineChart: Sendable {
    var title: String
    /// One sentence that tells what good looks like.
    var note: String
    var series: [ChartSeries]
    /// Fixed bounds of y; nil takes them from the data.
    var yRange: ClosedRange<Double>?
    /// Values of y are shares and shown as percentages.
    var isShare = false
    var xLabel = "policy version"
    /// Whether a single line is named as well.
    var namesSingle = false
    /// A horizontal line worth reaching.
    var target: Double?

    static let width = 480.0
    static let height = 220.0
    private static let left = 52.0
    private static let right = 10.0
    private static let top = 10.0
    private static let bottom = 30.0
    /// More points than pixels only cost bytes.
    private static let pointsMax = 240

    /// The chart as a figure with caption and legend.
    var html: HTML {
        let shown = shown
        let body =
            shown.isEmpty
            ? HTML("<p class=\"empty\">no data yet</p>")
            : HTML.element("svg", ["viewBox": viewBox, "role": "img", "aria-label": summary(shown)], marks(shown))
        let caption = HTML.element("h3", [:], .escape(title)) + HTML.element("p", ["class": "note"], .escape(note))
        return .element("figure", ["class": "chart"], caption + legend(shown) + body)
    }

    /// The lines that have points, not more of them than can be seen.
    var shown: [ChartSeries] {
        series.map { line in
            var line = line
            line.points = Self.thin(line.points)
            return line
        }.filter { !$0.points.isEmpty }
    }

    private var viewBox: String { "0 0 \(n(Self.width)) \(n(Self.height))" }

    /// The last values in words, for who cannot see the lines; markup.
    func summary(_ shown: [ChartSeries]) -> String {
        let values = shown.filter { !$0.name.isEmpty }.map { "\($0.name) \(label($0.points.last?.y ?? 0))" }
            .joined(separator: ", ")
        return HTML.escape("\(title): \(values)").text
    }

    private func legend(_ shown: [ChartSeries]) -> HTML {
        guard shown.count > 1 || namesSingle else { return .empty }
        let items = shown.enumerated().filter { !$0.element.name.isEmpty }.map { index, line in
            // The last value of one of many lines would say nothing of the others.
            let last = line.isThin ? HTML.empty : .element("b", [:], .escape(label(line.points.last?.y ?? 0)))
            return HTML.element("span", ["class": "key \(line.classes(at: index))"], .escape(line.name + " ") + last)
        }
        return .element("div", ["class": "legend"], items.joined())
    }

    /// Axes and lines, in the coordinates of the view box.
    func marks(_ shown: [ChartSeries]) -> HTML {
        let all = shown.flatMap(\.points)
        let xs = Self.bounds(all.map(\.x), atLeast: 1)
        let ys = yRange ?? Self.bounds(all.map(\.y) + bandEdges(shown), atLeast: 1e-9)
        let plotWidth = Self.width - Self.left - Self.right
        let plotHeight = Self.height - Self.top - Self.bottom
        func place(_ x: Double, _ y: Double) -> (Double, Double) {
            let across = (x - xs.lowerBound) / (xs.upperBound - xs.lowerBound)
            let up = (min(max(y, ys.lowerBound), ys.upperBound) - ys.lowerBound) / (ys.upperBound - ys.lowerBound)
            return (Self.left + across * plotWidth, Self.top + (1 - up) * plotHeight)
        }
        var parts = ""
        for tick in Self.ticks(ys, about: 4) {
            let (_, y) = place(xs.lowerBound, tick)
            parts +=
                "<line class=\"grid\" x1=\"\(n(Self.left))\" x2=\"\(n(Self.width - Self.right))\" y1=\"\(n(y))\" y2=\"\(n(y))\"/>"
            parts +=
                "<text class=\"tick\" text-anchor=\"end\" x=\"\(n(Self.left - 6))\" y=\"\(n(y + 4))\">\(HTML.escape(label(tick)).text)</text>"
        }
        // Versions are whole: between two of them there is nothing to name.
        for tick in Self.ticks(xs, about: 5) where tick == tick.rounded() {
            let (x, _) = place(tick, ys.lowerBound)
            parts +=
                "<text class=\"tick\" text-anchor=\"middle\" x=\"\(n(x))\" y=\"\(n(Self.height - 14))\">\(Figures.count(Int(tick.rounded())))</text>"
        }
        parts +=
            "<text class=\"axis\" text-anchor=\"end\" x=\"\(n(Self.width - Self.right))\" y=\"\(n(Self.height - 2))\">\(HTML.escape(xLabel).text)</text>"
        if let target, ys.contains(target) {
            let (_, y) = place(xs.lowerBound, target)
            parts +=
                "<line class=\"target\" x1=\"\(n(Self.left))\" x2=\"\(n(Self.width - Self.right))\" y1=\"\(n(y))\" y2=\"\(n(y))\"/>"
        }
        for (index, line) in shown.enumerated() {
            let classes = line.classes(at: index)
            parts += band(line.band.map { (place($0.x, $0.low), place($0.x, $0.high)) }, classes)
            let places = line.points.map { place($0.x, $0.y) }
            parts +=
                "<polyline class=\"line \(classes)\(line.isThin ? " thin" : "")\" points=\""
                + Self.path(places) + "\"/>"
            guard line.hasDots || places.count == 1 else { continue }
            for (x, y) in places {
                parts += "<circle class=\"dot \(classes)\" cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"2.5\"/>"
            }
        }
        return HTML(parts)
    }

    /// The ends of the bands as far as the axis reaches for them: an interval of two seeds is wide enough to flatten every
    /// line, and a share beyond 0 or 1 is none.
    private func bandEdges(_ shown: [ChartSeries]) -> [Double] {
        let edges = shown.flatMap(\.band).flatMap { [$0.low, $0.high] }.filter(\.isFinite)
        let values = shown.flatMap(\.points).map(\.y).filter(\.isFinite)
        guard let low = values.min(), let high = values.max() else { return [] }
        let room = high > low ? high - low : .infinity
        var range = (low - room)...(high + room)
        if isShare, low >= 0, high <= 1 { range = max(range.lowerBound, 0)...min(range.upperBound, 1) }
        return edges.map { min(max($0, range.lowerBound), range.upperBound) }
    }

    private func band(_ edges: [(low: (Double, Double), high: (Double, Double))], _ classes: String) -> String {
        if edges.count == 1, let edge = edges.first {
            // The interval of a single point.
            let ends = [edge.low, edge.high].map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
            return "<polyline class=\"line \(classes)\" points=\"\(ends)\"/>"
        }
        guard edges.count > 1 else { return "" }
        let outline = edges.map(\.low) + edges.reversed().map(\.high)
        return "<polygon class=\"band \(classes)\" points=\""
            + Self.path(outline) + "\"/>"
    }

    /// A value of y as the axis and the legend write it.
    func label(_ value: Double) -> String {
        isShare ? Figures.decimal(value * 100, abs(value) < 0.1 && value != 0 ? 2 : 0) + " %" : Figures.short(value)
    }

    /// Points as SVG takes them, with one digit: a page of many lines is mostly these, so they are written as bytes.
    private static func path(_ places: [(Double, Double)]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(places.count * 12)
        func write(_ value: Double) {
            let tenths = value.isFinite ? Int((min(max(value, -1e6), 1e6) * 10).rounded()) : 0
            if tenths < 0 { bytes.append(UInt8(ascii: "-")) }
            let whole = abs(tenths) / 10
            let part = abs(tenths) % 10
            var scale = 1
            while whole / scale >= 10 { scale *= 10 }
            while scale > 0 {
                bytes.append(UInt8(ascii: "0") + UInt8(whole / scale % 10))
                scale /= 10
            }
            if part > 0 { bytes += [UInt8(ascii: "."), UInt8(ascii: "0") + UInt8(part)] }
        }
        for (x, y) in places {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
            write(x)
            bytes.append(UInt8(ascii: ","))
            write(y)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A coordinate with one digit: more is invisible.
    private func n(_ value: Double) -> String { String((value * 10).rounded() / 10) }

    private static func bounds(_ values: [Double], atLeast span: Double) -> ClosedRange<Double> {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return 0...1 }
        // A constant gets room around it, so that the axis has round numbers.
        let room = high > low ? (high - low) * 0.05 : high == 0 && span < 1 ? 0.5 : abs(high) * 0.1
        let margin = max(room, span / 2)
        if low >= 0 { return max(0, low - margin)...(high + margin) }
        return (low - margin)...(high + margin)
    }

    /// Round numbers inside a range.
    static func ticks(_ range: ClosedRange<Double>, about count: Int) -> [Double] {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite else { return [range.lowerBound] }
        var step = 1.0
        while step * Double(count) < span { step *= 10 }
        while step * Double(count) / 10 >= span { step /= 10 }
        let nice = [0.1, 0.2, 0.5, 1].map { $0 * step }.first { span / $0 <= Double(count) + 0.5 } ?? step
        var ticks: [Double] = []
        var tick = (range.lowerBound / nice).rounded(.up) * nice
        while tick <= range.upperBound + nice * 1e-9, ticks.count < 12 {
            ticks.append(tick)
            tick += nice
        }
        return ticks
    }

    /// At most `pointsMax` points, each the mean of its neighbours: what a reader would see anyway.
    private static func thin(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let finite = points.filter { $0.y.isFinite }
        guard finite.count > pointsMax else { return finite }
        let size = (finite.count + pointsMax - 1) / pointsMax
        return stride(from: 0, to: finite.count, by: size).map { start in
            let part = finite[start..<min(start + size, finite.count)]
            let sum = part.reduce((0.0, 0.0)) { ($0.0 + $1.x, $0.1 + $1.y) }
            return (sum.0 / Double(part.count), sum.1 / Double(part.count))
        }
    }
}
