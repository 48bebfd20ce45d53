// The real service behind the real server, for tests in which nothing is scripted.
import Domain
import Foundation
import HTTPAPI
import Logging
import Service
import ServiceLifecycle
import Synchronization
import TestSupport

/// Runs the body with a directory that is removed afterwards.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "rolloutd-http-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory.path)
}

/// The real service without learning, its loops beside it, closed when the body ends.
func withRealServer(
    _ directory: String, runs: String? = nil, configure: (inout HTTPConfiguration) -> Void = { _ in },
    _ body: @Sendable (HTTPClient) async throws -> Void
) async throws {
    var settings = ServiceSettings(databasePath: directory + "/ledger.sqlite", isLearning: false, sandboxSlots: 1)
    settings.runDirectory = runs
    let counter = Mutex(0)
    let run = UUID().uuidString.prefix(8)
    let assembled = try await RolloutService.assemble(
        settings: settings,
        clock: WallClock { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) },
        identifiers: IdentifierSource { prefix in
            counter.withLock {
                $0 += 1
                return "\(prefix)-\(run)-\($0)"
            }
        }, logger: silentLogger)
    let loops = ServiceGroup(
        configuration: .init(services: assembled.loops.map { .init(service: $0) }, logger: silentLogger))
    let running = Task { try await loops.run() }
    do {
        try await withServer(assembled.service, configure: configure) { client in
            // The service stops before the server, as in `rolloutd serve`: open streams end by that.
            defer { assembled.service.beginShutdown() }
            try await body(client)
        }
    } catch {
        await stop(assembled, loops, running)
        throw error
    }
    await stop(assembled, loops, running)
}

private func stop(_ assembled: AssembledService, _ loops: ServiceGroup, _ running: Task<Void, any Error>) async {
    assembled.service.beginShutdown()
    await loops.triggerGracefulShutdown()
    _ = await running.result
    await assembled.close()
}
