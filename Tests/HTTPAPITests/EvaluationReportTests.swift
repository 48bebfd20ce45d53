// Evaluations over the wire: forms of a report, what of strangers is escaped in them, and which settings are refused.
import Domain
import Foundation
import StrictJSON
import TestSupport
import Testing

@testable import HTTPAPI

@Suite struct EvaluationReportTests {
    @Test func `a report comes as JSON, text, page and curve`() async throws {
        try await withServer { client in
            let types = [
                "json": "application/json", "text": "text/plain; charset=utf-8", "html": "text/html; charset=utf-8",
                "svg": "image/svg+xml",
            ]
            for (format, type) in types {
                let answer = await client.send("GET", "/v1/evaluations/evl-1/report?format=\(format)&compare=evl-1")
                #expect(answer?.status == 200)
                #expect(answer?.headers["content-type"] == type)
            }
            let text = try #require(await client.send("GET", "/v1/evaluations/evl-1/report?format=text")).text
            // One of two is right in the first problem, one of one in the second; nobody knows of the fourth sample.
            #expect(text.contains("avg@2               75.0 %"))
            #expect(text.contains("1 sample is undetermined (1 sandbox_fault)"))
            #expect(text.contains("Klear-Reasoner-8B (64K, YaRN 2.5)") && text.contains("90.5 %"))
            #expect(text.contains("arXiv 2508.07629"))
        }
    }

    @Test func `what models and data sets say is escaped, and the page needs nothing from elsewhere`() async throws {
        try await withServer { client in
            for format in ["html", "svg"] {
                let page = try #require(await client.send("GET", "/v1/evaluations/evl-1/report?format=\(format)")).text
                #expect(!page.contains("<script") && !page.contains("<b>m&m") && !page.contains("<i>sums"))
            }
            let page = try #require(await client.send("GET", "/v1/evaluations/evl-1/report?format=html")).text
            #expect(page.contains("&lt;b&gt;m&amp;m&lt;/b&gt;") && page.contains("&lt;script&gt;alert(1)"))
            // The server's policy allows no styles inside a page; a file has nothing but itself.
            #expect(page.contains("href=\"/assets/style.css\"") && !page.contains("<style>:root"))
            let report = try await ScriptedService().evaluationReport(EvaluationID("evl-1"), comparedWith: nil)
            let file = EvaluationDocument(report).text(.html)
            #expect(file.contains("<style>:root") && !file.contains("href=") && !file.contains("src="))
            #expect(file.contains("prefers-color-scheme:dark"))
        }
    }

    @Test func `settings that contradict each other are refused by field`() async throws {
        try await withServer { client in
            let bodies = [
                (#"{"dataset":"d","max_tokens":8,"model":"m"}"#, "model"),
                (#"{"dataset":"d","max_tokens":8,"endpoint":"http://h/v1"}"#, "model"),
                (#"{"dataset":"d","max_tokens":8,"endpoint":"ftp://h","model":"m"}"#, "endpoint"),
                (
                    #"{"dataset":"d","max_tokens":8,"endpoint":"http://h","model":"m","policy_version":1}"#,
                    "policy_version"
                ),
                (#"{"dataset":"d"}"#, "max_tokens"), (#"{"dataset":"d","max_tokens":8,"samples":0}"#, "samples"),
                (#"{"dataset":"d","max_tokens":8,"top_p":0}"#, "top_p"),
                (#"{"dataset":"d","max_tokens":8,"concurrency":100000}"#, "concurrency"),
            ]
            for (body, field) in bodies {
                let answer = await client.send("POST", "/v1/evaluations", json: body)
                #expect(answer?.status == 422, "\(body)")
                #expect(answer?.json["error"]?["field"]?.string == field, "\(body)")
            }
            let newest = await client.send("POST", "/v1/evaluations", json: #"{"dataset":"d","max_tokens":8}"#)
            #expect(newest?.status == 202 && newest?.json["settings"]?["policy_version"] == .integer(3))
        }
    }
}
