// Groups: the list, and one with its rollouts side by side. Pure functions of what the ledger gave.
import Domain

/// Renders `GET /groups`.
struct GroupsPage: Sendable {
    let page: GroupPage
    let filter: GroupQuery
    let now: Timestamp
    /// Names of data sets, read where nothing was found in the one that was asked for.
    var datasets: [String] = []

    var html: HTML {
        PageFrame(title: "groups · rolloutd", section: .groups).html(
            heading: "Groups", note: "Rollouts of one prompt, compared with one another; newest first.", main: main)
    }

    private var main: HTML {
        let rows = page.groups.map { group -> [HTML] in
            [
                .group(group.id.text), .escape(group.promptID.text), .escape(group.dataset),
                .escape(group.status.rawValue), .escape(group.fate?.rawValue.replacing("_", with: " ") ?? "–"),
                .escape("\(group.memberCount) of \(group.size)"),
                .escape(group.consumedByUpdate.map { String($0) } ?? "–"),
                .escape(Figures.duration(Double(now.milliseconds - group.createdAt.milliseconds) / 1000)),
            ]
        }
        return form + unknownDataset
            + PageTable(
                "Groups", names: ["group", "prompt", "data set", "status", "fate"],
                figures: ["rollouts", "update", "age"], rows: rows, empty: "no group matches"
            ).html
            + nextPage(
                "/groups",
                [
                    ("status", filter.status?.rawValue), ("dataset", filter.dataset),
                    ("prompt_id", filter.promptID?.text),
                ], before: page.nextCursor.map { String($0) })
    }

    private var unknownDataset: HTML {
        guard let asked = filter.dataset, page.groups.isEmpty, !datasets.contains(asked) else { return .empty }
        // Names beyond those that were read may still be there.
        guard datasets.count < Limits.datasetNamesRead else { return .empty }
        let shown = datasets.prefix(Limits.datasetNamesShown).map {
            HTML.link("/groups?dataset=\(percentEncoded($0))", $0).text
        }
        let known =
            shown.isEmpty
            ? "there is none yet"
            : "there are " + shown.joined(separator: ", ") + (datasets.count > shown.count ? " and others" : "")
        let beginning = "There is no data set named \(asked) with prompts here; "
        return .element("p", [:], .escape(beginning) + HTML(known + "."))
    }

    private var form: HTML {
        let options = ([nil] + GroupStatus.allCases.map(Optional.some)).map { status -> String in
            let isChosen = status == filter.status ? " selected" : ""
            return "<option value=\"\(status?.rawValue ?? "")\"\(isChosen)>\(status?.rawValue ?? "any")</option>"
        }
        func field(_ name: String, _ label: String, _ value: String?) -> String {
            "<label>\(label)<input name=\"\(name)\" value=\"\(HTML.escape(value ?? "").text)\" maxlength=\"200\" autocomplete=\"off\"></label>"
        }
        return HTML(
            "<form class=\"choose\" method=\"get\" action=\"/groups\"><label>Status<select name=\"status\">\(options.joined())</select></label>"
                + field("dataset", "Data set", filter.dataset) + field("prompt_id", "Prompt", filter.promptID?.text)
                + "<button type=\"submit\">Show</button></form>")
    }
}

/// Renders `GET /groups/{id}`.
struct GroupDetailPage: Sendable {
    let detail: GroupDetail
    let prompt: AskedPrompt
    /// In order of creation.
    let rollouts: [Rollout]

    var html: HTML {
        let record = detail.record
        var frame = PageFrame(title: "group \(record.id) · rolloutd", section: .groups)
        frame.trail = [("/groups/\(percentEncoded(record.id.text))", record.id.text)]
        if record.status != .open { frame.refresh = .never }
        return frame.html(heading: "Group \(record.id)", note: sentence, main: main)
    }

    private var sentence: String {
        let record = detail.record
        var text = "\(record.memberCount) of \(record.size) rollouts, \(record.status.rawValue)"
        if let update = record.consumedByUpdate { text += " by update \(update)" }
        if let fate = record.fate { text += " (\(fate.rawValue.replacing("_", with: " ")))" }
        return text + "; from policy \(record.oldestVersion) on."
    }

    private var main: HTML {
        let others = detail.members.count - rollouts.count
        return .all(
            .heading("Prompt"), .note("\(prompt.dataset) · \(prompt.id.text)"),
            .element("pre", [:], .escape(prompt.content.readable)), .heading("Rollouts"),
            .element("div", ["class": "side"], rollouts.enumerated().map(article).joined()),
            others > 0 ? .note("and \(others) more, which GET /v1/groups/{id} lists") : .empty, leases)
    }

    private func article(_ index: Int, _ rollout: Rollout) -> HTML {
        let outcome = rollout.verdict?.outcome.rawValue ?? rollout.status.rawValue
        let text = rollout.response
        let cut = text.utf8.count > Limits.groupTextBytes
        let shown = cut ? String(text.prefix(Limits.groupTextBytes / 2)) + "…" : text
        let facts: [(String, HTML)] = [
            ("reward", .escape(rollout.reward.map { Figures.short($0) } ?? "none")),
            ("advantage", .escape(rollout.advantage.map { Figures.decimal($0, 3) } ?? "none")),
            (
                "length",
                .escape(
                    "\(Figures.count(rollout.tokenIDs.count)) tokens, \(rollout.finishReason == .length ? "cut off" : "ended")"
                )
            ), ("policy", .escape(rollout.policyVersion.description)),
        ]
        let list = facts.map { HTML.element("dt", [:], .escape($0.0)) + .element("dd", [:], $0.1) }.joined()
        let reason = rollout.verdict.map { String($0.reason.prefix(300)) } ?? ""
        return .element(
            "article", ["aria-labelledby": "r\(index)"],
            .all(
                .element("h3", ["id": "r\(index)"], .rollout(rollout.id.text)),
                .element("p", ["class": outcome], .escape(outcome)), .note(reason), .element("dl", [:], list),
                HTML("<pre tabindex=\"0\" aria-label=\"response\">\(HTML.escape(shown).text)</pre>")))
    }

    private var leases: HTML {
        let rows = detail.attempts.map { attempt -> [HTML] in
            [
                .escape(attempt.leaseID.text), .escape(attempt.worker), .escape(attempt.outcome?.rawValue ?? "held"),
                .escape(String(attempt.attempt)), .time(attempt.takenAt),
            ]
        }
        guard !rows.isEmpty else { return .empty }
        return HTML.heading("Leases")
            + PageTable(
                "Leases it was in", names: ["lease", "worker", "outcome"], figures: ["attempt", "given"], rows: rows
            ).html
    }
}

extension PromptContent {
    /// The prompt as one text.
    var readable: String {
        switch self {
        case .text(let text): text
        case .messages(let messages): messages.map { "\($0.role.rawValue): \($0.content)" }.joined(separator: "\n\n")
        }
    }
}
