// How many requests were answered how, how long they took and how large they were, for /metrics.
import Domain
import HTTPTypes
import Hummingbird
import Service
import Synchronization

/// Counts answers since the start.
final class RequestCounters: Sendable {
    /// Where requests are counted that match no route: one name, so that scanners cannot fill memory.
    static let unmatched = "unmatched"
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]

    private let counts = Mutex<[Int: Int]>([:])
    private let durations = Histogram(
        "rolloutd_http_request_duration_seconds",
        "From a request's head to its answer's head, waits that the client asked for included.",
        labels: ["method", "route", "status"], bounds: Histogram.Bounds.requests)
    private let bodies = Histogram(
        "rolloutd_http_request_body_bytes", "Announced lengths of request bodies.", labels: ["method", "route"],
        bounds: Histogram.Bounds.bytes)
    private let refused: @Sendable (_ status: Int, _ code: String) -> Void

    /// - Parameter refused: Told of each request that was answered 429 or 503, with the answer's error code.
    init(refused: @escaping @Sendable (_ status: Int, _ code: String) -> Void = { _, _ in }) { self.refused = refused }

    /// Counts one answer.
    ///
    /// - Parameters:
    ///   - route: The path as openapi.yaml writes it, or `unmatched`; never the path that was asked for.
    ///   - code: The error's code, where the answer is one.
    func count(_ request: Request, route: String, status: HTTPResponse.Status, code: String?, seconds: Double) {
        counts.withLock { $0[status.code, default: 0] += 1 }
        let method = Self.methods.contains(request.method.rawValue) ? request.method.rawValue : "other"
        durations.observe(seconds, method, route, "\(status.code / 100)xx")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > 0 {
            bodies.observe(Double(length), method, route)
        }
        // A probe that says what is missing turns nobody away.
        guard [429, 503].contains(status.code), route != "/readyz" else { return }
        refused(status.code, code ?? (status.code == 429 ? "overloaded" : "unavailable"))
    }

    /// The counts in the Prometheus text format 0.0.4.
    var prometheusText: String {
        let counts = counts.withLock { $0 }
        var text = MetricsText()
        text.each(
            "rolloutd_http_requests_total", .counter, "Requests answered, by status.", by: "status",
            counts.sorted { $0.key < $1.key }.map { (String($0.key), Double($0.value)) })
        durations.write(to: &text)
        bodies.write(to: &text)
        return text.text
    }
}
