// What browsers are told of every answer, and what a page may load.
import Domain
import HTTPAPI
import TestSupport
import Testing

@Suite struct SecurityHeaderTests {
    private static let pageOnly = [
        "content-security-policy", "referrer-policy", "cross-origin-opener-policy", "permissions-policy",
    ]

    @Test func `every answer forbids sniffing and caching, faults included`() async throws {
        try await withServer { client in
            for path in ["/healthz", "/v1/updates", "/nowhere", "/v1/updates?zzz=1", "/", "/openapi.yaml"] {
                let answer = await client.send("GET", path)
                #expect(answer?.headers["x-content-type-options"] == "nosniff", "\(path)")
                #expect(answer?.headers["cache-control"] == "no-store", "\(path)")
                #expect(answer?.headers["cross-origin-resource-policy"] == "same-origin", "\(path)")
                #expect(answer?.headers["server"] == "rolloutd", "\(path) names a version")
                #expect(answer?.headers["strict-transport-security"] == nil, "\(path) is no HTTPS")
            }
            // A generator keeps weights, under its own name.
            let weights = await client.send("GET", "/v1/policies/latest/weights")
            #expect(weights?.headers["cache-control"] == "private, no-cache")
        }
    }

    @Test func `pages allow nothing inline, nothing from elsewhere, and no frame around them`() async throws {
        let service = ScriptedService()
        try await withServer(service) { client in
            _ = await client.send(
                "POST", "/v1/prompts",
                json: #"{"prompts":[{"id":"p-1","text":"2+2?","task":{"type":"math","answer":"4"}}]}"#)
            _ = await client.send(
                "POST", "/v1/rollouts",
                json: #"{"rollouts":[{"id":"r-1","prompt_id":"p-1","response":"<script>","policy_version":3}]}"#)
            for path in ["/", "/rollouts/r-1"] {
                let answer = await client.send("GET", path)
                let policy = answer?.headers["content-security-policy"] ?? ""
                #expect(answer?.status == 200, "\(path)")
                #expect(policy.hasPrefix("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'"))
                for part in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
                    #expect(policy.contains(part))
                }
                #expect(!policy.contains("unsafe") && !policy.contains("*"))
                #expect(answer?.headers["referrer-policy"] == "no-referrer")
                #expect(answer?.headers["cross-origin-opener-policy"] == "same-origin")
                let text = answer?.text ?? ""
                // What the policy would stop must not be there at all.
                for inline in ["<style", "style=", "<script>", " onclick", " onload", "javascript:"] {
                    #expect(!text.contains(inline), "\(path): \(inline)")
                }
                #expect(text.contains(#"<link rel="stylesheet" href="/assets/style.css">"#))
            }
            for name in Self.pageOnly {
                #expect(await client.send("GET", "/v1/updates")?.headers[name] == nil, "\(name)")
            }
        }
    }

    @Test func `style sheet and script are served without a key, as what they are`() async throws {
        try await withServer(configure: { $0.apiKeys = ["k"] }) { client in
            let style = await client.send("GET", "/assets/style.css")
            #expect(style?.status == 200 && style?.headers["content-type"] == "text/css; charset=utf-8")
            #expect(style?.text.contains(".t12{") == true)
            let script = await client.send("GET", "/dashboard.js")
            #expect(script?.status == 200 && script?.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(await client.send("GET", "/")?.status == 401)
        }
    }
}
