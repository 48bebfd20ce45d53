// Curves of everything that updates record, over any part of a run. A pure function of what the ledger gave.
import Domain
import Service

/// What a reader wants to see of a run, as the query says it.
struct RunView: Sendable {
    /// Names of metrics; empty for the usual ones.
    var metrics: [String] = []
    /// The first and the last version; nil for the run's own.
    var from: Int?
    var to: Int?
    /// Whether the metrics share one chart.
    var isTogether = false

    /// The query that shows the same with another range.
    func query(from: Int?, to: Int?, metrics: [String]? = nil) -> String {
        var parts = (metrics ?? self.metrics).map { "metric=\(percentEncoded($0))" }
        if let from { parts.append("from=\(from)") }
        if let to { parts.append("to=\(to)") }
        if isTogether { parts.append("together=on") }
        return parts.joined(separator: "&")
    }
}

/// Renders `GET /runs`.
struct RunsPage: Sendable {
    let view: RunView
    let series: UpdateSeries
    let evaluations: [EvaluationRecord]
    /// The in-process model on data sets.
    var accuracies = PolicyAccuracyList()

    /// What one looks at first, in this order, where it is recorded.
    static let usual = [
        "reward_mean", "accuracy", "entropy", "gradient_mass_kept", "clip_positive_high", "clip_negative_low",
        "kl_behaviour", "ratio_p99", "gradient_norm", "loss", "response_tokens_mean", "staleness_mean",
    ]

    var html: HTML {
        PageFrame(title: "runs · rolloutd", section: .runs).html(
            heading: "Runs",
            note: "Every number that the updates of this ledger recorded, by the version that each made.",
            main: main)
    }

    /// The names of all metrics in the range, in the order in which they first came.
    var names: [String] {
        var known: Set<String> = []
        return series.updates.flatMap(\.metrics).map(\.name).filter { known.insert($0).inserted }
    }

    private var chosen: [String] {
        let names = names
        let wanted = view.metrics.isEmpty ? Self.usual.filter(names.contains) : view.metrics
        let shown = wanted.isEmpty ? Array(names.prefix(9)) : wanted
        return Array(shown.prefix(Limits.curvesMax))
    }

    private var main: HTML {
        guard let whole = series.whole else {
            return comparison
                + .element("div", ["class": "panel"], .element("p", ["class": "empty"], HTML("no update yet")))
        }
        return .all(comparison, zoom(whole), form(whole), .heading("Curves"), charts, stages(whole))
    }

    private var comparison: HTML {
        HTML("<p><a href=\"/runs/compare\">Compare with other runs, methods and seeds</a></p>")
    }

    // MARK: Choosing

    private func zoom(_ whole: ClosedRange<Int>) -> HTML {
        var links: [(String, Int?, Int?)] = [("whole run", nil, nil)]
        for count in [50, 200, 1_000] where whole.count > count {
            links.append(("last \(Figures.count(count))", whole.upperBound - count + 1, nil))
        }
        let items = links.map { text, from, to in
            let query = view.query(from: from, to: to)
            let mark = view.from == from && view.to == to ? " aria-current=\"true\"" : ""
            return "<a href=\"/runs\(query.isEmpty ? "" : "?" + HTML.escape(query).text)\"\(mark)>\(text)</a>"
        }
        let shown = series.updates
        let range =
            shown.first.map { "Updates \($0.version) to \(shown.last?.version.description ?? "") are shown" }
            ?? "No update is in this range"
        let all = (shown.last?.version.number ?? 0) - (shown.first?.version.number ?? 0) + 1
        let thinned =
            shown.count > 1 && all > shown.count ? ", \(shown.count) of \(Figures.count(all)), evenly chosen" : ""
        return HTML("<nav class=\"choices\" aria-label=\"Zoom\">\(items.joined())</nav>") + .note(range + thinned + ".")
    }

    private func form(_ whole: ClosedRange<Int>) -> HTML {
        let chosen = Set(chosen)
        let boxes = names.map { name -> String in
            let text = HTML.escape(name).text
            return
                "<label><input type=\"checkbox\" name=\"metric\" value=\"\(text)\"\(chosen.contains(name) ? " checked" : "")>\(text)</label>"
        }
        func bound(_ name: String, _ label: String, _ value: Int?) -> String {
            "<label>\(label)<input type=\"number\" name=\"\(name)\" min=\"1\" max=\"\(Int32.max)\" inputmode=\"numeric\" placeholder=\"\(name == "from" ? whole.lowerBound : whole.upperBound)\" value=\"\(value.map(String.init) ?? "")\"></label>"
        }
        return HTML(
            "<form class=\"choose\" method=\"get\" action=\"/runs\"><details><summary>Choose metrics (at most \(Limits.curvesMax))</summary>"
                + "<fieldset><legend>Metrics</legend>\(boxes.joined())</fieldset></details>"
                + bound("from", "From update", view.from) + bound("to", "To update", view.to)
                + "<label><input type=\"checkbox\" name=\"together\" value=\"on\"\(view.isTogether ? " checked" : "")>In one chart (the first five)</label>"
                + "<button type=\"submit\">Draw</button></form>")
    }

    // MARK: Curves

    private var charts: HTML {
        var drawn: [(chart: LineChart, metrics: [String])] = []
        if view.isTogether {
            let first = Array(chosen.prefix(5))
            drawn.append((Self.chart(first, series), first))
        } else {
            drawn = chosen.map { (Self.chart([$0], series), [$0]) }
        }
        let figures = drawn.map { chart, metrics in
            let query = view.query(from: view.from, to: view.to, metrics: metrics)
            return HTML("<div>") + chart.html
                + HTML(
                    "<p class=\"note\"><a href=\"/runs/chart.svg?\(HTML.escape(query).text)\" download=\"\(chart.fileName)\">\(HTML.escape(chart.title).text) as SVG</a></p></div>"
                )
        }
        return .element("div", ["class": "charts"], (heldOut + datasets + figures).joined())
    }

    private var heldOut: [HTML] {
        let found = evaluations.map(\.kind).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        // The sums say more than a dozen lines of single kinds.
        let sums = ["all", "math", "code"].filter(found.contains)
        let kinds = sums.isEmpty ? found : sums
        guard !kinds.isEmpty else { return [] }
        let lines = kinds.prefix(5).map { kind in
            ChartSeries(
                name: kind,
                points: evaluations.filter { $0.kind == kind }.map { (Double($0.version.number), $0.greedyAccuracy) },
                hasDots: true)
        }
        let chart = LineChart(
            title: "Held-out accuracy, greedy", note: "By kind of problem, on prompts that are never trained on.",
            series: Array(lines), yRange: 0...1, isShare: true)
        return [HTML("<div>") + chart.html + HTML("</div>")]
    }

    /// Evaluations of data sets, in the versions that are shown.
    private var datasets: [HTML] {
        guard !accuracies.accuracies.isEmpty || accuracies.pending > 0 else { return [] }
        let range = (view.from ?? 0)...max(view.to ?? .max, view.from ?? 0)
        let inside = accuracies.accuracies.filter { range.contains($0.version.number) }
        let names = inside.map(\.line).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let lines = names.prefix(Limits.comparedMethodsMax).map { name in
            let own = inside.filter { $0.line == name }
            return ChartSeries(
                name: name, points: own.map { (Double($0.version.number), $0.interval.mean) }, hasDots: true,
                band: own.map { (Double($0.version.number), $0.interval.low, $0.interval.high) })
        }
        let chart = LineChart(
            title: "Accuracy on data sets", note: "Evaluations of this model; bands are 95 % intervals over problems.",
            series: Array(lines), yRange: 0...1, isShare: true, namesSingle: true)
        let pending =
            accuracies.pending > 0
            ? HTML.note("\(accuracies.pending) more are being computed; load the page again.") : .empty
        let reports = HTML("<p class=\"note\"><a href=\"/evaluations\">Evaluations, each with its report</a></p>")
        return [HTML("<div>") + chart.html + .all(pending, reports, HTML("</div>"))]
    }

    /// One chart of some metrics; also for the SVG file.
    static func chart(_ names: [String], _ series: UpdateSeries) -> LineChart {
        let lines = names.map { name in
            ChartSeries(
                name: name,
                points: series.updates.compactMap { update in
                    update[name].map { (Double(update.version.number), $0) }
                })
        }
        return LineChart(
            title: names.joined(separator: ", "), note: names.count == 1 ? meaning(of: names[0]) : "", series: lines,
            isShare: names.allSatisfy(isShare), xLabel: "update")
    }

    /// Whether a metric is a share, written as a percentage.
    static func isShare(_ name: String) -> Bool {
        ["accuracy", "gradient_mass_kept", "dual_clip"].contains(name)
            || name.hasPrefix("clip_") && !name.hasSuffix("_tokens")
    }

    /// A sentence on those that need one.
    static func meaning(of name: String) -> String {
        let sentences = [
            "gradient_mass_kept": "Share of the gradient on tokens where clipping would drop it.",
            "clip_positive_high": "Share of tokens with a positive advantage above the range: dropped by clipping.",
            "clip_negative_low": "Share of tokens with a negative advantage below the range: dropped by clipping.",
            "kl_behaviour": "Mean ln p_old - ln p: how far the policy is from the one that sampled.",
            "entropy": "Nats a token; a fall to 0 is collapse.",
            "ratio_p99": "99 % of the importance ratios are below.",
        ]
        return sentences[name] ?? ""
    }

    // MARK: Stages

    /// Where the objective changed, among the updates shown.
    private func stages(_ whole: ClosedRange<Int>) -> HTML {
        var parts: [(objective: String, first: Int, last: Int)] = []
        for update in series.updates {
            let number = update.version.number
            if let last = parts.last, last.objective == update.objective {
                parts[parts.count - 1].last = number
            } else {
                parts.append((update.objective, number, number))
            }
        }
        let rows = parts.suffix(Limits.listedRows).map { part in
            [
                HTML.link("/runs?" + view.query(from: part.first, to: part.last), part.objective),
                .escape(String(part.first)), .escape(String(part.last)),
            ]
        }
        return .all(
            .heading("Stages"),
            .note("Runs of updates with one objective, among those shown; a rollback is one of its own."),
            PageTable("Stages", names: ["objective"], figures: ["from update", "to update"], rows: rows).html)
    }
}
