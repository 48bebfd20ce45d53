// Backups on request, in the one directory that the server was given for them: a client names a file, never a path.
import Domain
import Foundation
import Storage
import Synchronization

/// Lets one backup run at a time.
final class BackupTurn: Sendable {
    private let isTaken = Mutex(false)

    /// Takes the turn; false when another has it.
    func take() -> Bool {
        isTaken.withLock { taken in
            defer { taken = true }
            return !taken
        }
    }

    /// Gives the turn back.
    func giveBack() { isTaken.withLock { $0 = false } }
}

extension RolloutService {
    /// Copies the ledger and its checkpoints into the directory of backups; `keep` limits how many stay there, oldest go first.
    ///
    /// - Parameter name: 1 to 100 letters, digits and `-_.`, no dot in front; nil names it by the time.
    package func backUp(name: String?, keep: Int?) async throws -> BackupRecord {
        let directory = settings.backupDirectory
        if let name, !isBackupName(name) {
            throw InputError(
                .invalidValue, "not a name for a backup", field: "name",
                hint: "1 to \(Limits.backupNameBytesMax) letters, digits and -_. that do not begin with a dot; no path")
        }
        guard backupTurn.take() else {
            throw ServiceError(
                .overloaded, "a backup is being made", hint: "wait for it to end", retryAfterSeconds: 5)
        }
        defer { backupTurn.giveBack() }
        let existing = try backups()
        guard existing.count < Limits.backupsMax else {
            throw ServiceError(
                .conflict, "\(existing.count) backups are in \(directory)", hint: "remove some, or send keep")
        }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw ServiceError(
                .unavailable, "the directory of backups \(directory) cannot be made: \(error)",
                hint: "serve with --backups DIR", retryAfterSeconds: 60)
        }
        let now = clock.now()
        let chosen = name ?? "rolloutd-" + now.rfc3339.filter { $0.isNumber || $0 == "T" } + ".sqlite"
        let path = directory + "/" + chosen
        try await LedgerBackup.make(ledger, checkpoints: settings.checkpointDirectory, to: path)
        if let keep { removeOldest(existing, leaving: keep - 1) }
        guard let made = try backups().first(where: { $0.name == chosen }) else {
            throw ServiceError(.internal, "the backup \(path) is not there")
        }
        return made
    }

    /// The backups that lie in the directory, newest first.
    package func backups() throws -> [BackupRecord] {
        let directory = settings.backupDirectory
        let manager = FileManager.default
        guard let files = try? manager.contentsOfDirectory(atPath: directory) else { return [] }
        let records = files.compactMap { name -> BackupRecord? in
            guard isBackupName(name), !name.hasSuffix(".partial"), !name.hasSuffix(".checkpoints"),
                let attributes = try? manager.attributesOfItem(atPath: directory + "/" + name),
                attributes[.type] as? FileAttributeType == .typeRegular
            else { return nil }
            let modified = attributes[.modificationDate] as? Date ?? Date(timeIntervalSince1970: 0)
            let checkpoints = try? manager.contentsOfDirectory(atPath: directory + "/" + name + ".checkpoints")
            return BackupRecord(
                name: name, path: directory + "/" + name, bytes: attributes[.size] as? Int ?? 0,
                checkpoints: checkpoints?.count ?? 0,
                createdAt: Timestamp(milliseconds: Int64(modified.timeIntervalSince1970 * 1000)))
        }
        return records.sorted { ($0.createdAt, $0.name) > ($1.createdAt, $1.name) }
    }

    private func removeOldest(_ records: [BackupRecord], leaving count: Int) {
        for record in records.dropFirst(max(0, count)) {
            try? FileManager.default.removeItem(atPath: record.path)
            try? FileManager.default.removeItem(atPath: record.path + ".checkpoints")
        }
    }
}

/// Whether a text is a file's name that cannot leave its directory or hide in it.
private func isBackupName(_ name: String) -> Bool {
    (1...Limits.backupNameBytesMax).contains(name.utf8.count) && !name.hasPrefix(".")
        && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
}
