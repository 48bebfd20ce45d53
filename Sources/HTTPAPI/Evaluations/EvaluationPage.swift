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
                HTML.element("h2", [:], HTML("Comparison, problem by problem")) + HTML.element("p", [:], .escape($0))
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
        PageTable("Figures", names: ["figure", "value"], rows: report.figures.map { cells([$0.name, $0.value]) }).html
    }

    /// The accuracies stand before the counts: on a phone the panel shows what is to the left.
    private func slices(_ title: String, _ slices: [EvaluationSlice]) -> HTML {
        guard !slices.isEmpty else { return .empty }
        let samples = report.run.settings.samples
        let hasVotes = slices.contains { $0.majority != nil }
        let rows = slices.map { slice in
            cells(
                [slice.name, report.interval(slice.average), report.interval(slice.pass)]
                    + (hasVotes ? [report.interval(slice.majority)] : [])
                    + ["\(slice.problems)", "\(slice.undetermined)", "\(slice.truncated)"])
        }
        return HTML.element("h2", [:], HTML(title))
            + PageTable(
                title, names: [""],
                figures: ["avg@\(samples)", "pass@\(report.mainFigures.passK)"] + (hasVotes ? ["maj@\(samples)"] : [])
                    + ["problems", "undetermined", "truncated"], rows: rows
            ).html
    }

    /// What others printed, beneath what was measured here, with both protocols: only like can be compared with like.
    private var published: HTML {
        guard let first = report.published.first else { return .empty }
        let own = [report.run.settings.model.description + " (measured here)", report.interval(report.all.average)]
        let rows = report.published.map { [$0.model, Figures.decimal($0.percent, 1) + " %"] }
        return HTML.element("h2", [:], .escape("Published figures for \(first.benchmark)"))
            + HTML.element("p", ["class": "note"], .escape("As printed, not measured here: \(first.protocolText)."))
            + HTML.element("p", ["class": "note"], .escape("Measured here: \(report.protocolText)."))
            + PageTable(
                "Published figures", names: ["model"], figures: ["accuracy"], rows: ([own] + rows).map(cells)
            ).html
    }

    private var problems: HTML {
        let shown = report.problems.prefix(Limits.evaluationProblemsShown)
        let left = report.problems.count - shown.count
        let rows = shown.map { result in
            let majority = result.majority.map { vote in
                vote.leaders.map { String($0.prefix(60)) }.joined(separator: " or ") + " (\(vote.votes))"
            }
            return cells([result.problem.id.text, "\(result.right) of \(result.decided)"])
                + [cut(majority)] + cells(["\(result.undetermined)", "\(result.truncated)"])
                + [cut(result.problem.difficulty), cut(result.problem.subject)]
        }
        let more =
            left > 0 ? HTML.element("p", ["class": "note"], .escape("\(left) more are in the JSON report.")) : .empty
        let columns = [
            PageTable.Column(name: "id"), .init(name: "right", isFigure: true), .init(name: "majority (votes)"),
            .init(name: "undetermined", isFigure: true), .init(name: "truncated", isFigure: true),
            .init(name: "difficulty"), .init(name: "subject"),
        ]
        return HTML.element("h2", [:], HTML("Problems"))
            + PageTable("Problems", columns: columns, rows: rows).html + more
    }

    /// One line that ends in dots where it is long, so that no row grows tall on a phone.
    private func cut(_ text: String?) -> HTML { HTML.element("div", ["class": "cut"], .escape(text ?? "")) }

    private func cells(_ texts: [String]) -> [HTML] { texts.map { HTML.escape($0) } }
}
