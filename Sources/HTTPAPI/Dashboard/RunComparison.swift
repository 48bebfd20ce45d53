// Which runs a reader compares, and the charts of them. Pure functions of what the service gave.
import Domain
import Service

/// What a reader wants to see of several runs, as the query says it.
struct ComparisonView: Sendable {
    /// Methods, all of whose runs are meant; the first is the one that others are held against.
    var methods: [String] = []
    /// Single runs beside them. Without methods and runs all that have begun are meant.
    var runs: [String] = []
    /// Names of metrics; empty for the usual ones.
    var metrics: [String] = []
    var from: Int?
    var to: Int?
    var form = SeedForm.mean

    /// The query that shows the same over another range, or for one chart.
    func query(from: Int?, to: Int?, metrics: [String]? = nil) -> String {
        var parts = methods.map { "method=\(percentEncoded($0))" } + runs.map { "run=\(percentEncoded($0))" }
        parts += (metrics ?? self.metrics).map { "metric=\(percentEncoded($0))" }
        if let from { parts.append("from=\(from)") }
        if let to { parts.append("to=\(to)") }
        if form != .mean { parts.append("seeds=\(form.rawValue)") }
        return parts.joined(separator: "&")
    }
}

/// The chosen runs of a catalogue, and what is drawn of them.
struct RunComparison: Sendable {
    let view: ComparisonView
    let catalogue: RunCatalogue
    /// The chosen runs, at most `Limits.comparedMethodsMax` methods of them.
    let runs: [RunSummary]
    /// Their methods in the order of the table and the colours.
    let methods: [String]
    /// Whether methods were left out of the charts because they are too many.
    let isCut: Bool
    /// Curves by the run's name; empty until they are read.
    var curves: [String: RunCurves] = [:]

    /// Chooses; the curves come later.
    init(_ view: ComparisonView, of catalogue: RunCatalogue) {
        self.view = view
        self.catalogue = catalogue
        let isEverything = view.methods.isEmpty && view.runs.isEmpty
        let chosen = catalogue.runs.filter { run in
            isEverything ? run.lastVersion != nil : view.methods.contains(run.method) || view.runs.contains(run.name)
        }
        let found = Set(chosen.map(\.method))
        let order = (view.methods + catalogue.methods).reduce(into: [String]()) {
            if found.contains($1), !$0.contains($1) { $0.append($1) }
        }
        let shown = Array(order.prefix(Limits.comparedMethodsMax))
        methods = shown
        isCut = shown.count < order.count
        runs = chosen.filter { shown.contains($0.method) }
    }

    /// What was asked for and is not there, by name.
    var missing: [String] {
        view.methods.filter { name in !catalogue.runs.contains { $0.method == name } }
            + view.runs.filter { name in !catalogue.runs.contains { $0.name == name } }
    }

    // MARK: Metrics

    /// Held-out accuracies, as metrics among the others.
    private static let heldOut = [
        "held_out_all": "all", "held_out_math": "math", "held_out_code": "code",
    ]

    /// The names of everything that can be drawn of the chosen runs: held-out accuracies, then what updates record.
    var metrics: [String] {
        let kinds = Set(runs.flatMap(\.outline.evaluations).map(\.kind))
        let measured = Self.heldOut.filter { kinds.contains($0.value) }.keys.sorted()
        var known: Set<String> = []
        return measured + runs.flatMap(\.outline.metrics).filter { known.insert($0).inserted }
    }

    /// What is drawn: what was asked for, else the usual, and held-out accuracy in any case.
    var drawn: [String] {
        let there = metrics
        let held = there.filter { Self.heldOut[$0] != nil }
        let usual = Array(RunsPage.usual.filter(there.contains).prefix(8))
        let asked = view.metrics.isEmpty ? held + usual : Array(held.prefix(1)) + view.metrics
        return Array(
            asked.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.prefix(Limits.comparedChartsMax))
    }

    /// The drawn metrics that updates record.
    var recorded: [String] { drawn.filter { Self.heldOut[$0] == nil } }

    /// How many points each line may have, so that a page of many lines stays small; a band has two for each point.
    var points: Int {
        let lines = view.form == .mean ? methods.count * 3 : runs.count
        return min(max(Limits.comparedPointsMax / max(lines * drawn.count, 1), 30), Limits.curvePoints)
    }

    // MARK: Charts

    /// One metric over the versions, a line a method or a run.
    func chart(_ metric: String) -> LineChart {
        let kind = Self.heldOut[metric]
        let versions = kind.map(measuredVersions)
        let lines = runs.map { run -> RunCurve in
            guard let kind, let versions else {
                return RunCurve(method: run.method, points: curves[run.name]?.points[metric] ?? [])
            }
            let rows = run.outline.evaluations.filter { $0.kind == kind && versions.contains($0.version.number) }
            return RunCurve(method: run.method, points: rows.map { ($0.version.number, $0.greedyAccuracy) })
        }
        let meaning = kind == nil ? RunsPage.meaning(of: metric) : "Prompts that are never trained on."
        return LineChart(
            title: title(metric), note: meaning.isEmpty ? view.form.note : "\(meaning) \(view.form.note)",
            series: ChartSeries.lines(of: methods, lines, view.form), isShare: kind != nil || RunsPage.isShare(metric),
            xLabel: kind == nil ? "update" : "policy version", namesSingle: true)
    }

    private func title(_ metric: String) -> String {
        switch Self.heldOut[metric] {
        case nil: metric
        case "all": "Held-out accuracy, greedy"
        case let kind?: "Held-out \(kind), greedy"
        }
    }

    /// The measured versions in the range, the same for all runs, evenly thinned.
    private func measuredVersions(_ kind: String) -> Set<Int> {
        let range = (view.from ?? 0)...max(view.to ?? .max, view.from ?? 0)
        let all = Set(runs.flatMap { $0.outline.evaluations.filter { $0.kind == kind }.map(\.version.number) })
            .filter(range.contains).sorted()
        let step = max(1, (all.count + points - 1) / points)
        return Set(all.enumerated().filter { $0.offset % step == 0 || $0.offset == all.count - 1 }.map(\.element))
    }
}
