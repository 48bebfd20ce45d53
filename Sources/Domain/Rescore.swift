// Judging again on request: what was asked for, how far it is, and what it changed.
import StrictJSON

/// Names a request to judge stored rollouts again.
package struct RescoreID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// A request to judge stored rollouts again, as it was made.
package struct RescoreRecord: Sendable, Equatable {
    package var id: RescoreID
    /// Which rollouts were asked for; a JSON object.
    package var filter: JSONValue
    /// The rules of judging at that time, by task type; a JSON object.
    package var verifiers: JSONValue
    /// Rollouts that it sent to the judges.
    package var queued: Int
    package var createdAt: Timestamp
    package init(id: RescoreID, filter: JSONValue, verifiers: JSONValue, queued: Int, createdAt: Timestamp) {
        self.id = id
        self.filter = filter
        self.verifiers = verifiers
        self.queued = queued
        self.createdAt = createdAt
    }
}

/// How far a request is; the five add up to what it queued.
package struct RescoreProgress: Sendable, Equatable {
    package var waiting = 0
    /// Judged with a decision.
    package var decided = 0
    /// Judged without one.
    package var undetermined = 0
    /// Taken out of the queue because their group was given up.
    package var dropped = 0
    /// Deleted by retention since.
    package var deleted = 0
    package init() {}
}

/// Verdicts of one kind that became another by a request.
package struct VerdictChange: Sendable, Equatable {
    package var taskType: String
    /// The outcome that counted before; nil when there was none.
    package var before: Verdict.Outcome?
    package var after: Verdict.Outcome
    /// The rules that each was judged by, where the verdict says so.
    package var verifierBefore: String?
    package var verifierAfter: String?
    package var rollouts: Int
    /// How many of them have another reward than before; those without one do not count.
    package var rewardsChanged: Int
    package init(
        taskType: String, before: Verdict.Outcome?, after: Verdict.Outcome, verifierBefore: String?,
        verifierAfter: String?, rollouts: Int, rewardsChanged: Int
    ) {
        self.taskType = taskType
        self.before = before
        self.after = after
        self.verifierBefore = verifierBefore
        self.verifierAfter = verifierAfter
        self.rollouts = rollouts
        self.rewardsChanged = rewardsChanged
    }
}

/// A group of which a request changed a reward: the rewards of its members before and after.
package struct RegradedGroup: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var id: RolloutID
        /// Nil where there was no decision.
        package var before: Double?
        package var after: Double?
        package init(id: RolloutID, before: Double?, after: Double?) {
            self.id = id
            self.before = before
            self.after = after
        }
    }

    package var id: GroupID
    package var members: [Member]
    package init(id: GroupID, members: [Member]) {
        self.id = id
        self.members = members
    }
}

extension RescoreRecord {
    /// The request as it stands on the wire.
    package var members: [JSONMember] {
        [
            JSONMember("id", .string(id.text)), JSONMember("created_at", .string(createdAt.rfc3339)),
            JSONMember("filter", filter), JSONMember("verifiers", verifiers),
            JSONMember("queued", .integer(Int64(queued))),
        ]
    }
}

extension JudgementRecord {
    /// The judgement as it stands on the wire and in exports.
    package var json: JSONValue {
        .members([
            "verdict": verdict.json, "reward": reward.map { .double($0) } ?? .null,
            "attempt": .integer(Int64(attempt)), "created_at": .string(createdAt.rfc3339),
            "current": .bool(isCurrent), "rescore_id": rescoreID.map { .string($0.text) } ?? .null,
        ])
    }

    /// Reads what `json` writes.
    package init(json: JSONValue) throws(InputError) {
        let fields = try JSONFields(
            json, known: ["verdict", "reward", "attempt", "created_at", "current", "rescore_id"])
        self.init(
            verdict: try fields.nested("verdict", Verdict.init(json:)),
            reward: try fields.optionalNumber("reward", in: -1e9...1e9),
            attempt: try fields.integer("attempt", in: 0...Int(Int32.max)),
            createdAt: try fields.moment("created_at"), isCurrent: try fields.optionalBool("current") ?? false,
            rescoreID: try fields.optionalIdentifier("rescore_id", RescoreID.self))
    }
}
