// What each event says, as JSON. Ids in lists are bounded: a commit may hold thousands of rollouts.
import Domain
import StrictJSON

/// The data of events.
enum EventData {
    /// `{"at","count","rollouts":[{"id","group_id"}]}`.
    static func accepted(_ news: CommitNews) -> JSONValue {
        let listed = news.accepted.prefix(Limits.eventItemsMax).map {
            JSONValue.members(["id": .string($0.rolloutID.text), "group_id": .string($0.groupID.text)])
        }
        return .members([
            "at": .string(news.at.rfc3339), "count": .integer(Int64(news.accepted.count)), "rollouts": .array(listed),
        ])
    }

    /// `{"at","count","outcomes":{...},"rollouts":[{"id","group_id","task","verdict","reward","attempt"}]}`.
    static func judged(_ news: CommitNews) -> JSONValue {
        var outcomes: [Verdict.Outcome: Int] = [:]
        for judged in news.judged { outcomes[judged.outcome, default: 0] += 1 }
        let listed = news.judged.prefix(Limits.eventItemsMax).map { judged in
            JSONValue.members([
                "id": .string(judged.rolloutID.text), "group_id": .string(judged.groupID.text),
                "task": .string(judged.taskType), "verdict": .string(judged.outcome.rawValue),
                "reward": judged.reward.map { .finite($0) } ?? .null, "attempt": .integer(Int64(judged.attempt)),
            ])
        }
        let counted = Verdict.Outcome.allCases.map {
            JSONMember($0.rawValue, .integer(Int64(outcomes[$0, default: 0])))
        }
        return .members([
            "at": .string(news.at.rfc3339), "count": .integer(Int64(news.judged.count)), "outcomes": .object(counted),
            "rollouts": .array(listed),
        ])
    }

    /// How far an evaluation is, with the time that it will take yet.
    static func progress(_ activity: EvaluationActivity, _ now: Timestamp) -> JSONValue {
        .object([JSONMember("at", .string(now.rfc3339))] + activity.members)
    }

    /// What the ledger keeps, with its time first.
    static func kept(_ event: LedgerEvent) -> JSONValue {
        .object([JSONMember("at", .string(event.at.rfc3339))] + event.data)
    }
}

extension EvaluationActivity {
    /// An evaluation under way on the wire, in events and in the status document.
    package var members: [JSONMember] {
        run.eventMembers + [
            JSONMember("seconds", .finite(run.seconds)), JSONMember("samples_per_second", .finite(perSecond)),
            JSONMember("seconds_left", secondsLeft.map { .finite($0) } ?? .null),
        ]
    }
}
