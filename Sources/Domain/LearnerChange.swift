// A change of the learner's hyper-parameters, as the ledger keeps it.
import StrictJSON

/// What was changed of the hyper-parameters at once.
package struct LearnerChangeRecord: Sendable, Equatable {
    /// Who changed them.
    package enum Cause: String, Sendable, CaseIterable {
        /// PATCH /v1/learner.
        case request
        /// A stage of the training plan began.
        case stage
    }

    package var createdAt: Timestamp
    /// The newest policy then: the update after it is the first under the new settings. Nil before there was one.
    package var afterVersion: PolicyVersion?
    package var cause: Cause
    /// Names of what changed, each with its values before and after.
    package var changes: [Change]

    /// One hyper-parameter.
    package struct Change: Sendable, Equatable {
        package var name: String
        package var before: JSONValue
        package var after: JSONValue
        package init(name: String, before: JSONValue, after: JSONValue) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    package init(createdAt: Timestamp, afterVersion: PolicyVersion?, cause: Cause, changes: [Change]) {
        self.createdAt = createdAt
        self.afterVersion = afterVersion
        self.cause = cause
        self.changes = changes
    }

    /// `{"created_at","after_version","cause","changes":{name:[before,after]}}`.
    package var json: JSONValue {
        .object([
            JSONMember("created_at", .string(createdAt.rfc3339)),
            JSONMember("after_version", afterVersion.map { .integer(Int64($0.number)) } ?? .null),
            JSONMember("cause", .string(cause.rawValue)), JSONMember("changes", changesJSON),
        ])
    }

    /// `{name:[before,after]}`.
    package var changesJSON: JSONValue {
        .object(changes.map { JSONMember($0.name, .array([$0.before, $0.after])) })
    }
}
