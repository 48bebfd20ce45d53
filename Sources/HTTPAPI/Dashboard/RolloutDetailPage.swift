// One rollout to read: the prompt, the response token by token, the verdict and what learning made of it.
import Domain
import Service

/// Renders `GET /rollouts/{id}`.
struct RolloutDetailPage: Sendable {
    let rollout: Rollout
    let prompt: Prompt
    /// The text of each token; empty when the tokens are not this model's.
    let tokenTexts: [String]

    /// More tokens than this are shown as plain text.
    private static let colouredTokensMax = 4_096

    /// The whole page.
    var html: HTML {
        let back = HTML("<h1><a href=\"/\">rolloutd</a></h1><span class=\"dim\">rollout</span>")
        return DashboardStyle.page(title: "rollout \(rollout.id)", header: back, main: main, isLive: false)
    }

    private var main: HTML {
        let outcome = rollout.verdict?.outcome.rawValue ?? rollout.status.rawValue
        var body = HTML("<h2 class=\"\(outcome)\">\(outcome)</h2>")
        if let verdict = rollout.verdict { body = body + .element("p", [:], .escape(verdict.reason)) }
        body = body + .element("h2", [:], HTML("Prompt")) + .element("pre", [:], .escape(promptText))
        body = body + .element("h2", [:], HTML("Response")) + response
        if let extracted = rollout.verdict?.extracted {
            body = body + .element("h2", [:], HTML("What was judged")) + .element("pre", [:], .escape(extracted))
        }
        return body + tests + .element("h2", [:], HTML("Facts")) + facts
    }

    private var promptText: String {
        switch prompt.content {
        case .text(let text): text
        case .messages(let messages): messages.map { "\($0.role.rawValue): \($0.content)" }.joined(separator: "\n\n")
        }
    }

    /// Tokens shaded by their log-prob: the darker, the more surprising the step was to the policy.
    private var response: HTML {
        let isColoured =
            tokenTexts.count == rollout.logprobs.count && !tokenTexts.isEmpty
            && tokenTexts.count <= Self.colouredTokensMax
        guard isColoured else { return .element("pre", [:], .escape(rollout.response)) }
        let spans = zip(tokenTexts, rollout.logprobs).map { text, logprob in
            let shade = Int(max(0, min(12, (Double(-logprob) * 4).rounded())))
            let probability = Figures.percent(Double(logprob).exponential)
            return HTML(
                "<span class=\"t\(shade)\" title=\"p = \(probability)\">\(HTML.escape(text).text)</span>"
            )
        }
        return HTML("<p class=\"note\">The darker a token, the less likely it was when it was sampled.</p>")
            + .element("pre", ["class": "tokens"], spans.joined())
    }

    private var tests: HTML {
        guard let tests = rollout.verdict?.tests else { return .empty }
        let rows = tests.cases.prefix(Limits.codeTestsMax).enumerated().map { index, test in
            let mark = test.outcome == .accepted ? "passed" : "failed"
            return HTML(
                "<tr><td class=\"r\">\(index + 1)</td><td class=\"\(mark)\">\(test.outcome.rawValue)</td><td class=\"r\">\(Figures.short(test.timeMilliseconds))</td></tr>"
            )
        }
        return HTML("<h2>Tests: \(tests.passed) of \(tests.total)</h2>")
            + .element(
                "div", ["class": "panel"],
                HTML(
                    "<table><tr><th class=\"r\">test</th><th>outcome</th><th class=\"r\">CPU ms</th></tr>\(rows.joined().text)</table>"
                ))
    }

    private var facts: HTML {
        let items: [(String, String)] = [
            ("id", rollout.id.text), ("prompt", rollout.promptID.text), ("group", rollout.groupID.text),
            ("data set", prompt.dataset), ("status", rollout.status.rawValue),
            ("reward", rollout.reward.map { Figures.short($0) } ?? "none"),
            ("advantage", rollout.advantage.map { Figures.decimal($0, 3) } ?? "none"),
            ("consumed by update", rollout.consumedByUpdate.map { String($0) } ?? "none yet"),
            ("policy", rollout.policyVersion.description), ("generator", rollout.generator),
            ("finish reason", rollout.finishReason.rawValue), ("tokens", String(rollout.tokenIDs.count)),
            ("created", rollout.createdAt.rfc3339),
        ]
        let list = items.map { HTML.element("dt", [:], .escape($0.0)) + .element("dd", [:], .escape($0.1)) }
        return .element("div", ["class": "panel"], .element("dl", [:], list.joined()))
    }
}

extension Double {
    /// e to the power of this number, for numbers of at most 0.
    fileprivate var exponential: Double {
        // (1 + x / 2^20) squared 20 times: three digits are shown, this has six.
        var value = max(0, 1 + self / 1_048_576)
        for _ in 0..<20 { value *= value }
        return value
    }
}
