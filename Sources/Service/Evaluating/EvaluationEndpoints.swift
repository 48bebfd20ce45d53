// Which models elsewhere a server may ask, and how.
import Domain

/// Which endpoints a server may ask, and how: the composition root knows HTTP to other servers, this layer does not.
package struct EvaluationEndpoints: Sendable {
    /// One model behind one endpoint.
    package struct Asked: Sendable {
        package var url: String
        package var model: String
        /// Requests at a time.
        package var concurrency: Int
        /// Told before a request is sent again: why, and after how many seconds.
        package var waiting: @Sendable (String, Double) -> Void
    }

    /// URLs that clients may name; each with everything below it.
    package var allowed: [String]
    /// A source of samples from an endpoint.
    package var source: @Sendable (Asked) throws -> any SampleSource

    package init(allowed: [String], source: @escaping @Sendable (Asked) throws -> any SampleSource) {
        self.allowed = allowed
        self.source = source
    }

    /// Whether clients may name this URL: what follows an allowed one must begin a new segment, so that no other host or port
    /// passes for it.
    func allows(_ url: String) -> Bool {
        guard !url.contains("@"), !url.contains("?"), !url.contains("#"), !url.contains("..") else { return false }
        return allowed.contains { base in
            let base = String(base.reversed().drop { $0 == "/" }.reversed())
            return url == base || url.hasPrefix(base + "/")
        }
    }
}
