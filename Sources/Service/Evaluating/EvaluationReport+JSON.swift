// A report as JSON: what programs read.
import Domain
import StrictJSON

extension EvaluationReport {
    /// Everything; shares are 0 to 1. `run` is the caller's to know, who may carry it out.
    package func json(run: JSONValue) -> JSONValue {
        .members([
            "run": run, "avg_at_k": EvaluationReport.json(all.average),
            "avg_at_k_if_undetermined_wrong": .double(bounds.lowerBound),
            "avg_at_k_if_undetermined_right": .double(bounds.upperBound),
            "pass_at_k": .array(
                pass.map { k, interval in
                    .object([JSONMember("k", .integer(Int64(k)))] + interval.members)
                }),
            "maj_at_k": EvaluationReport.json(all.majority), "maj_ties": .integer(Int64(ties)),
            "maj_problems_not_all_compared": .integer(Int64(cutVotes)),
            "by_difficulty": .array(byDifficulty.map(\.json)), "by_subject": .array(bySubject.map(\.json)),
            "undetermined": .object(undetermined.map { JSONMember($0.failure, .integer(Int64($0.count))) }),
            "truncated_share": self.run.progress.sampled > 0
                ? .double(Double(all.truncated) / Double(self.run.progress.sampled)) : .null,
            "response_tokens": lengths.map(\.json) ?? .null, "cost": cost.json,
            "comparison": comparison.map(\.json) ?? .null,
            "published": .array(
                published.map {
                    .members([
                        "benchmark": .string($0.benchmark), "model": .string($0.model),
                        "percent": .double($0.percent), "protocol": .string($0.protocolText),
                    ])
                }),
            "problems": .array(problems.map(\.json)),
        ])
    }

    fileprivate static func json(_ interval: MeanInterval?) -> JSONValue {
        interval.map { .object($0.members) } ?? .null
    }
}

extension EvaluationSlice {
    fileprivate var json: JSONValue {
        .members([
            "name": .string(name), "problems": .integer(Int64(problems)), "decided": .integer(Int64(decided)),
            "undetermined": .integer(Int64(undetermined)), "truncated": .integer(Int64(truncated)),
            "avg_at_k": EvaluationReport.json(average), "pass_at_most": EvaluationReport.json(pass),
            "maj_at_k": EvaluationReport.json(majority),
        ])
    }
}

extension LengthStatistics {
    fileprivate var json: JSONValue {
        .members([
            "counted": .integer(Int64(counted)), "mean": .double(mean), "median": .double(median), "p90": .double(p90),
            "max": .integer(Int64(max)), "mean_right": meanRight.map { .double($0) } ?? .null,
            "mean_wrong": meanWrong.map { .double($0) } ?? .null,
        ])
    }
}

extension EvaluationCost {
    fileprivate var json: JSONValue {
        .members([
            "prompt_tokens": .integer(Int64(promptTokens)), "response_tokens": .integer(Int64(responseTokens)),
            "samples_without_count": .integer(Int64(uncounted)), "seconds": .double(seconds),
            "request_seconds": .double(requestSeconds), "price": price.map { .double($0) } ?? .null,
        ])
    }
}

extension PairedComparison {
    fileprivate var json: JSONValue {
        .members([
            "other": .string(other.text), "other_model": .string(otherModel),
            "difference": EvaluationReport.json(difference), "better": .integer(Int64(better)),
            "worse": .integer(Int64(worse)), "equal": .integer(Int64(equal)), "sign_test": .double(signTest),
        ])
    }
}

extension ProblemResult {
    fileprivate var json: JSONValue {
        .members([
            "id": .string(problem.id.text), "difficulty": problem.difficulty.map { .string($0) } ?? .null,
            "subject": problem.subject.map { .string($0) } ?? .null, "stored": .integer(Int64(stored)),
            "decided": .integer(Int64(decided)), "right": .integer(Int64(right)),
            "undetermined": .integer(Int64(undetermined)), "truncated": .integer(Int64(truncated)),
            "majority": majority.map { vote in
                .members([
                    "answers": .array(vote.leaders.map { .string($0) }), "votes": .integer(Int64(vote.votes)),
                    "value": .double(vote.value),
                ])
            } ?? .null,
        ])
    }
}
