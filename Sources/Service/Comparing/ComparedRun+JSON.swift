// The raw data of a comparison: one JSON object a line, so that any other tool can draw and test what we did not.
import Domain
import StrictJSON

extension ComparedRun {
    /// A line for each update (`metrics` by name) and each evaluation row, all with method and seed.
    package var lines: [String] {
        let own: [JSONMember] = [JSONMember("method", .string(method)), JSONMember("seed", .integer(Int64(seed)))]
        let updates = updates.map { update in
            JSONValue.object(
                own + [
                    JSONMember("update", .integer(Int64(update.version.number))),
                    JSONMember(
                        "metrics",
                        .object(
                            update.metrics.map {
                                JSONMember($0.name, $0.value.isFinite ? .double($0.value) : .string("\($0.value)"))
                            })),
                ]
            ).text
        }
        let measured = evaluations.map { row in
            JSONValue.object(
                own + [
                    JSONMember("evaluation", .integer(Int64(row.version.number))),
                    JSONMember("kind", .string(row.kind)), JSONMember("prompts", .integer(Int64(row.prompts))),
                    JSONMember("greedy_accuracy", .double(row.greedyAccuracy)),
                    JSONMember("samples", .integer(Int64(row.samples))),
                    JSONMember("average_accuracy", row.averageAccuracy.map { .double($0) } ?? .null),
                    JSONMember("pass_at_k", row.passAtK.map { .double($0) } ?? .null),
                    JSONMember("undetermined", .integer(Int64(row.undetermined))),
                ]
            ).text
        }
        return updates + measured
    }
}
