// Runs beside one another: methods and seeds, their curves in one chart, how they end, and which files they are.
import Domain
import Service

/// Renders `GET /runs/compare`.
struct RunComparisonPage: Sendable {
    let comparison: RunComparison
    private var view: ComparisonView { comparison.view }
    private var catalogue: RunCatalogue { comparison.catalogue }

    init(_ comparison: RunComparison) { self.comparison = comparison }

    /// The whole page.
    var html: HTML {
        var frame = PageFrame(title: "runs compared · rolloutd", section: .runs)
        frame.trail = [("/runs/compare", "compared")]
        return frame.html(
            heading: "Runs compared", note: "Methods and seeds in the same charts, each run from its own ledger.",
            main: main)
    }

    private var main: HTML {
        .all(
            origin, notes, form, zoom, .heading("How they end"), table, .heading("Curves"), charts, .heading("Runs"),
            list, unreadable)
    }

    // MARK: Where runs come from

    private var origin: HTML {
        guard let directory = catalogue.directory else {
            return HTML(
                """
                <p>Only this server's own ledger is here; to see others beside it, start the server with \
                <code>rolloutd serve --runs DIRECTORY</code>, naming a directory with ledgers, such as the <code>--out</code> of \
                <code>rolloutd compare</code>.</p>
                """)
        }
        let others = catalogue.runs.count { !$0.isOwn }
        return .note("This server's own ledger and \(others) of \(directory), which are read and not touched.")
    }

    private var notes: HTML {
        var lines: [String] = []
        if !comparison.missing.isEmpty {
            lines.append("There is no run or method named \(comparison.missing.joined(separator: ", ")).")
        }
        if comparison.isCut {
            lines.append("The first \(Limits.comparedMethodsMax) methods are drawn; choose fewer to see others.")
        }
        if catalogue.leftOut > 0 {
            lines.append(
                "\(catalogue.leftOut) more files are not looked at: at most \(Limits.runsListedMax) are, by name.")
        }
        return lines.map { HTML.element("p", ["class": "alarm"], .escape($0)) }.joined()
    }

    // MARK: Choosing

    private var form: HTML {
        let isEverything = view.methods.isEmpty && view.runs.isEmpty
        let methods = catalogue.methods.map { method in
            let runs = catalogue.runs.filter { $0.method == method }
            return box(
                "method", method, runs.count > 1 ? "\(method) (\(runs.count) seeds)" : method,
                isEverything ? comparison.methods.contains(method) : view.methods.contains(method))
        }
        let runs = catalogue.runs.map { box("run", $0.name, $0.name, view.runs.contains($0.name)) }
        let drawn = Set(comparison.drawn)
        let metrics = comparison.metrics.map { box("metric", $0, $0, drawn.contains($0)) }
        let forms = SeedForm.allCases.map { form in
            let text = form == .mean ? "mean and 95 % interval" : "each a line"
            return "<option value=\"\(form.rawValue)\"\(form == view.form ? " selected" : "")>\(text)</option>"
        }
        func bound(_ name: String, _ label: String, _ value: Int?) -> String {
            "<label>\(label)<input type=\"number\" name=\"\(name)\" min=\"0\" max=\"\(Int32.max)\" inputmode=\"numeric\" value=\"\(value.map(String.init) ?? "")\"></label>"
        }
        return HTML(
            "<form class=\"choose\" method=\"get\" action=\"/runs/compare\"><fieldset><legend>Methods (the first is what others are held against)</legend>\(methods.joined())</fieldset>"
                + "<details><summary>Choose single runs</summary><fieldset><legend>Runs, beside the methods</legend>\(runs.joined())</fieldset></details>"
                + "<details><summary>Choose metrics (at most \(Limits.comparedChartsMax))</summary><fieldset><legend>Metrics</legend>\(metrics.joined())</fieldset></details>"
                + "<label>Seeds<select name=\"seeds\">\(forms.joined())</select></label>"
                + bound("from", "From update", view.from) + bound("to", "To update", view.to)
                + "<button type=\"submit\">Compare</button></form>")
    }

    private func box(_ name: String, _ value: String, _ text: String, _ isChecked: Bool) -> String {
        "<label><input type=\"checkbox\" name=\"\(name)\" value=\"\(HTML.escape(value).text)\"\(isChecked ? " checked" : "")>\(HTML.escape(text).text)</label>"
    }

    private var zoom: HTML {
        guard let last = comparison.runs.compactMap(\.lastVersion).max() else { return .empty }
        var links: [(String, Int?)] = [("whole runs", nil)]
        for count in [50, 200, 1_000] where last > count {
            links.append(("last \(Figures.count(count))", last - count + 1))
        }
        guard links.count > 1 || view.from != nil || view.to != nil else { return .empty }
        let items = links.map { text, from in
            let query = view.query(from: from, to: nil)
            let mark = view.from == from && view.to == nil ? " aria-current=\"true\"" : ""
            return
                "<a href=\"/runs/compare\(query.isEmpty ? "" : "?" + HTML.escape(query).text)\"\(mark)>\(text)</a>"
        }
        return HTML("<nav class=\"choices\" aria-label=\"Zoom\">\(items.joined())</nav>")
    }

    // MARK: How they end

    private var table: HTML {
        let runs = comparison.runs.map(\.compared)
        let quantity = ComparedQuantity.lastHeldOut
        let first = comparison.methods.first
        let rows = comparison.methods.map { method -> [HTML] in
            let own = comparison.runs.filter { $0.method == method }
            let last = own.compactMap(\.lastVersion)
            let (low, high) = (last.min() ?? 0, last.max() ?? 0)
            let difference = first.flatMap { first in
                method == first ? nil : SampleMean(quantity.differences(runs, of: method, from: first))
            }
            return [
                .escape(method), .escape(String(own.count)),
                .escape(last.isEmpty ? "–" : low == high ? String(low) : "\(low) to \(high)"),
                .short(text(SampleMean(quantity.values(runs, of: method)), isDifference: false)),
                .short(method == first ? "–" : text(difference, isDifference: true)),
            ]
        }
        let table = PageTable(
            "How the methods end", names: ["method"],
            figures: ["seeds", "last version", "held-out accuracy, last", "minus \(first ?? "the first")"], rows: rows,
            empty: "no run is chosen")
        return table.html
            + .note(
                "Greedy accuracy on all held-out prompts at the last version that was measured: the mean over seeds with its 95 % interval, which one seed does not have. Differences are paired by seed; * marks an interval without 0."
            )
    }

    private func text(_ sample: SampleMean?, isDifference: Bool) -> String {
        guard let sample else { return "–" }
        let sign = isDifference && sample.mean > 0 ? "+" : ""
        guard let half = sample.halfWidth else { return sign + Figures.percent(sample.mean) }
        let star = isDifference && abs(sample.mean) > half ? " *" : ""
        return "\(sign)\(Figures.decimal(sample.mean * 100, 1)) ± \(Figures.percent(half))\(star)"
    }

    // MARK: Curves

    private var charts: HTML {
        let drawn = comparison.drawn
        guard !drawn.isEmpty else {
            return .element("div", ["class": "panel"], .element("p", ["class": "empty"], HTML("no curve yet")))
        }
        let figures = drawn.map { metric -> HTML in
            let chart = comparison.chart(metric)
            let query = view.query(from: view.from, to: view.to, metrics: [metric])
            return HTML("<div>") + chart.html
                + HTML(
                    "<p class=\"note\"><a href=\"/runs/compare.svg?\(HTML.escape(query).text)\" download=\"\(chart.fileName)\">\(HTML.escape(chart.title).text) as SVG</a></p></div>"
                )
        }
        return .element("div", ["class": "charts"], figures.joined())
    }

    // MARK: Files

    private var list: HTML {
        let rows = catalogue.runs.map { run -> [HTML] in
            let last = run.outline.evaluations.last { $0.kind == "all" }
            let state = [run.isOwn ? "of this server" : nil, run.note, run.lastVersion == nil ? "not begun" : nil]
            return [
                .link("/runs/compare?run=\(percentEncoded(run.name))", run.name), .escape(run.method),
                .escape(state.compactMap { $0 }.joined(separator: "; ")), .escape(String(run.seed)),
                .escape(run.outline.whole.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "none"),
                .escape(last.map { Figures.percent($0.greedyAccuracy) } ?? "–"),
            ]
        }
        return PageTable(
            "Runs", names: ["run", "method", "note"], figures: ["seed", "updates", "held-out, last"], rows: rows
        ).html
    }

    private var unreadable: HTML {
        guard !catalogue.unreadable.isEmpty else { return .empty }
        let rows = catalogue.unreadable.map { [HTML.escape($0.name), HTML.escape($0.reason)] }
        return .heading("Files that cannot be read")
            + PageTable("Files that cannot be read", names: ["file", "why"], rows: rows).html
    }
}
