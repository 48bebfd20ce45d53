// What is asked of another server, and what it answered. Values only.

/// One request to another server.
package struct OutboundRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
    }

    package var method: Method
    /// Absolute, `http` or `https`.
    package var url: String
    /// Sent in this order, beside those that the exchange itself needs.
    package var headers: [(name: String, value: String)]
    /// Nil sends none; a POST without one has length 0.
    package var body: [UInt8]?
    /// Seconds to a connection, TLS included.
    package var connectSeconds: Double
    /// Seconds for the whole exchange, the connection included.
    package var totalSeconds: Double
    /// A longer body of an answer is an error, not memory.
    package var answerBytesMax: Int

    package init(
        _ method: Method, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        connectSeconds: Double = 10, totalSeconds: Double = 60, answerBytesMax: Int = 16_777_216
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectSeconds = connectSeconds
        self.totalSeconds = totalSeconds
        self.answerBytesMax = answerBytesMax
    }
}

/// The answer to a request, whatever its status.
package struct OutboundAnswer: Sendable, Equatable {
    package var status: Int
    /// Names in lower case; of a name that comes twice, the last.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
