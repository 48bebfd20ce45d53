// Filters of rollouts as JSON: in a request's body, and as a re-score keeps them.
import StrictJSON

extension RolloutFilter {
    /// The names of all filters, in bodies and in queries.
    package static let names = [
        "status", "dataset", "prompt_id", "group_id", "policy_version", "created_after", "created_before", "verdict",
        "min_reward", "max_reward", "consumed_by_update", "generator",
    ]

    /// Reads the filters among an object's fields.
    package init(fields: JSONFields) throws(InputError) {
        self.init(
            status: try fields.optionalChoice("status", RolloutStatus.self),
            dataset: try fields.optionalName("dataset"),
            promptID: try fields.optionalIdentifier("prompt_id", PromptID.self),
            groupID: try fields.optionalIdentifier("group_id", GroupID.self),
            policyVersion: try fields.optionalInteger("policy_version", in: 0...Int(Int32.max)).map {
                PolicyVersion($0)
            })
        createdAfter = try fields.optionalMoment("created_after")
        createdBefore = try fields.optionalMoment("created_before")
        outcome = try fields.optionalChoice("verdict", Verdict.Outcome.self)
        minReward = try fields.optionalNumber("min_reward", in: -1e9...1e9)
        maxReward = try fields.optionalNumber("max_reward", in: -1e9...1e9)
        consumedByUpdate = try fields.optionalInteger("consumed_by_update", in: 1...Int(Int32.max))
        generator = try fields.optionalName("generator")
    }

    /// The filters that are set.
    package var json: JSONValue {
        var members: [JSONMember] = []
        func add(_ name: String, _ value: JSONValue?) { if let value { members.append(JSONMember(name, value)) } }
        add("status", status.map { .string($0.rawValue) })
        add("dataset", dataset.map { .string($0) })
        add("prompt_id", promptID.map { .string($0.text) })
        add("group_id", groupID.map { .string($0.text) })
        add("policy_version", policyVersion.map { .integer(Int64($0.number)) })
        add("created_after", createdAfter.map { .string($0.rfc3339) })
        add("created_before", createdBefore.map { .string($0.rfc3339) })
        add("verdict", outcome.map { .string($0.rawValue) })
        add("min_reward", minReward.map { .double($0) })
        add("max_reward", maxReward.map { .double($0) })
        add("consumed_by_update", consumedByUpdate.map { .integer(Int64($0)) })
        add("generator", generator.map { .string($0) })
        return .object(members)
    }
}
