// How one HTTP server runs: address, keys and bounds. Bounds default to Domain's Limits; tests make them small.
import Domain

/// Where a server's certificate lies.
package struct TLSFiles: Sendable, Equatable {
    /// PEM: the server's certificate, then those between it and the root.
    package var certificate: String
    /// PEM, without a passphrase.
    package var key: String
    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// The settings of one HTTP server.
package struct HTTPConfiguration: Sendable {
    /// The address to bind; anything but loopback needs keys.
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    /// Keys of admins from the configuration, beside those of the ledger; without any of either a server on loopback is
    /// open to whoever reaches it.
    package var apiKeys: [String]
    /// Whether the client's address is the last one of `X-Forwarded-For`, as a proxy in front of the server writes it.
    package var isBehindProxy = false
    /// Certificate chain and private key as PEM files; nil serves plain HTTP.
    package var tls: TLSFiles?
    /// The protocols of other systems that are answered as well.
    package var dialects = Set(Dialect.allCases)
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

    /// Whether only this machine reaches the address.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    package init(host: String = "127.0.0.1", port: Int = 8080, apiKeys: [String] = []) {
        self.host = host
        self.port = port
        self.apiKeys = apiKeys
    }
}
