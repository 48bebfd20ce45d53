// How much isolation this machine allows. Chosen once, by probing, when the pool starts; never guessed from names.

/// The strength of the jail, from full to none.
package enum SandboxTier: String, Sendable, CaseIterable, Comparable {
    /// Namespaces, slot uids, memory and pids control groups, Landlock where the kernel has it, system-call filters.
    case full = "A"
    /// As `full` without control groups: address space is limited instead of memory.
    case namespaces = "B"
    /// No namespaces (a container's default profile), but slot uids, Landlock and system-call filters.
    case container = "C"
    /// No namespaces and no slot uids: Landlock with scoped signals (ABI 6) and system-call filters.
    case landlock = "D"
    /// Nothing that holds a hostile program: code is not judged.
    case unavailable = "E"

    /// A stronger tier is less than a weaker one, as its letter.
    package static func < (a: SandboxTier, b: SandboxTier) -> Bool { a.rawValue < b.rawValue }

    /// Whether programs get namespaces of their own.
    var hasNamespaces: Bool { self <= .namespaces }

    /// What this tier consists of, for people who read the status page.
    package var summary: String {
        switch self {
        case .full: "namespaces, slot users, control groups, Landlock, system-call filters"
        case .namespaces: "namespaces, Landlock, system-call filters; address space limited instead of memory"
        case .container: "slot users, Landlock, system-call filters; no namespaces"
        case .landlock: "Landlock and system-call filters only"
        case .unavailable: "nothing safe can be had here; code is not judged"
        }
    }
}
