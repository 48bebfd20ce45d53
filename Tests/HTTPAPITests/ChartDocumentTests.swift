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
}
