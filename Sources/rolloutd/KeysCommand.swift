// `rolloutd keys` and `rolloutd audit`: who may call, and what was done, without a server or beside a running one.
import ArgumentParser
import Domain
import Foundation
import Storage
import StrictJSON

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, list, revoke and rotate API keys.",
        discussion: """
            A key is shown once and stored as a hash. A running server notices what these commands do within two seconds.
            Once a database has had a key, its server asks for one, on loopback as well.

            Roles: generate (prompts, groups to sample, rollouts, completions), score (rollouts to judge, verdicts,
            /v1/score), train (learner, demonstrations, rescoring, export), admin (everything).

            Examples:
              rolloutd keys create --name me --role admin
              rolloutd keys create --name vllm-a --role generate --expires-in-days 30 --requests-per-second 50
              rolloutd keys list
              rolloutd keys rotate 3f9a0c1d2e4b
              rolloutd keys revoke 3f9a0c1d2e4b
            """,
        subcommands: [Create.self, List.self, Revoke.self, Rotate.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key and print it, this once.")

        @OptionGroup var database: DatabaseOption
        @Option(help: "Who it is for, as vllm-a.") var name: String
        @Option(name: .customLong("role"), help: "generate, score, train or admin; name it again for each further one.")
        var roles: [String]
        @Option(help: "Days after which it opens nothing any more.") var expiresInDays: Double?
        @Option(help: "Requests a second in the long run; twice as many at once.") var requestsPerSecond: Double?
        @Option(help: "Bytes of request bodies a day.") var bodyBytesPerDay: Int?
        @Option(help: "Rollouts that may wait for a verdict at once.") var rolloutsWaiting: Int?
        @Option(help: "CPU seconds of judging an hour.") var scoringSecondsPerHour: Double?
        @Option(help: "Turns before the judges beside a key of weight 1.") var weight: Int = 1

        func run() async throws {
            let request = try keyRequest()
            try makeParentDirectory(of: database.database)
            let ledger = try Ledger.open(at: database.database, clock: .system, identifiers: .system)
            let key = AccessKeyText(.system)
            try await withInputErrors {
                _ = try await ledger.createKey(request, key, by: .command)
            }
            try await ledger.close()
            print(key.text)
            note("key \(key.id) of \(name); it is not shown again")
        }

        private func keyRequest() throws -> KeyRequest {
            let wanted = try roles.map { role in
                guard let role = KeyRole(rawValue: role) else {
                    throw ValidationError(
                        "--role is one of \(KeyRole.allCases.map(\.rawValue).joined(separator: ", ")), not \(role)")
                }
                return role
            }
            if let expiresInDays, !(expiresInDays > 0 && expiresInDays <= Limits.keyDaysMax) {
                throw ValidationError("--expires-in-days is more than 0 and at most \(Int(Limits.keyDaysMax))")
            }
            return KeyRequest(
                name: name, roles: Set(wanted),
                expiresAt: expiresInDays.map { WallClock.system.now().adding(seconds: $0 * 86_400) },
                quotas: KeyQuotas(
                    requestsPerSecond: requestsPerSecond, bodyBytesPerDay: bodyBytesPerDay,
                    rolloutsWaiting: rolloutsWaiting, scoringSecondsPerHour: scoringSecondsPerHour, weight: weight))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print all keys as NDJSON, newest first.")

        @OptionGroup var database: DatabaseOption

        func run() async throws {
            let ledger = try database.openExisting()
            for record in try await ledger.keys() { print(record.json.text) }
            try await ledger.close()
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a key open nothing any more.")

        @OptionGroup var database: DatabaseOption
        @Argument(help: "The key's id: what stands between the first and the second underscore.") var id: String

        func run() async throws {
            let ledger = try database.openExisting()
            try await withInputErrors {
                _ = try await ledger.revokeKey(KeyID(id), by: .command)
            }
            try await ledger.close()
            print("revoked \(id)")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key like another, which ends soon; prints the new one, this once.")

        @OptionGroup var database: DatabaseOption
        @Option(help: "Minutes for which the old key still counts.") var keepMinutes: Double = 10
        @Argument(help: "The old key's id.") var id: String

        func run() async throws {
            guard keepMinutes >= 0, keepMinutes <= Limits.keyDaysMax else {
                throw ValidationError("--keep-minutes is 0 to \(Int(Limits.keyDaysMax))")
            }
            let ledger = try database.openExisting()
            let key = AccessKeyText(.system)
            try await withInputErrors {
                _ = try await ledger.rotateKey(KeyID(id), to: key, keepingOldFor: keepMinutes * 60, by: .command)
            }
            try await ledger.close()
            print(key.text)
            note("key \(key.id) is in place of \(id), which counts for \(keepMinutes) more minutes")
        }
    }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Print the audit log as NDJSON, newest first.",
        discussion: "Example:\n  rolloutd audit --limit 20")

    @OptionGroup var database: DatabaseOption
    @Option(help: "Lines to print at most.") var limit: Int = 1_000

    func run() async throws {
        let ledger = try database.openExisting()
        var before: Int64?
        var left = limit
        while left > 0 {
            let page = try await ledger.auditEntries(before: before, limit: min(left, Limits.pageRowsMax))
            for entry in page { print(entry.line) }
            left -= page.count
            before = page.last?.seq
            if page.count < Limits.pageRowsMax { break }
        }
        try await ledger.close()
    }
}

extension AuditEntry {
    fileprivate var line: String {
        JSONValue.members([
            "seq": .integer(seq), "created_at": .string(createdAt.rfc3339), "actor": .string(actor),
            "action": .string(action), "target": .string(target),
            "detail": (try? JSONValue.parse(text: detail)) ?? .null,
            "request_id": requestID.map { .string($0) } ?? .null,
        ]).text
    }
}

/// Puts a fault of what was asked for in the command line's form.
private func withInputErrors(_ work: () async throws -> Void) async throws {
    do { try await work() } catch let fault as InputError { throw ValidationError("\(fault)") }
}

/// A line for people, beside what is printed for programs.
private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
