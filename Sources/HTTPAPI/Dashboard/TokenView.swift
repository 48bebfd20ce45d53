// A response token by token: coloured by one of its numbers, the numbers at hover, focus and in a table.
import Domain
import Service

/// Which number colours the tokens.
enum TokenColour: String, CaseIterable, Sendable {
    case probability, ratio, advantage, entropy, gradient

    /// What its colours say.
    var legend: String {
        switch self {
        case .probability: "The darker a token, the less likely it was when it was sampled."
        case .ratio:
            "Orange: likelier than when it was sampled; blue: less likely; the darkest differ by a factor of 4."
        case .advantage: "Orange: the rollout did better than its group; blue: worse. All tokens of a rollout share it."
        case .entropy: "The darker a token, the less certain the policy was of what to say there."
        case .gradient:
            "Orange: the update made the token likelier; blue: less likely; the darker, the stronger it pulled."
        }
    }
}

/// The part of a rollout's page with its tokens.
struct TokenView: Sendable {
    let rollout: Rollout
    /// The text of each token; empty when the tokens are not this model's.
    let texts: [String]
    let report: TokenReport
    /// As the update recorded them.
    let kept: [KeptTokenRecord]
    var colour = TokenColour.ratio
    var basis = TokenBasis.before
    /// The first token shown.
    var first = 0

    private var isReadable: Bool { texts.count == rollout.logprobs.count && !texts.isEmpty }
    private var range: Range<Int> {
        let start = min(max(0, first), max(0, texts.count - 1))
        return start..<min(texts.count, start + Limits.tokensPerView)
    }
    private var hasNumbers: Bool { report.state == .ready && report.tokens.count == texts.count }

    var html: HTML {
        guard isReadable else { return .element("pre", [:], .escape(rollout.response)) }
        let legend = HTML("<p class=\"note\">\(HTML.escape(shownColour.legend).text) \(swatches)</p>")
        let text = HTML.element("pre", ["class": "tokens", "id": "tokens"], range.map(span).joined())
        return .all(choices, state, legend, text, pages, table)
    }

    /// Without numbers only the probability is known, and the advantage.
    private var shownColour: TokenColour {
        hasNumbers || colour == .advantage ? colour : .probability
    }

    // MARK: Around the text

    private func target(_ colour: TokenColour, _ basis: TokenBasis, _ first: Int) -> String {
        "?by=\(colour.rawValue)&against=\(basis.rawValue)" + (first > 0 ? "&first=\(first)" : "")
    }

    private func choice(_ query: String, _ text: String, isChosen: Bool) -> String {
        "<a href=\"\(HTML.escape(query).text)\"\(isChosen ? " aria-current=\"true\"" : "")>\(text)</a>"
    }

    private var choices: HTML {
        let colours = TokenColour.allCases.map {
            choice(target($0, basis, range.lowerBound), $0.rawValue, isChosen: $0 == shownColour)
        }
        let bases = TokenBasis.allCases.map {
            choice(target(colour, $0, range.lowerBound), "\($0.rawValue) the update", isChosen: $0 == basis)
        }
        return HTML(
            "<nav class=\"choices\" aria-label=\"Colour tokens by\"><span class=\"dim\">Colour by</span>\(colours.joined())</nav>"
                + (rollout.consumedByUpdate == nil
                    ? ""
                    : "<nav class=\"choices\" aria-label=\"Weights compared with\"><span class=\"dim\">Compare with the weights</span>\(bases.joined())</nav>")
        )
    }

    private var state: HTML {
        switch report.state {
        case .pending:
            return HTML(
                "<p class=\"note\" role=\"status\">The numbers are being computed from the weights of policy \(report.version?.description ?? "–"); this page asks again by itself.</p>"
            )
        case .missing(let reason):
            return .note(
                "No ratios and entropies: \(reason). What was recorded when it was sampled, and by the update, is shown."
            )
        case .ready:
            var text = "Against policy \(report.version?.description ?? "–"), computed now from its weights"
            if rollout.consumedByUpdate == nil {
                text += "; no update has learned from this rollout, so there is no advantage and no gradient"
            } else if report.miniBatches > 1 {
                text +=
                    ". An approximation: the update took \(report.miniBatches) steps, and only the weights before the first and after the last are kept"
            }
            let bounds =
                "\(Figures.short(1 - report.epsilonLow)) to \(Figures.short(1 + report.epsilonHigh))"
            return .note(text + ". Objective \(report.objective), range \(bounds).")
        }
    }

    private var swatches: String {
        switch shownColour {
        case .probability, .entropy:
            "<span class=\"swatch t1\">low</span><span class=\"swatch t6\">middle</span><span class=\"swatch t12\">high</span>"
        case .ratio, .advantage, .gradient:
            "<span class=\"swatch l12\">−</span><span class=\"swatch l4\">−</span><span class=\"swatch h4\">+</span><span class=\"swatch h12\">+</span>"
        }
    }

    private var pages: HTML {
        guard texts.count > Limits.tokensPerView else { return .empty }
        var items: [String] = []
        let size = Limits.tokensPerView
        if range.lowerBound > 0 {
            items.append(
                choice(target(colour, basis, max(0, range.lowerBound - size)), "Earlier tokens", isChosen: false))
        }
        items.append(
            "<span class=\"dim\">tokens \(range.lowerBound + 1) to \(range.upperBound) of \(texts.count)</span>")
        if range.upperBound < texts.count {
            items.append(choice(target(colour, basis, range.upperBound), "Later tokens", isChosen: false))
        }
        return HTML("<nav class=\"choices\" aria-label=\"Parts of the response\">\(items.joined())</nav>")
    }

    // MARK: Tokens

    private func isMarked(_ index: Int) -> Bool {
        kept.contains { $0.token.position == index } || hasNumbers && report.tokens[index].isBeyond
    }

    private func span(_ index: Int) -> HTML {
        let marked = isMarked(index)
        let text = marked ? texts[index].visible : texts[index]
        // A line break that is shown as a sign still breaks the line.
        let tail = text == texts[index] ? "" : texts[index].filter(\.isNewline)
        let focus = marked ? " b\" tabindex=\"0" : ""
        let numbers = HTML.escape(numbers(index).map { "\($0): \($1)" }.joined(separator: "\n")).text
        // What is marked shows its numbers itself, at hover and focus; the others by the browser's own hint.
        let hint =
            marked
            ? "data-n=\"\(numbers)\" role=\"note\" aria-label=\"\(HTML.escape(texts[index].visible).text), \(numbers)\""
            : "title=\"\(numbers)\""
        return HTML(
            "<span id=\"t\(index)\" class=\"\(shade(index))\(focus)\" \(hint)>\(HTML.escape(text).text)</span>\(tail)")
    }

    private func shade(_ index: Int) -> String {
        switch shownColour {
        case .probability: return step("t", Double(-rollout.logprobs[index]) * 4)
        case .advantage: return signed((rollout.advantage ?? 0) * 5)
        case .ratio:
            let moved = report.tokens[index].logprob - Double(rollout.logprobs[index])
            return signed(moved / 1.386 * 12)
        case .entropy: return step("t", report.tokens[index].entropy * 5)
        // A negative gradient of the loss makes the token likelier.
        case .gradient: return signed(-report.tokens[index].gradient * 6)
        }
    }

    private func signed(_ value: Double) -> String { value < 0 ? step("l", -value) : step("h", value) }

    private func step(_ name: String, _ value: Double) -> String {
        guard value.isFinite else { return name + "12" }
        return name + String(Int(max(0, min(12, value.rounded()))))
    }

    private func numbers(_ index: Int) -> [(String, String)] {
        var items = [("p when sampled", Figures.probability(Double(rollout.logprobs[index])))]
        if hasNumbers {
            let token = report.tokens[index]
            items += [
                ("p now", Figures.probability(token.logprob)), ("ratio", Figures.short(token.ratio)),
                ("entropy", Figures.short(token.entropy)), ("gradient", Figures.short(token.gradient)),
            ]
        }
        if let recorded = kept.first(where: { $0.token.position == index }) {
            items += [
                ("ratio in the update", Figures.short(recorded.token.ratio)),
                (
                    "clipping would drop it",
                    recorded.token.isKept ? "\(recorded.objective) kept it" : "\(recorded.objective) dropped it"
                ),
            ]
        } else if hasNumbers, report.tokens[index].isBeyond {
            items.append(
                (
                    "clipping would drop it",
                    report.tokens[index].gradient == 0 ? "dropped" : "\(report.objective) keeps it"
                ))
        }
        if let advantage = rollout.advantage { items.append(("advantage", Figures.decimal(advantage, 3))) }
        return items
    }

    /// All numbers of the tokens shown, for keyboards and screen readers.
    private var table: HTML {
        let rows = range.map { index -> [HTML] in
            var cells: [HTML] = [
                HTML("<a href=\"#t\(index)\">\(index + 1)</a>"), .escape(texts[index].visible),
                .escape(isMarked(index) ? "beyond the range" : ""),
                .escape(Figures.probability(Double(rollout.logprobs[index]))),
            ]
            if hasNumbers {
                let token = report.tokens[index]
                cells += [token.ratio, token.entropy, token.gradient].map { .escape(Figures.short($0)) }
            }
            return cells
        }
        let figures = ["p when sampled"] + (hasNumbers ? ["ratio", "entropy", "gradient"] : [])
        return HTML("<details><summary>All numbers as a table</summary>")
            + PageTable("Numbers of the tokens", names: ["token", "text", "mark"], figures: figures, rows: rows).html
            + HTML("</details>")
    }
}
