// How many requests were answered how, for /metrics.
import Synchronization

/// Counts answers by status since the start.
final class RequestCounters: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    /// Counts one answer.
    func count(status: Int) { counts.withLock { $0[status, default: 0] += 1 } }

    /// The counts in the Prometheus text format 0.0.4.
    var prometheusText: String {
        let counts = counts.withLock { $0 }
        var text = "# HELP rolloutd_http_requests_total Requests answered, by status.\n"
        text += "# TYPE rolloutd_http_requests_total counter\n"
        for status in counts.keys.sorted() {
            text += "rolloutd_http_requests_total{status=\"\(status)\"} \(counts[status, default: 0])\n"
        }
        return text
    }
}
