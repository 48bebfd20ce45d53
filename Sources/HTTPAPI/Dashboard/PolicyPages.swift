// Policies: versions, how they do on held-out prompts, whether their weights are kept, and going back to one.
import Domain
import Service

/// Renders `GET /policies`.
struct PoliciesPage: Sendable {
    let records: [PolicyRecord]
    /// Of the versions listed.
    let evaluations: [EvaluationRecord]
    let learner: LearnerReport
    let nextBefore: PolicyVersion?

    var html: HTML {
        PageFrame(title: "policies · rolloutd", section: .policies).html(
            heading: "Policies",
            note: "Every version that was made, newest first, with its accuracy on held-out prompts.",
            main: main)
    }

    private var main: HTML {
        var body = HTML.empty
        if let version = learner.pendingRollback {
            body = .element(
                "p", ["class": "alarm", "role": "status"],
                .escape("The learner goes back to policy \(version) at the next update boundary."))
        }
        if learner.phase == .off {
            body =
                body
                + HTML(
                    "<p>The learner is off here, so there is no going back to an earlier policy; <code>rolloutd serve --learner on</code> can.</p>"
                )
        }
        return body + table
            + nextPage("/policies", [], before: nextBefore.map { $0.description })
    }

    private var table: HTML {
        let found = evaluations.map(\.kind).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        // The sums first, then single kinds.
        let sums = ["all", "math", "code"].filter(found.contains)
        let kinds = sums + found.filter { !sums.contains($0) }.sorted()
        let byVersion = Dictionary(grouping: evaluations, by: \.version)
        let rows = records.map { record -> [HTML] in
            let measured = byVersion[record.version] ?? []
            let link =
                record.hasCheckpoint && record.version != records.first?.version && learner.phase != .off
                ? HTML.link("/policies/\(record.version)/rollback", "roll back to \(record.version)…")
                : .escape(record.hasCheckpoint && record.version == records.first?.version ? "newest here" : "")
            return [
                .short("policy \(record.version)"), .time(record.createdAt),
                .short(record.hasCheckpoint ? "kept" : "not kept"),
                record.hasCheckpoint && learner.policyVersion == record.version ? .short("in use") : link,
            ]
                + kinds.map { kind in
                    .escape(
                        measured.last { $0.kind == kind }.map { Figures.percent($0.greedyAccuracy) } ?? "–")
                }
        }
        return PageTable(
            "Policies", names: ["version", "made", "weights", "go back"], figures: kinds.map { "held-out \($0)" },
            rows: rows, empty: "no policy yet"
        ).html
    }
}

/// Renders `GET /policies/{version}/rollback`, and what follows.
struct RollbackPage: Sendable {
    let version: PolicyVersion
    let newest: PolicyVersion?
    /// Whether it was asked for just now.
    let isAsked: Bool

    var html: HTML {
        var frame = PageFrame(title: "roll back to policy \(version) · rolloutd", section: .policies, refresh: .never)
        frame.trail = [("/policies/\(version)/rollback", "roll back to policy \(version)")]
        return frame.html(
            heading: isAsked ? "Going back to policy \(version)" : "Roll back to policy \(version)?", note: "",
            main: isAsked ? done : question)
    }

    private var question: HTML {
        HTML(
            """
            <p>At the next update boundary the learner takes the weights and the optimiser's moments of policy \(version) again, and commits them \
            as a new version after policy \(newest?.description ?? "–"). Nothing is deleted: versions, rollouts and updates stay. Only an admin's key may.</p>\
            <form method="post" action="/policies/\(version)/rollback"><p><button class="grave" type="submit">Roll back to policy \(version)</button> \
            <a href="/policies">Cancel</a></p></form>
            """)
    }

    private var done: HTML {
        HTML(
            """
            <p role="status">It happens at the next update boundary; until then the learner goes on, or stays paused. \
            <a href="/policies">Policies</a> show when it is done.</p>
            """)
    }
}
