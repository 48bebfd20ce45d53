// The ledgers of a directory of runs: found, looked into without being touched, and remembered for as long as nobody writes them.
import Domain
import Foundation
import Storage

/// What has been read of other ledgers; a page that asks again costs a look at each file's size and date.
actor RunLibrary {
    private struct Shelf {
        var stamp: LedgerFile.Stamp?
        var outline: RunOutline?
        var reason: String?
        /// Updates by their version; they never change once they are there.
        var updates: [Int: UpdateRecord] = [:]
    }

    private let directory: String?
    private let ownPath: String
    private var shelves: [String: Shelf] = [:]
    /// One copy of each metric's name: all runs have the same few dozen.
    private var metricNames: [String: String] = [:]

    init(directory: String?, ownPath: String) {
        self.directory = directory
        self.ownPath = ownPath
    }

    // MARK: What there is

    /// All runs, with the server's own ledger among them. Reads what has changed since the last time.
    func catalogue(own: Ledger) async throws -> RunCatalogue {
        let (names, leftOut) = directory.map(Self.names) ?? ([], 0)
        let ownStamp = LedgerFile(path: ownPath).stamp
        var catalogue = RunCatalogue(directory: directory, runs: [], leftOut: leftOut)
        let ownOutline = try await own.runOutline()
        var ownName = RunCatalogue.ownName
        for name in names {
            let file = file(name)
            if let ownStamp, let stamp = file.stamp, stamp.inode == ownStamp.inode, stamp.device == ownStamp.device {
                // Under two names it is still one run.
                if ownName == RunCatalogue.ownName { ownName = name }
                continue
            }
            let shelf = await refreshed(name, file)
            if let outline = shelf.outline {
                catalogue.runs.append(Self.summary(name, outline))
            } else {
                catalogue.unreadable.append((name, shelf.reason ?? "it cannot be read"))
            }
        }
        let isInDirectory = ownName != RunCatalogue.ownName
        if isInDirectory { catalogue.runs.append(Self.summary(ownName, ownOutline, isOwn: true)) }
        catalogue.runs.sort { ($0.method, $0.seed, $0.name) < ($1.method, $1.seed, $1.name) }
        if !isInDirectory { catalogue.runs.append(Self.summary(ownName, ownOutline, isOwn: true)) }
        shelves = shelves.filter { names.contains($0.key) || $0.key == ownName }
        return catalogue
    }

    private static func summary(_ name: String, _ outline: RunOutline, isOwn: Bool = false) -> RunSummary {
        let parsed = RunName(name)
        let isOlder = outline.schema < Ledger.schemaNumber
        return RunSummary(
            name: name, method: parsed.method, seed: parsed.seed, isOwn: isOwn, outline: outline,
            note: isOlder ? "of the older schema \(outline.schema), read as it is" : nil)
    }

    /// What is known of a run, read again when its file has changed.
    private func refreshed(_ name: String, _ file: LedgerFile) async -> Shelf {
        let stamp = file.stamp
        var shelf = shelves[name] ?? Shelf()
        if shelf.stamp == stamp, stamp != nil { return shelf }
        let isSameFile =
            stamp.map { $0.inode == shelf.stamp?.inode && $0.device == shelf.stamp?.device } ?? false
        let before = shelf.outline
        var isSettled = true
        do {
            shelf.outline = try await file.outline()
            shelf.reason = nil
        } catch let error as LedgerError {
            (shelf.outline, shelf.reason) = (nil, error.description)
            // What another process held for a moment is looked at again, though nothing in the file may change.
            if error.retryAfterSeconds != nil { isSettled = false }
        } catch {
            (shelf.outline, shelf.reason) = (nil, "\(error)")
        }
        // A run only grows. A file that was put in another's place has another past, and nothing of the old one counts.
        if !(isSameFile && Self.continues(before, shelf.outline)) { shelf.updates = [:] }
        shelf.stamp = isSettled ? stamp : nil
        shelves[name] = shelf
        return shelf
    }

    /// Whether an outline may be a later one of the same run.
    private static func continues(_ before: RunOutline?, _ after: RunOutline?) -> Bool {
        guard let before, let after, before.whole?.lowerBound == after.whole?.lowerBound,
            let old = before.newest, let new = after.newest
        else { return false }
        return old.version < new.version || old == new
    }

    // MARK: Curves

    /// Some numbers of some runs of a catalogue on one grid; runs without updates in the range have none.
    func curves(
        of runs: [RunSummary], metrics: [String], from: Int?, to: Int?, points: Int, own: Ledger
    ) async -> [RunCurves] {
        let none = runs.map { RunCurves(name: $0.name) }
        let ranges = runs.compactMap(\.outline.whole)
        guard let first = ranges.map(\.lowerBound).min(), let last = ranges.map(\.upperBound).max() else { return none }
        let (low, high) = (max(from ?? first, first), min(to ?? last, last))
        guard low <= high else { return none }
        let grid = VersionGrid(low...high, points: points)
        makeRoom(for: runs)
        var curves: [RunCurves] = []
        for run in runs {
            let versions = run.outline.whole.map(grid.versions(of:)) ?? []
            let updates = await updates(of: run, at: versions, own: own)
            curves.append(
                RunCurves(name: run.name, metrics: metrics, updates: versions.compactMap { updates[$0] }))
        }
        return curves
    }

    /// The updates at some versions; what cannot be read now is missing, and the next look says why.
    private func updates(of run: RunSummary, at versions: [Int], own: Ledger) async -> [Int: UpdateRecord] {
        let known = shelves[run.name]?.updates ?? [:]
        let missing = versions.filter { known[$0] == nil }
        guard !missing.isEmpty else { return known }
        var read: [UpdateRecord]?
        if run.isOwn {
            read = try? await own.updates(at: missing)
        } else {
            read = try? await file(run.name).updates(at: missing)
        }
        for var update in read ?? [] {
            update.metrics = update.metrics.map { UpdateRecord.Metric(shared($0.name), $0.value) }
            shelves[run.name, default: Shelf()].updates[update.version.number] = update
        }
        return shelves[run.name]?.updates ?? [:]
    }

    private func shared(_ name: String) -> String {
        if let known = metricNames[name] { return known }
        if metricNames.count < Limits.metricNamesShared { metricNames[name] = name }
        return name
    }

    /// Forgets the updates of runs that nobody looks at, when there are too many.
    private func makeRoom(for runs: [RunSummary]) {
        guard shelves.values.reduce(0, { $0 + $1.updates.count }) > Limits.runPointsKept else { return }
        let shown = Set(runs.map(\.name))
        for name in shelves.keys where !shown.contains(name) { shelves[name]?.updates = [:] }
        // Zooming in many places of a few long runs fills it as well.
        guard shelves.values.reduce(0, { $0 + $1.updates.count }) > Limits.runPointsKept else { return }
        for name in shelves.keys { shelves[name]?.updates = [:] }
    }

    // MARK: Files

    private func file(_ name: String) -> LedgerFile {
        LedgerFile(path: (directory ?? ".") + "/" + name + Self.ending)
    }

    private static let ending = ".sqlite"

    /// The ledgers in a directory and one level below, without `.sqlite`, sorted; and how many there are beyond the bound.
    private static func names(in directory: String) -> (names: [String], leftOut: Int) {
        var names: [String] = []
        var directories: [String] = []
        for entry in entries(of: directory) {
            if entry.hasSuffix(ending) { names.append(entry) } else { directories.append(entry) }
        }
        for folder in directories.prefix(Limits.runDirectoriesMax) {
            names += entries(of: directory + "/" + folder).filter { $0.hasSuffix(ending) }.map { folder + "/" + $0 }
        }
        // Names are data: one with a line break or the like would not come back from a form as it was.
        let ledgers = names.map { String($0.dropLast(ending.count)) }.filter { name in
            !name.isEmpty && !name.hasSuffix("/") && !name.unicodeScalars.contains { $0.value < 0x20 }
        }
        return (Array(ledgers.prefix(Limits.runsListedMax)), max(0, ledgers.count - Limits.runsListedMax))
    }

    /// The names in a directory, sorted, without what belongs to a ledger beside it; none where it cannot be read.
    private static func entries(of directory: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let companions = [".checkpoints", ".backups", ".models", "-wal", "-shm"]
        return Array(
            all.filter { name in !name.hasPrefix(".") && !companions.contains { name.hasSuffix($0) } }.sorted()
                .prefix(Limits.runFilesMax))
    }
}
