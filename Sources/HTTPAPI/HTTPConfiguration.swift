// How one HTTP server runs: address, keys and bounds. Bounds default to Domain's Limits; tests make them small.
import Domain

/// The settings of one HTTP server.
package struct HTTPConfiguration: Sendable {
    /// The address to bind; anything but loopback needs keys.
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    /// Accepted bearer tokens; none leaves the server open to whoever reaches its address.
    package var apiKeys: [String]
    /// Longest request body, in bytes.
    package var bodyBytesMax = Limits.bodyBytesMax
    /// All bodies that are being read or decoded, in bytes.
    package var bodyBytesInFlightMax = Limits.bodyBytesInFlightMax
    /// All headers of a request, in bytes.
    package var headerBytesMax = Limits.headerBytesMax
    /// Open connections; further ones wait in the backlog.
    package var connectionsMax = Limits.connectionsMax
    /// A request must have arrived, and a response must be taken, in so many seconds.
    package var readSecondsMax = Limits.requestReadSecondsMax
    /// A connection without a request is closed after so many seconds.
    package var idleSeconds = 75.0

    package init(host: String = "127.0.0.1", port: Int = 8080, apiKeys: [String] = []) {
        self.host = host
        self.port = port
        self.apiKeys = apiKeys
    }
}
