// Runs the real server on a free loopback port for the length of a test.
import HTTPAPI
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import TestSupport

/// A logger that keeps quiet.
let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Serves the service while the body runs, then shuts down gracefully.
func withServer(
    _ service: some ServiceFacade, configure: (inout HTTPConfiguration) -> Void = { _ in },
    _ body: @Sendable (HTTPClient, ServiceGroup) async throws -> Void
) async throws {
    var configuration = HTTPConfiguration(port: 0)
    configure(&configuration)
    let (addresses, bound) = AsyncStream.makeStream(of: String.self)
    let server = try buildApplication(
        service: service, configuration: configuration, logger: silentLogger, onBound: { bound.yield($0) })
    let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: silentLogger))
    let running = Task { try await group.run() }
    var iterator = addresses.makeAsyncIterator()
    let address = try #require(await iterator.next())
    let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
    do {
        try await body(HTTPClient(port: port), group)
    } catch {
        await group.triggerGracefulShutdown()
        throw error
    }
    await group.triggerGracefulShutdown()
    try await running.value
}

/// As above, for tests that need only the client.
func withServer(
    _ service: some ServiceFacade = ScriptedService(), configure: (inout HTTPConfiguration) -> Void = { _ in },
    _ body: @Sendable (HTTPClient) async throws -> Void
) async throws {
    try await withServer(service, configure: configure) { client, _ in try await body(client) }
}
