// One rollout to read: the prompt, the response token by token, the verdict and what learning made of it.
import Domain
import Service

/// Renders `GET /rollouts/{id}`.
struct RolloutDetailPage: Sendable {
    let prompt: AskedPrompt
    let tokens: TokenView
    /// All judgements, oldest first.
    var judgements: [JudgementRecord] = []
    /// The times it was handed to a judge.
    var attempts: [WorkAttempt] = []

    private var rollout: Rollout { tokens.rollout }

    /// The whole page.
    var html: HTML {
        var frame = PageFrame(title: "rollout \(rollout.id) · rolloutd", section: .groups, refresh: .never)
        frame.trail = [
            ("/groups/\(percentEncoded(rollout.groupID.text))", rollout.groupID.text),
            ("/rollouts/\(percentEncoded(rollout.id.text))", rollout.id.text),
        ]
        if tokens.report.state == .pending { frame.refresh = .soon }
        return frame.html(heading: "Rollout \(rollout.id)", note: "", main: main)
    }

    private var main: HTML {
        let outcome = rollout.verdict?.outcome.rawValue ?? rollout.status.rawValue
        let verdict = rollout.verdict
        let judged = verdict?.extracted.map { text -> HTML in
            .all(.heading("What was judged"), .element("pre", [:], .escape(text)))
        }
        return .all(
            HTML("<h2 class=\"\(outcome)\">\(outcome)</h2>"),
            verdict.map { .element("p", [:], .escape($0.reason)) } ?? .empty, .heading("Prompt"),
            .element("pre", [:], .escape(prompt.content.readable)), .heading("Response"), tokens.html, keptList,
            judged ?? .empty, tests, judging, .heading("Facts"), facts)
    }

    private var keptList: HTML {
        guard !tokens.kept.isEmpty else { return .empty }
        let rows = tokens.kept.map { record -> [HTML] in
            let token = record.token
            let text = tokens.texts.indices.contains(token.position) ? tokens.texts[token.position] : "?"
            let first = token.position / Limits.tokensPerView * Limits.tokensPerView
            return [
                .link("?by=\(tokens.colour.rawValue)&first=\(first)#t\(token.position)", "\(token.position + 1)"),
                .escape(text.visible),
                .short((token.isAbove ? "▲ above" : "▼ below") + (token.isKept ? ", kept" : ", dropped")),
                .escape(Figures.probability(token.behaviour)), .escape(Figures.probability(token.logprob)),
                .escape(Figures.short(token.ratio)), .escape(Figures.short(token.gradient)),
            ]
        }
        return .all(
            .heading("Beyond the clip range in update \(tokens.kept.first?.update.description ?? "–")"),
            .note(
                "As the update recorded them when it took its step; at most \(Limits.keptTokensPerRollout) of a rollout."
            ),
            PageTable(
                "Tokens beyond the clip range", names: ["token", "text", "side"],
                figures: ["p before", "p after", "ratio", "gradient"], rows: rows
            ).html)
    }

    private var tests: HTML {
        guard let tests = rollout.verdict?.tests else { return .empty }
        let rows = tests.cases.prefix(Limits.codeTestsMax).enumerated().map { index, test -> [HTML] in
            let mark = test.outcome == .accepted ? "passed" : "failed"
            return [
                .escape(String(index + 1)),
                .element("span", ["class": mark], .escape(test.outcome.rawValue.replacing("_", with: " "))),
                .escape(Figures.short(test.timeMilliseconds)),
                .escape(test.memoryMegabytes.map { Figures.short($0) } ?? "–"),
            ]
        }
        var body =
            HTML.heading("Tests: \(tests.passed) of \(tests.total)")
            + PageTable("Tests", names: ["test", "outcome"], figures: ["CPU ms", "MiB"], rows: rows).html
        if let output = tests.output {
            body = body + .note("What the first failing test wrote") + .element("pre", [:], .escape(output))
        }
        if let log = tests.log { body = body + .note("Messages") + .element("pre", [:], .escape(log)) }
        return body
    }

    /// Who judged it when, and with what result.
    private var judging: HTML {
        let rows = judgements.map { judgement -> [HTML] in
            let outcome = judgement.verdict.outcome.rawValue
            return [
                .time(judgement.createdAt), .element("span", ["class": outcome], .escape(outcome)),
                .escape(String(judgement.verdict.reason.prefix(200))),
                .escape(judgement.verdict.verifier ?? "–"), .escape(judgement.isCurrent ? "counts" : "earlier"),
                .escape(judgement.reward.map { Figures.short($0) } ?? "–"),
                .escape(judgement.verdict.sandbox.map { Figures.short($0.queueMilliseconds) } ?? "–"),
            ]
        }
        let leases = attempts.map { attempt -> [HTML] in
            let seconds = attempt.endedAt.map { Double($0.milliseconds - attempt.takenAt.milliseconds) / 1000 }
            return [
                .escape(attempt.worker), .escape(attempt.outcome?.rawValue ?? "held"),
                .escape(String(attempt.attempt)), .time(attempt.takenAt),
                .escape(seconds.map { Figures.short($0) + " s" } ?? "–"),
            ]
        }
        let judged = PageTable(
            "Judgements", names: ["when", "verdict", "why", "verifier", "standing"], figures: ["reward", "waited ms"],
            rows: rows, empty: "not judged yet")
        guard !leases.isEmpty else { return .all(.heading("Judgements"), judged.html) }
        let handed = PageTable(
            "Attempts", names: ["judge", "outcome"], figures: ["attempt", "given", "took"], rows: leases)
        return .all(.heading("Judgements"), judged.html, .note("Handed to judges"), handed.html)
    }

    private var facts: HTML {
        .facts([
            ("id", .escape(rollout.id.text)), ("prompt", .escape(rollout.promptID.text)),
            ("group", .group(rollout.groupID.text)), ("data set", .escape(prompt.dataset)),
            ("status", .escape(rollout.status.rawValue)),
            ("reward", .escape(rollout.reward.map { Figures.short($0) } ?? "none")),
            ("advantage", .escape(rollout.advantage.map { Figures.decimal($0, 3) } ?? "none")),
            ("consumed by update", .escape(rollout.consumedByUpdate.map { String($0) } ?? "none yet")),
            ("policy", .escape(rollout.policyVersion.description)), ("generator", .escape(rollout.generator)),
            ("finish reason", .escape(rollout.finishReason.rawValue)),
            ("tokens", .escape(String(rollout.tokenIDs.count))), ("created", .time(rollout.createdAt)),
        ])
    }
}
