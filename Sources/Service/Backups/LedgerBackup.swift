// A backup is a ledger's file and the checkpoints that it names, made while the service runs; and the way back.
import Domain
import Foundation
import Glibc
import Storage

/// What a backup holds.
package struct BackupRecord: Sendable, Equatable {
    /// The file's name in its directory.
    package var name: String
    /// The whole path on the server's machine.
    package var path: String
    /// The ledger's file, in bytes.
    package var bytes: Int
    /// Files in its directory of checkpoints.
    package var checkpoints: Int
    package var createdAt: Timestamp

    package init(name: String, path: String, bytes: Int, checkpoints: Int, createdAt: Timestamp) {
        self.name = name
        self.path = path
        self.bytes = bytes
        self.checkpoints = checkpoints
        self.createdAt = createdAt
    }
}

/// Makes and puts back whole backups: `PATH` and `PATH.checkpoints/`.
package enum LedgerBackup {
    /// Copies a ledger that is in use, and the checkpoints that the copy names, to new files.
    ///
    /// Checkpoint files never change, so on one file system they are linked and take no space. They are linked before the copy,
    /// because the running learner may forget some meanwhile, and after it, because it may make some.
    ///
    /// - Throws: `ServiceError` when the target exists, cannot be written, or a checkpoint that is needed is missing.
    package static func make(_ ledger: Ledger, checkpoints source: String, to path: String) async throws {
        let target = path + ".checkpoints"
        let manager = FileManager.default
        guard !manager.fileExists(atPath: path), !manager.fileExists(atPath: target) else {
            throw ServiceError(.conflict, "\(path) exists", hint: "name a new file for the backup")
        }
        do {
            try linkFiles(in: source, to: target)
            try await ledger.backup(to: path)
            try linkFiles(in: source, to: target)
            try await keepOnly(namedIn: path, of: target)
        } catch {
            try? manager.removeItem(atPath: path)
            try? manager.removeItem(atPath: target)
            switch error {
            case let error as ServiceError: throw error
            case let error as LedgerError: throw ServiceError(ledger: error)
            default:
                throw ServiceError(
                    .unavailable, "the backup \(path) cannot be written: \(error)",
                    hint: "free space there, or choose another directory", retryAfterSeconds: 60)
            }
        }
    }

    /// Puts a backup in the place of a ledger that nobody has open.
    ///
    /// The backup is checked first. What was there is kept, moved aside under the suffix given; nothing is deleted.
    ///
    /// - Returns: Where the former files are now, or nil when there were none.
    /// - Throws: `ServiceError` when the backup breaks an invariant or a process has the present ledger open.
    package static func restore(
        from backup: String, to database: String, clock: WallClock, identifiers: IdentifierSource, suffix: String
    ) async throws -> String? {
        try await refuseUnsound(backup, clock, identifiers)
        let manager = FileManager.default
        var aside: String?
        if manager.fileExists(atPath: database) {
            guard try !Ledger.isInUse(at: database) else {
                throw ServiceError(
                    .conflict, "another process has \(database) open", hint: "stop the server first, then restore")
            }
            aside = database + suffix
        }
        // The copy is made whole beside its place before anything is moved.
        let partial = database + ".restoring"
        try? manager.removeItem(atPath: partial)
        try? manager.removeItem(atPath: partial + ".checkpoints")
        try copyDurably(backup, to: partial)
        try linkFiles(in: backup + ".checkpoints", to: partial + ".checkpoints")
        if let aside {
            for part in ["", "-wal", "-shm", ".checkpoints"] where manager.fileExists(atPath: database + part) {
                try manager.moveItem(atPath: database + part, toPath: aside + part)
            }
        }
        if manager.fileExists(atPath: partial + ".checkpoints") {
            try manager.moveItem(atPath: partial + ".checkpoints", toPath: database + ".checkpoints")
        }
        try manager.moveItem(atPath: partial, toPath: database)
        return aside
    }

    private static func refuseUnsound(
        _ path: String, _ clock: WallClock, _ identifiers: IdentifierSource
    ) async throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ServiceError(.notFound, "there is no backup \(path)", hint: "rolloutd backup makes one")
        }
        let scratch = path + ".checking"
        try? FileManager.default.removeItem(atPath: scratch)
        // Opening migrates, and a backup must stay as it was made.
        try FileManager.default.copyItem(atPath: path, toPath: scratch)
        defer { for part in ["", "-wal", "-shm"] { unlink(scratch + part) } }
        do {
            let ledger = try Ledger.open(at: scratch, clock: clock, identifiers: identifiers)
            var faults = try await ledger.check()
            if let newest = try await ledger.latestCheckpoint() {
                do {
                    _ = try CheckpointDirectory(path: path + ".checkpoints").verifiedFile(of: newest)
                } catch { faults.append("\(error)") }
            }
            try await ledger.close()
            guard faults.isEmpty else {
                throw ServiceError(
                    .conflict, "the backup \(path) is not sound: \(faults.prefix(3).joined(separator: "; "))",
                    hint: "restore another one; nothing was changed")
            }
        } catch let error as LedgerError { throw ServiceError(ledger: error) }
    }

    /// Removes linked files that the copy does not name, and refuses a copy whose newest checkpoint is not there.
    private static func keepOnly(namedIn path: String, of directory: String) async throws {
        let named = try await Ledger.checkpointNames(inBackup: path)
        let manager = FileManager.default
        for file in (try? manager.contentsOfDirectory(atPath: directory)) ?? [] where !named.contains(file) {
            try manager.removeItem(atPath: directory + "/" + file)
        }
        if let newest = named.last, !manager.fileExists(atPath: directory + "/" + newest) {
            throw ServiceError(
                .unavailable, "checkpoint \(newest) is missing, without which the backup cannot be learned from",
                hint: "make the backup again", retryAfterSeconds: 5)
        }
    }
}

/// Links every plain file of a directory into another, copying where links are not possible; a missing source is empty.
private func linkFiles(in source: String, to target: String) throws {
    let manager = FileManager.default
    guard let files = try? manager.contentsOfDirectory(atPath: source), !files.isEmpty else { return }
    try manager.createDirectory(atPath: target, withIntermediateDirectories: true)
    for file in files where file.hasSuffix(".safetensors") {
        let (from, to) = (source + "/" + file, target + "/" + file)
        // A file that was forgotten between the listing and now is not needed by a later copy of the ledger.
        guard !manager.fileExists(atPath: to), manager.fileExists(atPath: from) else { continue }
        if link(from, to) != 0, errno != ENOENT { try copyDurably(from, to: to) }
    }
}

/// Copies a file and waits until it is on the disk.
private func copyDurably(_ source: String, to target: String) throws {
    try FileManager.default.copyItem(atPath: source, toPath: target)
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: target))
    try handle.synchronize()
    try handle.close()
}
