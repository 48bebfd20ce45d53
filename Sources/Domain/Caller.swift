// Who asks, as every layer below the wire knows it.

/// The holder of a key, or nobody in particular.
package struct Caller: Sendable, Equatable {
    /// The key's row, or `KeyLane.unnamed`.
    package var lane: Int64
    /// For the audit log: a key's id, `configured` (a key of the configuration) or `loopback` (no key).
    package var actor: String
    package var roles: Set<KeyRole>
    package var quotas: KeyQuotas

    package init(lane: Int64, actor: String, roles: Set<KeyRole>, quotas: KeyQuotas = .init()) {
        self.lane = lane
        self.actor = actor
        self.roles = roles
        self.quotas = quotas
    }

    /// Whoever reaches a server without keys, which is on loopback.
    package static let loopback = Caller(lane: KeyLane.unnamed, actor: "loopback", roles: [.admin])
    /// The holder of a key of the configuration.
    package static let configured = Caller(lane: KeyLane.unnamed, actor: "configured", roles: [.admin])
    /// Whoever runs a command on the database.
    package static let command = Caller(lane: KeyLane.unnamed, actor: "command", roles: [.admin])

    /// Whether the caller may do what these roles may; an admin may do everything.
    package func has(anyOf needed: Set<KeyRole>) -> Bool {
        roles.contains(.admin) || !roles.isDisjoint(with: needed)
    }
}

/// One line of the audit log.
package struct AuditEntry: Sendable, Equatable {
    /// Its place in the log, from 1; 0 before it is stored.
    package var seq: Int64 = 0
    package var createdAt: Timestamp
    /// As `Caller.actor`.
    package var actor: String
    /// What was done, as `key.create` or `PATCH /v1/learner`.
    package var action: String
    /// To what, as a key's id or a path.
    package var target: String
    /// A JSON object without secrets.
    package var detail: String
    /// The request that asked for it, when one did.
    package var requestID: String?

    package init(
        createdAt: Timestamp, actor: String, action: String, target: String, detail: String = "{}",
        requestID: String? = nil
    ) {
        self.createdAt = createdAt
        self.actor = actor
        self.action = action
        self.target = target
        self.detail = detail
        self.requestID = requestID
    }
}
