// Flags that say what is kept of settled rollouts, and how.
import ArgumentParser
import Domain
import Service

/// Flags of retention, read into a `RetentionPolicy`.
struct RetentionOptions: ParsableArguments {
    /// The settings that the environment and the config file may hold.
    static let names = [
        "retention_days", "retention_bytes", "retention_updates", "compact_after_hours", "secure_delete",
    ]

    @Option(help: "Delete settled groups after so many days (default: never). [ROLLOUTD_RETENTION_DAYS]")
    var retentionDays: String?

    @Option(
        help: ArgumentHelp(
            "Keep the database below this: the oldest settled groups go, and when none can, new rollouts are refused "
                + "(default: no bound). [ROLLOUTD_RETENTION_BYTES]", valueName: "bytes|MB|GB|TB"))
    var retentionBytes: String?

    @Option(
        help:
            "Delete groups that were consumed more than so many updates ago (default: never). [ROLLOUTD_RETENTION_UPDATES]"
    )
    var retentionUpdates: String?

    @Option(
        help: ArgumentHelp(
            "Pack the bodies of settled rollouts after so many hours; off leaves them as they are (default: 24). "
                + "[ROLLOUTD_COMPACT_AFTER_HOURS]", valueName: "hours|off"))
    var compactAfterHours: String?

    @Option(
        help: ArgumentHelp(
            "on: overwrite what is deleted with zeros in the file (default: off). [ROLLOUTD_SECURE_DELETE]",
            valueName: "on|off"))
    var secureDelete: String?

    /// The flags as settings by name; nil where one was not given.
    var values: [String: String?] {
        [
            "retention_days": retentionDays, "retention_bytes": retentionBytes, "retention_updates": retentionUpdates,
            "compact_after_hours": compactAfterHours, "secure_delete": secureDelete,
        ]
    }

    /// The policy behind the flags, the environment and the file.
    static func policy(_ values: RunSettings) throws -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.days = try number(values["retention_days"], "retention_days", upTo: Limits.retentionDaysMax)
        policy.bytes = try values["retention_bytes"].map(bytes)
        policy.updates = try values["retention_updates"].map { _ in
            try values.integer("retention_updates", 0...Limits.retentionUpdatesMax, default: 0)
        }
        if let hours = values["compact_after_hours"] {
            policy.compactAfterHours =
                hours == "off" ? nil : try number(hours, "compact_after_hours", upTo: Limits.retentionDaysMax)
        }
        return policy
    }

    private static func number(_ text: String?, _ name: String, upTo bound: Double) throws -> Double? {
        guard let text else { return nil }
        guard let number = Double(text), (0...bound).contains(number) else {
            throw ValidationError("\(name) must be a number from 0 to \(Int(bound)), not \(text)")
        }
        return number
    }

    /// `2000000000`, `2000MB` or `2GB`; decimal, as disks are sold.
    private static func bytes(_ text: String) throws -> Int {
        let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000)]
        let unit = units.first { text.hasSuffix($0.0) }
        let digits = text.dropLast(unit?.0.count ?? 0)
        guard let number = Int(digits), number >= 0, number <= Limits.retentionBytesMax / (unit?.1 ?? 1) else {
            throw ValidationError("retention_bytes must be bytes, or as 500MB, 20GB or 1TB, not \(text)")
        }
        return number * (unit?.1 ?? 1)
    }
}
