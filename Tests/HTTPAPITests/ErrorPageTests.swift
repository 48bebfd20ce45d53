// Errors as a person meets them: a browser gets a page with the same status, programs get the JSON that they always got.
import Domain
import Foundation
@testable import HTTPAPI
import Service
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct ErrorPageTests {
    private let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    private func get(_ client: HTTPClient, _ path: String, accept: String, key: String? = nil) async -> HTTPAnswer? {
        var headers = ["accept": accept]
        if let key { headers["authorization"] = "Bearer " + key }
        return await client.send("GET", path, headers: headers)
    }

    @Test(arguments: [
        ("/groups/a%20b", 422, "This address cannot be read", "/groups"),
        ("/groups?status=half", 422, "One of open, ready", "/groups"),
        ("/runs?metric=%20", 422, "<code>metric</code>", "/runs"),
        ("/runs/compare?seeds=all", 422, "One of mean, each", "/runs"),
        ("/rollouts/nobody", 404, "Not found", "/"), ("/nowhere", 404, "There is no such path.", "/"),
        ("/groups/%zz", 400, "percent-encoded", "/groups"),
        ("/v1/evaluations/none/report?format=html", 404, "There is no evaluation none.", "/"),
        ("/queue?%3Cscript%3Ealert(1)%3C/script%3E=1", 422, "&lt;script&gt;", "/queue"),
    ])
    func `a browser gets a page that says what is wrong, what to do and where to go`(
        path: String, status: Int, part: String, back: String
    ) async throws {
        try await withServer { client in
            let page = await get(client, path, accept: browser)
            let text = page?.text ?? ""
            #expect(page?.status == status, "\(text.prefix(200))")
            #expect(page?.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page?.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            for expected in [
                part, "<h1>", "<main id=\"main\">", "What is wrong", "<a href=\"\(back)\">Back to", "class=\"pages\"",
                page?.headers["x-request-id"] ?? "no id",
            ] {
                #expect(text.contains(expected), "\(expected)")
            }
            #expect(!text.contains("<script>alert"))
            for accept in ["*/*", "application/json", "text/html;q=0, */*", "image/svg+xml"] {
                let json = await get(client, path, accept: accept)
                #expect(json?.status == status && json?.json["error"]?["code"]?.string != nil, "\(accept)")
            }
        }
    }

    @Test func `what is for programs answers a browser in JSON as well`() async throws {
        try await withServer { client in
            for path in ["/v1/groups/a%20b", "/v1/nothing", "/admin/nothing", "/v1/rollouts/nobody"] {
                #expect(await get(client, path, accept: browser)?.json["error"]?["code"] != nil, "\(path)")
            }
        }
    }

    @Test func `keys, roles, overload and failures of the server have pages with their headers`() async throws {
        let service = ScriptedService()
        let reader = service.addKey([.generate])
        try await withServer(service) { client in
            let locked = await get(client, "/runs", accept: browser)
            #expect(locked?.status == 401 && locked?.text.contains("A key is needed") == true)
            #expect(locked?.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            let forbidden = await client.send(
                "POST", "/policies/2/rollback", headers: ["accept": browser, "authorization": "Bearer " + reader])
            #expect(forbidden?.status == 403 && forbidden?.text.contains("<h1>Not allowed</h1>") == true)
            service.fail(ServiceError(.overloaded, "<b>full</b>"))
            let full = await get(client, "/groups", accept: browser, key: reader)
            #expect(full?.status == 429 && full?.headers["retry-after"] != nil)
            #expect(full?.text.contains("&lt;b&gt;full&lt;/b&gt;") == true && full?.text.contains("Try again") == true)
            service.fail(ServiceError(.internal, "secret detail"))
            let broken = await get(client, "/groups", accept: browser, key: reader)
            #expect(broken?.status == 500 && broken?.text.contains("Back to the first page") == true)
        }
    }

    @Test func `a page of another site gets nothing of a server without keys`() async throws {
        try await withServer { client in
            let answer = await client.send(
                "GET", "/runs", headers: ["accept": browser, "origin": "http://evil.example"])
            #expect(answer?.status == 403 && answer?.text.contains("<h1>Not allowed</h1>") == true)
        }
    }
}
