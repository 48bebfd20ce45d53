// The status page: what the service does now, how learning goes, what was judged. A pure function of the snapshot.
import Domain
import Service

/// Renders `GET /`.
struct StatusPage: Sendable {
    let status: StatusSnapshot
    /// The newest rollouts, newest first.
    let recent: [Rollout]

    /// The whole page.
    var html: HTML {
        DashboardStyle.page(
            title: "rolloutd · policy \(status.policyVersion?.description ?? "–")", header: header, main: main,
            isLive: true)
    }

    private var header: HTML {
        let isLive = [.sampling, .scoring, .training, .evaluating, .coldStart].contains(status.phase)
        let isStopped = status.phase == .paused || status.phase == .failed
        let mark = isLive ? "pill live" : isStopped ? "pill stop" : "pill"
        return HTML.element("h1", [:], HTML("rolloutd"))
            + .element("span", ["class": mark], .escape(status.phase.rawValue.replacing("_", with: " ")))
            + .element("span", ["class": "dim"], .escape(headline))
    }

    private var headline: String {
        var parts: [String] = []
        if let version = status.policyVersion { parts.append("policy \(version)") }
        if let stage = status.stage { parts.append("stage \(stage)") }
        parts.append("objective \(status.objective)")
        if let model = status.model { parts.append("\(Figures.count(model.parameterCount)) parameters") }
        parts.append("learned for \(Figures.duration(status.learningSeconds))")
        let up = Double(status.now.milliseconds - status.startedAt.milliseconds) / 1_000
        parts.append("up \(Figures.duration(up))")
        return parts.joined(separator: " · ")
    }

    private var main: HTML {
        alarms + coldStart + tiles + .element("h2", [:], HTML("Learning"))
            + .element(
                "div", ["class": "charts"],
                LearningCharts(updates: status.updates, evaluations: status.evaluations).all.map(\.html).joined())
            + .element("h2", [:], HTML("Work"))
            + .element("div", ["class": "panels"], kinds + verdicts + queue)
            + .element("h2", [:], HTML("Operation")) + OperationPanels(status: status).all
            + .element("h2", [:], HTML("Recent rollouts")) + rollouts
    }

    private var alarms: HTML {
        var texts = status.alarms
        if let detail = status.phaseDetail, [.paused, .failed, .waiting, .off].contains(status.phase) {
            texts.insert("\(status.phase.rawValue): \(detail)", at: 0)
        }
        if let refusal = status.storage?.intakeRefusal { texts.insert("new rollouts are refused: \(refusal)", at: 0) }
        texts += ServicePart.allCases.compactMap { status.switches.reason($0) }
        let waiting = status.counts?.queueLength ?? 0
        if !status.isScoring, waiting > 0 {
            texts.append("scoring is off here: \(Figures.count(waiting)) rollouts wait for rolloutd score-worker")
        }
        if let trouble = status.scoringTrouble { texts.insert("verdicts wait: \(trouble)", at: 0) }
        return texts.map { HTML.element("p", ["class": "alarm", "role": "alert"], .escape($0)) }.joined()
    }

    private var coldStart: HTML {
        guard status.phase == .coldStart else { return .empty }
        let share = status.coldStartProgress ?? 0
        let text =
            "The first model learns from worked solutions before rewards take over; at most \(Figures.percent(1 - share)) of its steps are left."
        return .element(
            "div", ["class": "panel"],
            .element("h3", [:], HTML("Cold start")) + .element("p", ["class": "note"], .escape(text))
                + HTML("<progress max=\"1\" value=\"\(share)\"></progress>"))
    }

    private var tiles: HTML {
        let last = status.updates.last
        let items: [(String, String)] = [
            ("held-out math, greedy", heldOut("math")), ("held-out code, greedy", heldOut("code")),
            ("mean reward", last?["reward_mean"].map { Figures.decimal($0, 3) } ?? "–"),
            ("rollouts stored", status.counts.map { Figures.count($0.rollouts.values.reduce(0, +)) } ?? "–"),
            ("waiting for a verdict", status.counts.map { Figures.count($0.queueLength) } ?? "–"),
            ("database", status.storage.map { Figures.bytes(Int($0.size.usedBytes)) } ?? "–"),
            ("memory", status.residentBytes > 0 ? Figures.bytes(status.residentBytes) : "–"),
        ]
        return .element(
            "div", ["class": "tiles"],
            items.map { name, value in
                HTML.element(
                    "div", ["class": "tile"], .element("b", [:], .escape(value)) + .element("span", [:], .escape(name)))
            }.joined())
    }

    private func heldOut(_ kind: String) -> String {
        status.evaluations.last { $0.kind == kind }.map { Figures.percent($0.greedyAccuracy) } ?? "–"
    }

    private var kinds: HTML {
        let rows = status.kinds.map { kind in
            let state =
                kind.isAsleep
                ? HTML("<span class=\"asleep\">asleep</span>") : HTML.escape(Figures.percent(kind.variedGroups))
            let width = Figures.decimal(max(0, min(1, kind.accuracy)) * 100, 0)
            return HTML(
                "<tr><td>\(HTML.escape(kind.kind.replacing("_", with: " ")).text)</td><td class=\"r\">\(Figures.percent(kind.accuracy))</td>"
                    + "<td><progress class=\"bar\" max=\"100\" value=\"\(width)\"></progress></td><td class=\"r\">\(state.text)</td></tr>"
            )
        }
        return Self.panel(
            "Kinds in training",
            "Rollouts right of late, and the chance that a group has both right and wrong ones: only such a group teaches.",
            head: "<th>kind</th><th class=\"r\">right</th><th></th><th class=\"r\">teaches</th>", rows: rows)
    }

    private var verdicts: HTML {
        let rows = ["math", "code"].map { type in
            let counts = status.counts?.verdicts[type] ?? [:]
            let cells = Verdict.Outcome.allCases.map {
                "<td class=\"r \($0.rawValue)\">\(Figures.count(counts[$0, default: 0]))</td>"
            }
            return HTML("<tr><td>\(type)</td>\(cells.joined())</tr>")
        }
        return Self.panel(
            "Verdicts", "Undetermined is nobody's fault and never a reward. Sandbox: \(status.sandboxTier).",
            head: "<th>task</th>" + Verdict.Outcome.allCases.map { "<th class=\"r\">\($0.rawValue)</th>" }.joined(),
            rows: rows)
    }

    private var queue: HTML {
        let rows = RolloutStatus.allCases.map { name in
            HTML(
                "<tr><td>\(name.rawValue)</td><td class=\"r\">\(status.counts.map { Figures.count($0.rollouts[name, default: 0]) } ?? "–")</td></tr>"
            )
        }
        let open =
            status.counts.map {
                "\(Figures.count($0.openGroups)) groups are open, \(Figures.count($0.leasedGroups)) are leased."
            } ?? ""
        return Self.panel("Rollouts by status", open, head: "<th>status</th><th class=\"r\">rollouts</th>", rows: rows)
    }

    private var rollouts: HTML {
        let rows = recent.map { rollout in
            let outcome = rollout.verdict?.outcome.rawValue ?? rollout.status.rawValue
            let response = rollout.response.replacing("\n", with: " ")
            return HTML(
                "<tr><td><a href=\"/rollouts/\(percentEncoded(rollout.id.text))\">\(HTML.escape(String(rollout.promptID.text.suffix(40))).text)</a></td>"
                    + "<td class=\"\(outcome)\">\(outcome)</td><td class=\"r\">\(rollout.reward.map { Figures.short($0) } ?? "–")</td>"
                    + "<td class=\"r\">\(rollout.policyVersion)</td><td class=\"cut\">\(HTML.escape(String(response.prefix(120))).text)</td></tr>"
            )
        }
        let head =
            "<th>prompt</th><th>verdict</th><th class=\"r\">reward</th><th class=\"r\">policy</th><th>response</th>"
        return .element(
            "div", ["class": "panel scroll"],
            rows.isEmpty
                ? HTML("<p class=\"empty\">none yet</p>") : HTML("<table><tr>\(head)</tr>\(rows.joined().text)</table>")
        )
    }

    /// A card with a heading, a note and a table.
    static func panel(_ title: String, _ note: String, head: String, rows: [HTML]) -> HTML {
        let table =
            rows.isEmpty
            ? HTML("<p class=\"empty\">no data yet</p>") : HTML("<table><tr>\(head)</tr>\(rows.joined().text)</table>")
        return .element(
            "section", ["class": "panel"],
            .element("h3", [:], .escape(title)) + .element("p", ["class": "note"], .escape(note)) + table)
    }
}

/// A path segment: everything but unreserved characters as %XX (RFC 3986, section 2.3).
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { result, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default: result += "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
        }
    }
}
