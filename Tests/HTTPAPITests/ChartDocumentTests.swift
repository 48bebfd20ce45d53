// Charts as files of their own: everything that is written in one lies on its paper.
@testable import HTTPAPI
import Testing

@Suite struct ChartDocumentTests {
    private func chart(_ names: [String], note: String = "") -> LineChart {
        LineChart(
            title: "A title", note: note,
            series: names.map { ChartSeries(name: $0, points: [(0, 0.25), (10, 0.5)]) })
    }

    /// Where each text begins and how many letters it has.
    private func texts(_ document: String) -> [(x: Double, y: Double, letters: Int)] {
        document.matches(of: #/<text x="([0-9.]+)" y="([0-9.]+)">([^<]*)<\/text>/#).compactMap { match in
            guard let x = Double(match.1), let y = Double(match.2) else { return nil }
            return (x, y, match.3.count)
        }
    }

    @Test func `a legend of many long names takes as many rows as it needs`() {
        let names = ["gppo", "clip-higher", "cispo", "ce-gppo,beta1=0.75,beta2=1", "ce-gppo,beta1=0,beta2=1"]
        let document = chart(names).document
        for name in names { #expect(document.contains(">\(name) "), "\(name)") }
        let legend = texts(document).filter { $0.y < 80 }
        #expect(legend.count == names.count)
        #expect(Set(legend.map(\.y)).count > 1)
        for text in legend { #expect(text.x + Double(text.letters) * 6 < LineChart.width) }
    }

    @Test func `a long note is broken into lines, and a short legend stays in one`() {
        let note = Array(repeating: "a note of many words", count: 8).joined(separator: " ")
        let lines = texts(chart(["one"], note: note).document).filter { $0.y < 90 }
        #expect(lines.count > 1)
        for line in lines { #expect(line.x + Double(line.letters) * 6 < LineChart.width) }
        let legend = texts(chart(["one", "two"]).document).filter { $0.y < 45 }
        #expect(legend.count == 2 && Set(legend.map(\.y)).count == 1)
    }

    @Test func `an interval far beyond the lines does not flatten them, and a share stays between 0 and 1`() {
        func axis(_ points: [(Double, Double)], _ low: Double, _ high: Double) -> String {
            let line = ChartSeries(
                name: "a", points: points.map { (x: $0.0, y: $0.1) }, band: points.map { ($0.0, low, high) })
            return LineChart(title: "t", note: "", series: [line], isShare: true).html.text
        }
        let wide = axis([(0, 0.4), (1, 0.6)], -5, 5)
        #expect(wide.contains(">40 %<") && wide.contains(">60 %<") && !wide.contains(">100 %<") && !wide.contains("−"))
        // Nothing but a point: its interval is all there is to see.
        #expect(axis([(0, 0.5)], 0.1, 0.9).contains(">80 %<"))
    }

    @Test func `lines beyond the fifth have the colours again in dashes, and each run of a method has its colour`() {
        let curves = (0..<7).flatMap { method in
            (0..<2).map { RunCurve(method: "m\(method)", points: [(1, Double($0)), (2, Double(method))]) }
        }
        let methods = (0..<7).map { "m\($0)" }
        let mean = ChartSeries.lines(of: methods, curves, .mean)
        #expect(mean.map { $0.classes(at: 99) } == ["s0", "s1", "s2", "s3", "s4", "s0 d1", "s1 d1"])
        #expect(mean.first?.points.map(\.y) == [0.5, 0] && mean.first?.band.count == 2)
        let each = ChartSeries.lines(of: methods, curves, .each)
        #expect(each.count == 14 && each.prefix(2).map { $0.classes(at: 99) } == ["s0", "s0"])
        #expect(each.prefix(4).map(\.name) == ["m0", "", "m1", ""])
        let document = LineChart(title: "t", note: "", series: each).document
        #expect(document.contains("class=\"line s1 d1 thin\"") && texts(document).count { $0.y < 80 } == 7)
    }

    @Test func `a mean ends where half of its seeds have ended`() {
        let curves = [5, 3, 3, 9].map { last in RunCurve(method: "m", points: (1...last).map { ($0, Double(last)) }) }
        let mean = ChartSeries.lines(of: ["m"], curves, .mean)
        #expect(mean.first?.points.map(\.x) == [1, 2, 3] && mean.first?.points.last?.y == 5)
        #expect(ChartSeries.lines(of: ["m"], curves, .each).map(\.points.count) == [5, 3, 3, 9])
    }

    @Test func `coordinates have one digit at most, and tiny numbers two`() {
        let chart = LineChart(
            title: "t", note: "",
            series: [ChartSeries(name: "a", points: [(0, 0), (0.5, -.infinity), (1, 1), (3, 0.3)])])
        let points = chart.html.text.firstMatch(of: #/points="([^"]*)"/#)?.1.split(separator: " ") ?? []
        #expect(points.count == 3)
        for point in points { #expect(point.wholeMatch(of: #/[0-9]+(\.[0-9])?,[0-9]+(\.[0-9])?/#) != nil, "\(point)") }
        #expect(Figures.short(2.8386712e-6) == "2.8e-6" && Figures.short(-0.00005) == "−5.0e-5")
    }
}
