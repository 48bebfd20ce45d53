// An API key as it is kept: who it is for, what it may do and how much. The secret itself is nowhere here.

/// What a key may do.
package enum KeyRole: String, Sendable, CaseIterable {
    /// Prompts and rollouts in, groups to sample, completions.
    case generate
    /// Rollouts to judge, verdicts in, scoring without storing.
    case score
    /// The learner, demonstrations, rescoring, export.
    case train
    /// Everything, keys and the audit log included.
    case admin
}

/// Names a key in public: in listings, in the audit log and in the key's own text.
package struct KeyID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Whose turn a rollout's judging takes: a row number in the table of keys, or one of the two below.
package enum KeyLane {
    /// Work without a stored key: a server without keys, and keys of the configuration.
    package static let unnamed: Int64 = 0
    /// The in-process sampler's.
    package static let inProcess: Int64 = -1
}

/// How much a key may use; nil means no bound of its own. Rates are token buckets: what is not used fills up again evenly.
package struct KeyQuotas: Sendable, Equatable {
    /// Requests a second, in the long run; bursts of twice as many pass.
    package var requestsPerSecond: Double?
    /// Bytes of request bodies a day.
    package var bodyBytesPerDay: Int?
    /// Rollouts that may wait for their first verdict at once.
    package var rolloutsWaiting: Int?
    /// CPU seconds of judging an hour.
    package var scoringSecondsPerHour: Double?
    /// Turns in the judges' queue beside a key of weight 1; 1 to `Limits.keyWeightMax`.
    package var weight: Int

    package init(
        requestsPerSecond: Double? = nil, bodyBytesPerDay: Int? = nil, rolloutsWaiting: Int? = nil,
        scoringSecondsPerHour: Double? = nil, weight: Int = 1
    ) {
        self.requestsPerSecond = requestsPerSecond
        self.bodyBytesPerDay = bodyBytesPerDay
        self.rolloutsWaiting = rolloutsWaiting
        self.scoringSecondsPerHour = scoringSecondsPerHour
        self.weight = weight
    }

    /// What is out of bounds, or nil.
    package var fault: InputError? {
        func refused(_ field: String, _ hint: String) -> InputError {
            InputError(.invalidValue, "out of range", field: field, hint: hint)
        }
        if let rate = requestsPerSecond, !(rate >= 0.001 && rate <= Limits.quotaMax) {
            return refused("requests_per_second", "from 0.001 to \(Int(Limits.quotaMax))")
        }
        if let bytes = bodyBytesPerDay, bytes < 1 { return refused("body_bytes_per_day", "at least 1") }
        if let count = rolloutsWaiting, !(1...Limits.scoringQueueMax).contains(count) {
            return refused("rollouts_waiting", "from 1 to \(Limits.scoringQueueMax)")
        }
        if let seconds = scoringSecondsPerHour, !(seconds >= 0.001 && seconds <= Limits.quotaMax) {
            return refused("scoring_seconds_per_hour", "from 0.001 to \(Int(Limits.quotaMax))")
        }
        guard (1...Limits.keyWeightMax).contains(weight) else {
            return refused("weight", "from 1 to \(Limits.keyWeightMax)")
        }
        return nil
    }
}

/// What a new key is to be.
package struct KeyRequest: Sendable, Equatable {
    /// For people, as `vllm-a`; several keys may share it.
    package var name: String
    package var roles: Set<KeyRole>
    package var expiresAt: Timestamp?
    package var quotas: KeyQuotas

    package init(name: String, roles: Set<KeyRole>, expiresAt: Timestamp? = nil, quotas: KeyQuotas = .init()) {
        self.name = name
        self.roles = roles
        self.expiresAt = expiresAt
        self.quotas = quotas
    }
}

/// One stored key.
package struct KeyRecord: Sendable, Equatable {
    /// Its row number, which rollouts remember.
    package var seq: Int64
    package var id: KeyID
    package var name: String
    package var roles: Set<KeyRole>
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    /// Within a minute.
    package var lastUsedAt: Timestamp?
    package var quotas: KeyQuotas

    package init(
        seq: Int64, id: KeyID, name: String, roles: Set<KeyRole>, createdAt: Timestamp, expiresAt: Timestamp? = nil,
        revokedAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil, quotas: KeyQuotas = .init()
    ) {
        self.seq = seq
        self.id = id
        self.name = name
        self.roles = roles
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
        self.quotas = quotas
    }

    /// Whether the key opens anything at a moment.
    package func isLive(at now: Timestamp) -> Bool {
        revokedAt == nil && expiresAt.map { $0 > now } ?? true
    }
}
