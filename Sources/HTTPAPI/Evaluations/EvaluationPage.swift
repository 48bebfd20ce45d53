// A report as one file for a browser: its styles inside, no script, light and dark, every text of models and data sets escaped.
import Domain
import Service

/// The page of one report.
struct EvaluationPage: Sendable {
    private let report: EvaluationReport
    /// The server's policy allows no styles inside a page, so what it serves names its sheet.
    private let isServed: Bool

    init(_ report: EvaluationReport, isServed: Bool = false) {
        self.report = report
        self.isServed = isServed
    }

    /// The whole file.
    var html: HTML {
        let settings = report.run.settings
        let title = HTML.escape("\(settings.dataset) by \(settings.model.description)").text
        let warnings = report.warnings.map { HTML.element("p", ["class": "alarm"], .escape($0)) }.joined()
        let styles =
            isServed
            ? "<link rel=\"stylesheet\" href=\"/assets/style.css\">" : "<style>\(DashboardStyle.sheet)</style>"
        let comparison =
            report.comparisonText.map {
                HTML.element("h2", [:], HTML("Comparison")) + HTML.element("p", [:], .escape($0))
            } ?? .empty
        let way = isServed ? "<span><a href=\"/evaluations\">All evaluations</a></span>" : ""
        return HTML(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">\
            <title>\(title)</title>\(styles)</head>\
            <body><header><h1>\(title)</h1><span class="dim">\(HTML.escape(report.run.id.text).text)</span>\(way)</header><main>\
            <p>\(HTML.escape("\(report.run.problems) problems, \(report.protocolText)").text)</p>\(warnings.text)\
            \(figures.text)<h2>Curves</h2><div class="charts">\(chart.html.text)\(spread.html.text)</div>\
            \(slices("By difficulty", report.byDifficulty).text)\(slices("By subject", report.bySubject).text)\
            \(comparison.text)\(published.text)\(problems.text)</main>\
            <footer>Intervals: 95 %, bootstrap over problems, \(Limits.bootstrapResamples) resamples. Written by rolloutd.</footer>\
            </body></html>

            """)
    }

    /// pass@k over k, with its interval as a band.
    var chart: LineChart {
        LineChart(
            title: "pass@k", note: "One of k samples is right. The band is the 95 % interval over problems.",
            series: [
                ChartSeries(
                    name: report.run.settings.model.description,
                    points: report.pass.map { (Double($0.k), $0.interval.mean) }, hasDots: true,
                    band: report.pass.map { (Double($0.k), $0.interval.low, $0.interval.high) })
            ], yRange: 0...1, isShare: true, xLabel: "k")
    }

    /// The accuracy of each problem, the hardest first: whether the mean hides two camps.
    private var spread: LineChart {
        let shares = report.problems.compactMap(\.average).sorted()
        return LineChart(
            title: "Accuracy by problem", note: "The share of right samples, from the hardest problem to the easiest.",
            series: [
                ChartSeries(
                    name: "share right", points: shares.enumerated().map { (Double($0.offset + 1), $0.element) })
            ], yRange: 0...1, isShare: true, xLabel: "problem")
    }

    private var figures: HTML {
        table(
            ["figure", "value"],
            report.figures.map { [HTML.escape($0.name), HTML.escape($0.value)] }, cells: "name")
    }

    private func slices(_ title: String, _ slices: [EvaluationSlice]) -> HTML {
        guard !slices.isEmpty else { return .empty }
        let rows = slices.map { slice in
            [
                slice.name, "\(slice.problems)", report.interval(slice.average), report.interval(slice.pass),
                report.interval(slice.majority), "\(slice.undetermined)", "\(slice.truncated)",
            ].map { HTML.escape($0) }
        }
        return HTML.element("h2", [:], HTML(title))
            + table(["", "problems", "avg", "pass", "maj", "undetermined", "truncated"], rows)
    }

    private var published: HTML {
        guard let first = report.published.first else { return .empty }
        return HTML.element("h2", [:], .escape("Published figures for \(first.benchmark)"))
            + HTML.element("p", ["class": "note"], .escape("As printed, not measured here: \(first.protocolText)."))
            + table(
                ["model", "published"],
                report.published.map { [HTML.escape($0.model), HTML.escape(Figures.decimal($0.percent, 1) + " %")] })
    }

    private var problems: HTML {
        let shown = report.problems.prefix(Limits.evaluationProblemsShown)
        let left = report.problems.count - shown.count
        let rows = shown.map { result in
            [
                result.problem.id.text, result.problem.difficulty ?? "", result.problem.subject ?? "",
                "\(result.right) of \(result.decided)", "\(result.undetermined)", "\(result.truncated)",
                result.majority.map { vote in
                    vote.leaders.map { String($0.prefix(60)) }.joined(separator: " or ") + " (\(vote.votes))"
                } ?? "",
            ].map { HTML.escape($0) }
        }
        let more =
            left > 0 ? HTML.element("p", ["class": "note"], .escape("\(left) more are in the JSON report.")) : .empty
        return HTML.element("h2", [:], HTML("Problems"))
            + table(
                ["id", "difficulty", "subject", "right", "undetermined", "truncated", "majority (votes)"], rows) + more
    }

    /// Cells stay on one line and end in dots where they are long; the panel scrolls, so that no column is squeezed.
    private func table(_ heads: [String], _ rows: [[HTML]], cells: String = "cut") -> HTML {
        let head = heads.map { HTML.element("th", ["scope": "col"], .escape($0)) }.joined()
        let body = rows.map { row in
            HTML.element("tr", [:], row.map { HTML.element("td", ["class": cells], $0) }.joined())
        }.joined()
        return HTML.element(
            "div", ["class": "scroll panel"],
            HTML.element(
                "table", [:],
                HTML.element("thead", [:], HTML.element("tr", [:], head)) + HTML.element("tbody", [:], body)))
    }
}
