// Why a use case could not be carried out, in the words of this layer. HTTPAPI maps the codes to statuses.
import Domain
import Storage

/// A refusal or a failure of the service; the client's own faults are `InputError`.
package struct ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A queue is full; the same request will pass later.
        case overloaded
        /// The caller's key has used up one of its quotas.
        case quotaExceeded = "quota_exceeded"
        /// Something the request needs is not there now (ledger, sandbox, model).
        case unavailable
        /// The thing named does not exist.
        case notFound = "not_found"
        /// The request contradicts what is stored or running.
        case conflict
        /// The service is stopping.
        case shuttingDown = "shutting_down"
        /// A fault of ours; the log has the details.
        case `internal` = "internal_error"
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// When to try again; present for `overloaded`, `quotaExceeded` and `unavailable`.
    package var retryAfterSeconds: Double?
    /// Which quota, when it was one.
    package var quota: QuotaUse?

    package init(_ code: Code, _ message: String, hint: String? = nil, retryAfterSeconds: Double? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.retryAfterSeconds = retryAfterSeconds
    }

    package var description: String { message + (hint.map { " (\($0))" } ?? "") }
}

extension ServiceError {
    /// A quota that is used up.
    init(quota: QuotaUse) {
        func figure(_ value: Double) -> String {
            value >= 100 || value == value.rounded()
                ? String(Int64(value.rounded())) : String((value * 100).rounded() / 100)
        }
        let seconds = max(1, quota.availableInSeconds.rounded(.up))
        self.init(
            .quotaExceeded,
            "this key has used \(figure(quota.used)) of its quota of \(figure(quota.limit)) \(quota.name.rawValue)",
            hint: "wait \(figure(seconds)) s; an admin can make a key with a larger quota", retryAfterSeconds: seconds)
        self.quota = quota
    }

    /// A ledger's failure in this layer's words.
    init(ledger error: LedgerError) {
        let retry = error.retryAfterSeconds
        switch error {
        case .busy, .backlog, .queueFull:
            self.init(
                .overloaded, error.description, hint: "wait for Retry-After, then send the same request again",
                retryAfterSeconds: retry)
        case .keyBacklog(let queued, let limit, let seconds):
            self.init(
                quota: QuotaUse(
                    name: .rolloutsWaiting, limit: Double(limit), used: Double(queued), availableInSeconds: seconds,
                    windowSeconds: seconds))
        case .groupNotReady, .versionGap:
            self.init(.conflict, error.description)
        case .invariant:
            self.init(.internal, error.description, hint: "see the log; nothing of the request was stored")
        case .overBudget, .diskFull, .readOnly, .corrupt, .locked, .inputOutput, .cannotOpen, .newerSchema,
            .changedMigration,
            .closed:
            self.init(
                .unavailable, error.description, hint: "nothing of the request was stored",
                retryAfterSeconds: retry ?? 30)
        }
    }
}
