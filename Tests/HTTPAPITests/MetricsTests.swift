// What GET /metrics says, read as a Prometheus server reads it.
import Domain
import HTTPAPI
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct MetricsTests {
    @Test func `the exposition of a service that worked is right, and its histograms counted the work`() async throws {
        try await withDirectory { directory in
            try await withRealServer(directory) { client in
                let prompt = #"{"prompts":[{"id":"p","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#
                #expect(await client.send("POST", "/v1/prompts", json: prompt)?.status == 201)
                let rollouts = (0..<8).map {
                    #"{"id":"r-\#($0)","prompt_id":"p","response":"\\boxed{\#($0)}","policy_version":0}"#
                }
                let posted = await client.send(
                    "POST", "/v1/rollouts", json: #"{"rollouts":[\#(rollouts.joined(separator: ","))]}"#)
                #expect(posted?.status == 202)
                for index in 0..<8 { _ = await client.send("GET", "/v1/rollouts/r-\(index)?wait_seconds=20") }
                var metrics = Exposition("")
                for _ in 0..<50 {
                    metrics = Exposition(await client.send("GET", "/metrics")?.text ?? "")
                    // The housekeeping loop looks once a second.
                    if metrics.value("rolloutd_undetermined_ratio") != nil,
                        metrics.value("rolloutd_rollout_judged_seconds_count") == 8
                    {
                        break
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(metrics.faults == [])
                #expect(metrics.value("rolloutd_rollout_judged_seconds_count") == 8)
                #expect(metrics.value("rolloutd_judging_wait_seconds_count") == 8)
                #expect(metrics.value("rolloutd_rollouts_accepted_total") == 8)
                #expect(
                    metrics.value("rolloutd_judging_seconds_count", ["task": "math", "outcome": "passed"]) == 1)
                #expect(
                    metrics.value("rolloutd_judging_seconds_count", ["task": "math", "outcome": "failed"]) == 7)
                #expect(
                    metrics.value(
                        "rolloutd_http_request_duration_seconds_count",
                        ["method": "GET", "route": "/v1/rollouts/{id}", "status": "2xx"]) == 8)
                #expect(
                    metrics.value(
                        "rolloutd_http_request_body_bytes_count", ["method": "POST", "route": "/v1/rollouts"]) == 1)
                #expect(metrics.value("rolloutd_judging_queue_rollouts", ["queue": "waiting"]) == 0)
                #expect(metrics.value("rolloutd_judging_queue_oldest_seconds", ["queue": "waiting"]) == 0)
                #expect((metrics.value("rolloutd_ledger_file_bytes", ["file": "database"]) ?? 0) > 0)
                #expect(metrics.value("rolloutd_undetermined_ratio") == 0)
                let commits = metrics.value("rolloutd_ledger_commit_seconds_count") ?? 0
                #expect(commits > 0 && commits <= metrics.value("rolloutd_ledger_write_wait_seconds_count") ?? 0)
            }
        }
    }

    @Test func `no path that was asked for becomes a label`() async throws {
        try await withServer { client in
            for index in 0..<20 { _ = await client.send("GET", "/secret-\(index)") }
            _ = await client.send("GET", "/v1/prompts/p-1")
            let answer = await client.send("PROPFIND", "/")
            #expect(answer?.status == 405)
            let text = await client.send("GET", "/metrics")?.text ?? ""
            let metrics = Exposition(text)
            #expect(metrics.faults == [])
            #expect(!text.contains("secret") && !text.contains("p-1") && !text.contains("PROPFIND"))
            #expect(
                metrics.value(
                    "rolloutd_http_request_duration_seconds_count",
                    ["method": "GET", "route": "unmatched", "status": "4xx"]) == 20)
        }
    }

    @Test func `a refused request is counted by its reason, and a probe that is not ready is none`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            service.fail(ServiceError(.overloaded, "full"))
            #expect(await client.send("GET", "/v1/prompts")?.status == 429)
            service.fail(ServiceError(.shuttingDown, "stopping"))
            #expect(await client.send("GET", "/v1/prompts")?.status == 503)
            service.state.withLock { $0.isReady = false }
            #expect(await client.send("GET", "/readyz")?.status == 503)
            #expect(service.state.withLock { $0.refusals } == ["429 overloaded", "503 shutting_down"])
        }
    }

    @Test func `labels and help are escaped, and numbers are as Go reads them`() {
        var text = MetricsText()
        text.family("x", .gauge, "a \\ b\nc \"d\"")
        text.sample("x", ["l": "a\"b\\c\nd"], .infinity)
        text.sample("x", [:], 1e21)
        #expect(
            text.text == "# HELP x a \\\\ b\\nc \"d\"\n# TYPE x gauge\nx{l=\"a\\\"b\\\\c\\nd\"} +Inf\nx 1e+21\n")
        let histogram = Histogram("y_seconds", "y", labels: ["k"], bounds: [0.5, 1])
        for value in [0.5, 0.75, 2, .nan] { histogram.observe(value, "v") }
        var written = MetricsText()
        histogram.write(to: &written)
        #expect(
            written.text.hasSuffix(
                "y_seconds_bucket{k=\"v\",le=\"0.5\"} 1\ny_seconds_bucket{k=\"v\",le=\"1\"} 2\n"
                    + "y_seconds_bucket{k=\"v\",le=\"+Inf\"} 3\ny_seconds_sum{k=\"v\"} 3.25\ny_seconds_count{k=\"v\"} 3\n"
            ))
    }
}
