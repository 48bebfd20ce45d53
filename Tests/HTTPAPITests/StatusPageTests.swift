// What the status page and its JSON say of queues, leases, refusals and false zeros, and that the page needs no inline script.
import Domain
import Foundation
@testable import HTTPAPI
@testable import Service
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct StatusPageTests {
    private static let worker = "vllm-<script>alert(1)</script>"

    /// A snapshot with something in every panel.
    private func snapshot() -> StatusSnapshot {
        let now = Timestamp(milliseconds: 1_800_000_000_000)
        var snapshot = StatusBoard(startedAt: now.adding(seconds: -60), databasePath: "/x").snapshot()
        snapshot.now = now
        snapshot.counts = LedgerCounts(
            prompts: 1, rollouts: [:], verdicts: ["code": [.passed: 6, .failed: 2, .undetermined: 2]], openGroups: 0,
            leasedGroups: 0)
        var pulse = LedgerPulse(at: now)
        pulse.queues = [
            .init(name: "waiting", count: 1_234, oldest: now.adding(seconds: -75)),
            .init(name: "again", count: 0, oldest: nil),
            .init(name: "leased", count: 5, oldest: now.adding(seconds: -9)),
        ]
        pulse.leases = [.generate: 3, .score: 1]
        pulse.workers = [
            .init(
                kind: .generate, worker: Self.worker, count: 3, oldest: now.adding(seconds: -40),
                nextExpiry: now.adding(seconds: 80))
        ]
        pulse.undetermined = [.sandboxFault: 2]
        snapshot.operations.pulse = pulse
        snapshot.operations.endings = [.init(kind: .generate, ending: "expired", count: 4)]
        snapshot.operations.refusals = [.init(status: 429, code: "overloaded", lastHour: 3, total: 7)]
        snapshot.operations.intake = [.init(minutes: 1, perSecond: 412)]
        snapshot.operations.commitMedian = 0.0021
        return snapshot
    }

    @Test func `the page shows ages, holders, refusals and the share of false zeros, escaped`() {
        let page = StatusPage(status: snapshot(), recent: []).html.text
        for text in [
            "1,234</td><td class=\"r\">1 min 15 s", "1 min 20 s", "20.0 %", "sandbox fault", "expired",
            "429 overloaded",
            "412", "2.10 ms",
        ] {
            #expect(page.contains(text), "\(text) is not on the page")
        }
        #expect(!page.contains("<script>alert"))
        #expect(page.contains("&lt;script&gt;alert"))
    }

    @Test func `pages run no inline script, and the script is served by us`() async throws {
        try await withServer { client in
            let page = await client.send("GET", "/")
            #expect(page?.headers["content-security-policy"]?.contains("script-src 'self'") == true)
            let scripts = (page?.text ?? "").components(separatedBy: "<script").dropFirst()
            #expect(scripts.count == 1 && scripts.allSatisfy { $0.hasPrefix(" src=\"/dashboard.js\"") })
            #expect(page?.text.contains("onclick=") == false && page?.text.contains("javascript:") == false)
            let script = await client.send("GET", "/dashboard.js")
            #expect(script?.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(script?.text.contains("new EventSource(\"/v1/events?types=") == true)
            let named = script?.text.components(separatedBy: "\"").filter { EventType(rawValue: $0) != nil } ?? []
            #expect(named.count == EventType.allCases.count - 2, "all but the two that come by the hundred")
        }
    }

    @Test func `the status as JSON has the same figures`() {
        let json = snapshot().json["operations"]
        #expect(json?["queues"]?.elements?.first?["oldest_seconds"] == .double(75))
        #expect(json?["queues"]?.elements?[1]["oldest_seconds"] == .null)
        #expect(json?["undetermined"]?["share"] == .double(0.2))
        #expect(json?["undetermined"]?["by_class"]?["sandbox_fault"] == .integer(2))
        #expect(json?["leases"]?["workers"]?.elements?.first?["expires_in_seconds"] == .double(80))
        #expect(json?["refused"]?.text == #"[{"status":429,"code":"overloaded","last_hour":3,"total":7}]"#)
    }

    @Test func `counts of late slide out of their window, and durations keep the last`() {
        let counts = RecentCounts<String>()
        let start = ContinuousClock.now
        counts.add("a", 60, at: start)
        counts.add("a", 30, at: start.advanced(by: .seconds(70)))
        #expect(counts.last(seconds: 60, now: start.advanced(by: .seconds(75))) == ["a": 30])
        #expect(counts.last(seconds: 300, now: start.advanced(by: .seconds(75))) == ["a": 90])
        #expect(counts.last(seconds: 3600, now: start.advanced(by: .seconds(3650))) == ["a": 30])
        #expect(counts.total == ["a": 90])
        let durations = RecentDurations()
        #expect(durations.quantile(0.5) == nil)
        for value in 1...2_000 { durations.add(Double(value)) }
        #expect(durations.quantile(0) == 977 && durations.quantile(1) == 2_000)
    }
}
