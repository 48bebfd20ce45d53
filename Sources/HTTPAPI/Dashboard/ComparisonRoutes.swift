// The pages that compare runs: the query is read, the runs are chosen, their curves asked for, and all of it rendered.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service

/// `GET /runs/compare` and its charts as files.
func comparisonEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/runs/compare") { call in
            pageResponse(RunComparisonPage(try await comparison(try view(call), service)).html)
        },
        Endpoint(.get, "/runs/compare.svg") { call in
            let view = try view(call)
            guard view.metrics.count == 1, let metric = view.metrics.first else {
                throw InputError(
                    view.metrics.isEmpty ? .missingField : .invalidValue, "a file has one metric", field: "metric",
                    hint: "as /runs/compare.svg?metric=entropy")
            }
            return svgResponse(try await comparison(view, service).chart(metric))
        },
    ].map(\.asPage)
}

private func comparison(_ view: ComparisonView, _ service: some ServiceFacade) async throws -> RunComparison {
    var comparison = RunComparison(view, of: try await service.runCatalogue())
    let curves = await service.runCurves(
        of: comparison.runs, metrics: comparison.recorded, from: view.from, to: view.to, points: comparison.points)
    comparison.curves = Dictionary(curves.map { ($0.name, $0) }) { $1 }
    return comparison
}

private func view(_ call: Call) throws(InputError) -> ComparisonView {
    let query = try call.formQuery(
        ["method", "run", "metric", "from", "to", "seeds"], lists: ["method", "run", "metric"])
    var view = ComparisonView()
    view.methods = try query.list("method", countMax: Limits.runsListedMax)
    view.runs = try query.list("run", countMax: Limits.runsListedMax)
    view.metrics = try metricNames(query, countMax: Limits.comparedChartsMax)
    view.from = try query.integer("from", in: 0...Int(Int32.max))
    view.to = try query.integer("to", in: 0...Int(Int32.max))
    view.form = try query.choice("seeds", SeedForm.self) ?? .mean
    return view
}

/// The metrics that a query names, separated by commas or given several times.
func metricNames(_ query: QueryParameters, countMax: Int) throws(InputError) -> [String] {
    let text = try query.text("metric", bytesMax: Limits.queryListBytesMax) ?? ""
    var names: [String] = []
    for name in text.split(separator: ",") {
        guard name.utf8.count <= 100, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw InputError(.invalidValue, "no metric's name", field: "metric", hint: "as entropy")
        }
        names.append(String(name))
    }
    guard names.count <= countMax else {
        throw InputError(.tooLarge, "more than \(countMax) metrics", field: "metric", hint: "choose fewer")
    }
    return names
}

/// A chart as a file of its own. Its style is inside it; it runs nothing and loads nothing.
func svgResponse(_ chart: LineChart) -> Response {
    var headers: HTTPFields = [.contentType: "image/svg+xml"]
    headers[.contentDisposition] = "attachment; filename=\"\(chart.fileName)\""
    headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: chart.document)))
}
