// Keeps the keys in memory and the ledger in step: keys made or revoked by command count within two seconds, and when keys
// were used and who failed to show one is written down once a minute.
import Domain
import Logging
import ServiceLifecycle
import Storage
import StrictJSON

/// Runs until the service stops.
package struct AccessLoop: Service {
    let ledger: Ledger
    let access: AccessControl
    let learner: LearnerControl
    let clock: WallClock
    let logger: Logger

    package func run() async throws {
        var revision: [Int64]?
        var nextFlush = ContinuousClock.now + .seconds(Limits.keyUseFlushSeconds)
        while !Task.isShuttingDownGracefully, !Task.isCancelled, !learner.isStopping {
            do {
                let found = try await ledger.keysRevision()
                if found != revision { access.replace(try await ledger.storedKeys()) }
                revision = found
                if ContinuousClock.now >= nextFlush {
                    nextFlush = ContinuousClock.now + .seconds(Limits.keyUseFlushSeconds)
                    try await flush()
                }
            } catch {
                logger.error("the keys could not be read or noted", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(Limits.keyPollSeconds))
        }
        do { try await flush() } catch {
            logger.error("the use of keys could not be noted", metadata: ["error": "\(error)"])
        }
        try await gracefulShutdown()
    }

    /// Writes down what memory has.
    func flush() async throws {
        let uses = access.takeUses()
        if !uses.isEmpty { try await ledger.noteKeyUse(uses) }
        guard let failures = access.takeFailures() else { return }
        let detail = JSONValue.members([
            "count": .integer(Int64(failures.count)), "addresses": .array(failures.addresses.map { .string($0) }),
        ])
        try await ledger.append(
            audit: AuditEntry(
                createdAt: clock.now(), actor: "service", action: "key.refused", target: "", detail: detail.text))
    }
}
