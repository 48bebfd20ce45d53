// The tokens that GPPO is about: beyond the clip range in the direction of their advantage, as the updates recorded them.
import Domain

/// Renders `GET /tokens/kept`.
struct KeptTokensPage: Sendable {
    let records: [KeptTokenRecord]
    /// The text of each record's context, token by token; empty where they are not this model's tokens.
    let contexts: [[String]]
    /// The version before which the next page begins.
    let nextBefore: PolicyVersion?

    var html: HTML {
        PageFrame(title: "kept tokens · rolloutd", section: .tokens).html(
            heading: "Kept tokens",
            note: "Surprising steps that clipping would not have learned from, as each update met them.",
            main: main)
    }

    private var main: HTML {
        let explanation = HTML(
            """
            <details><summary>What this shows</summary><p>An update compares each token's probability now with its probability when it was \
            sampled. A ratio above the clip range with a positive advantage (▲) is a good step that the policy has begun to take more often; one \
            below it with a negative advantage (▼) is a bad step that it has begun to avoid. PPO's clipping drops the gradient of both; \
            GPPO keeps it, at the bound. Each update recorded, as it took its steps, at most \(Limits.keptTokensPerUpdate) of them, at most \
            \(Limits.keptTokensPerRollout) of one rollout: those with the greatest |advantage · ln ratio|.</p></details>
            """)
        guard !records.isEmpty else {
            return explanation
                + HTML(
                    "<div class=\"panel\"><p class=\"empty\">No update has recorded any. The first steps of an update have ratios near 1: tokens leave the range when an update takes several steps, or learns from older policies.</p></div>"
                )
        }
        return explanation + sections.joined()
            + nextPage("/tokens/kept", [], before: nextBefore.map { $0.description })
    }

    private var sections: [HTML] {
        var parts: [(update: PolicyVersion, indices: [Int])] = []
        for (index, record) in records.enumerated() {
            if parts.last?.update == record.update {
                parts[parts.count - 1].indices.append(index)
            } else {
                parts.append((record.update, [index]))
            }
        }
        return parts.map { part in
            let method = records[part.indices[0]].objective
            let title = "Update \(part.update) (\(method))"
            return HTML.heading(title)
                + PageTable(
                    "Tokens of update \(part.update)", names: ["token in context", "side", "rollout"],
                    figures: ["p before", "p after", "ratio", "advantage", "entropy", "gradient"],
                    rows: part.indices.map(row)
                ).html
        }
    }

    private func row(_ index: Int) -> [HTML] {
        let record = records[index]
        let token = record.token
        let side = token.isAbove ? "▲ above, positive" : "▼ below, negative"
        let query = "?by=ratio&first=\(token.position / Limits.tokensPerView * Limits.tokensPerView)#t\(token.position)"
        return [
            context(token, index < contexts.count ? contexts[index] : []),
            .short(token.isKept ? side : side + ", dropped"),
            .rollout(record.token.rolloutID.text, query: query, text: "token \(token.position + 1)"),
            .escape(Figures.probability(token.behaviour)), .escape(Figures.probability(token.logprob)),
            .escape(Figures.short(token.ratio)), .escape(Figures.decimal(token.advantage, 3)),
            .escape(Figures.short(token.entropy)), .escape(Figures.short(token.gradient)),
        ]
    }

    private func context(_ token: KeptToken, _ texts: [String]) -> HTML {
        let pieces = texts.count == token.context.count ? texts : token.context.map { "⟨\($0)⟩" }
        guard pieces.indices.contains(token.contextPlace) else { return .empty }
        let before = pieces[..<token.contextPlace].joined()
        let after = pieces[(token.contextPlace + 1)...].joined()
        return .element(
            "div", ["class": "context"],
            .escape(before) + .element("mark", [:], .escape(pieces[token.contextPlace].visible)) + .escape(after))
    }
}

extension String {
    /// A token of blanks alone, as marks that can be seen.
    var visible: String {
        guard !isEmpty, allSatisfy({ $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r\n" }) else {
            return isEmpty ? "∅" : self
        }
        return map { $0 == " " ? "␣" : $0 == "\t" ? "⇥" : "⏎" }.joined()
    }
}
