// The pages of learning over real sockets: what they say, that what models wrote stays text, that they work by keyboard, without
// scripts and by night.
import Domain
import Foundation
@testable import HTTPAPI
@testable import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct WindowTests {
    static let paths = [
        "/", "/runs", "/runs?metric=loss&metric=entropy&from=3&to=30&together=on", "/groups", "/groups/grp-1",
        "/runs/compare", "/runs/compare?method=gppo&method=clip&metric=entropy&from=3&to=30&seeds=each",
        "/tokens/kept", "/policies", "/policies/2/rollback", "/evaluations", "/queue", "/queue?state=all",
        "/rollouts/r-1",
        "/rollouts/r-1?by=entropy&against=after&first=1", "/rollouts/r-1?by=gradient",
    ]

    /// A service with one prompt and one rollout, whose texts are hostile.
    private func service() -> ScriptedService {
        let service = ScriptedService()
        let time = Timestamp(milliseconds: 1_700_000_000_000)
        service.state.withLock { state in
            for id in ["p", "p-1"] {
                state.prompts[PromptID(id)] = Prompt(
                    id: PromptID(id), dataset: ScriptedService.hostile, content: .text(ScriptedService.hostile),
                    task: .math(MathTask(answers: ["4"])), metadata: .object([]), createdAt: time)
            }
            state.rollouts[RolloutID("r-1")] = Rollout(
                id: RolloutID("r-1"), promptID: PromptID("p-1"), groupID: GroupID("grp-1"),
                response: ScriptedService.hostile, tokenIDs: [1, 2, 3], logprobs: [-0.5, -3, -0.01],
                policyVersion: PolicyVersion(1), finishReason: .length, generator: ScriptedService.hostile,
                metadata: .object([]), status: .consumed,
                verdict: .failed(ScriptedService.hostile, extracted: ScriptedService.hostile), reward: 0,
                advantage: 0.4, consumedByUpdate: 3, createdAt: time)
        }
        return service
    }

    @Test(arguments: paths)
    func `a page has landmarks, one heading, labels, and nothing that runs inline`(path: String) async throws {
        try await withServer(service()) { client in
            let answer = await client.send("GET", path)
            let text = answer?.text ?? ""
            #expect(answer?.status == 200, "\(text.prefix(300))")
            #expect(answer?.headers["content-security-policy"]?.contains("script-src 'self'") == true)
            for part in [
                "<html lang=\"en\">", "<nav class=\"pages\" aria-label=\"Pages\">", "<header>", "<main id=\"main\">",
                "<footer>", "<a class=\"skip\" href=\"#main\">", "name=\"viewport\"", "aria-current=",
            ] {
                #expect(text.contains(part), "\(part)")
            }
            #expect(text.components(separatedBy: "<h1").count == 2)
            for inline in [
                "<style", " style=\"", "<script>", "javascript:", " onclick", " onload=", "http-equiv=\"set",
            ] {
                #expect(!text.contains(inline), "\(inline)")
            }
            // The hostile text is there as text, and its quotation mark has closed no attribute.
            #expect(!text.contains("<script>alert") && !text.contains("\" onfocus=\""))
            #expect(isBalanced(text), "\(unbalanced(text))")
            // Each field has a label around it, each region and image a name, each id stands once.
            let fields =
                text.components(separatedBy: "<input").count - 1 + text.components(separatedBy: "<select").count - 1
            #expect(text.components(separatedBy: "<label>").count - 1 == fields)
            #expect(!text.contains("<svg viewBox=\"0 0 480.0 220.0\" role=\"img\" aria-label=\"\""))
            let ids = text.components(separatedBy: " id=\"").dropFirst().compactMap { $0.split(separator: "\"").first }
            #expect(Set(ids).count == ids.count)
        }
    }

    /// Whether every element that is opened is closed in its turn.
    private func isBalanced(_ text: String) -> Bool { unbalanced(text).isEmpty }

    private func unbalanced(_ text: String) -> [String] {
        let void: Set<String> = [
            "meta", "link", "input", "!doctype", "line", "circle", "polyline", "polygon", "path", "br",
        ]
        var open: [String] = []
        for piece in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
            let name = piece.prefix { $0 != ">" && $0 != " " && $0 != "\n" }.lowercased()
            if name.hasPrefix("/") {
                guard open.popLast() == String(name.dropFirst()) else { return open + [name] }
            } else if !void.contains(name), !piece.prefix(while: { $0 != ">" }).hasSuffix("/") {
                open.append(name)
            }
        }
        return open
    }

    @Test func `a rollout shows its tokens with their numbers, and marks what clipping would have dropped`()
        async throws
    {
        try await withServer(service()) { client in
            let page = await client.send("GET", "/rollouts/r-1")?.text ?? ""
            // The first is beyond the range and the darkest orange but a little; the second was recorded by the update.
            #expect(page.contains("<span id=\"t0\" class=\"h0 b\" tabindex=\"0\" data-n=\"p when sampled: 60.7 %"))
            #expect(page.contains("ratio: 3.50") && page.contains("gppo kept it"))
            #expect(page.contains("<span id=\"t2\" class=\"l4\" title=\"p when sampled: 99.0 %"))
            #expect(page.contains("An approximation: the update took 4 steps"))
            #expect(page.contains("range 0.800 to 1.28"))
            #expect(page.contains("All numbers as a table"))
            let after = await client.send("GET", "/rollouts/r-1?against=after")?.text ?? ""
            #expect(
                after.contains("the weights of policy 9 are not kept")
                    && after.contains("less likely it was when it was sampled"))
            #expect(await client.send("GET", "/rollouts/r-1?by=colour")?.status == 422)
            #expect(await client.send("GET", "/rollouts/r-1?first=-1")?.status == 422)
        }
    }

    @Test func `kept tokens say their side, their change and where they stand`() async throws {
        try await withServer(service()) { client in
            let page = await client.send("GET", "/tokens/kept")?.text ?? ""
            for part in [
                "Update 3 (gppo)", "<mark>word1 </mark>", "▲ above, positive", "▼ below, negative", "5.0 %", "13.5 %",
                "/rollouts/r-1?by=ratio&amp;first=0#t1",
            ] {
                #expect(page.contains(part), "\(part)")
            }
        }
    }

    @Test func `runs draw the metrics asked for, in the range asked for, and as files`() async throws {
        try await withServer(service()) { client in
            let all = await client.send("GET", "/runs")?.text ?? ""
            #expect(
                all.contains("Updates 1 to 40 are shown") && all.contains("name=\"metric\" value=\"entropy\" checked"))
            let part = await client.send("GET", "/runs?metric=loss&from=10&to=20")?.text ?? ""
            #expect(part.contains("Updates 10 to 20 are shown") && part.contains("value=\"entropy\">entropy"))
            // A form that was sent with empty fields means the same as no form.
            #expect(await client.send("GET", "/runs?metric=loss&from=&to=&together=")?.status == 200)
            let file = await client.send("GET", "/runs/chart.svg?metric=loss,entropy&from=10")
            #expect(file?.headers["content-type"] == "image/svg+xml")
            #expect(file?.headers["content-disposition"] == "attachment; filename=\"loss-entropy.svg\"")
            #expect(file?.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'")
            #expect(file?.text.hasPrefix("<svg xmlns=") == true && file?.text.contains("class=\"line s1\"") == true)
            #expect(await client.send("GET", "/runs/chart.svg")?.status == 422)
            #expect(await client.send("GET", "/runs?metric=%3Cscript%3E%20")?.status == 422)
            let odd = await client.send("GET", "/runs?metric=%3Cscript%3Ealert(1)%3C/script%3E")?.text ?? ""
            #expect(odd.contains("&lt;script&gt;") && !odd.contains("<script>alert"))
        }
    }

    @Test func `a run shows how its model does on data sets, in the range asked for, with a way to the reports`()
        async throws
    {
        try await withServer(service()) { client in
            let all = await client.send("GET", "/runs")?.text ?? ""
            for part in [
                "Accuracy on data sets", "<a href=\"/evaluations\">Evaluations, each", "1 more are being computed",
                "aria-label=\"Accuracy on data sets: &lt;script&gt;",
            ] {
                #expect(all.contains(part), "\(part)")
            }
            let circles = { (text: String) in text.components(separatedBy: "<circle class=\"dot s0\"").count - 1 }
            let part = await client.send("GET", "/runs?from=5")?.text ?? ""
            #expect(circles(part) == circles(all) - 1)
        }
    }

    @Test func `runs are compared across methods and seeds, in the order asked for, with intervals or seed by seed`()
        async throws
    {
        try await withServer(service()) { client in
            let page = await client.send("GET", "/runs/compare?method=gppo&method=clip&metric=entropy")?.text ?? ""
            // 0.8 and 0.9: the mean, and t(1) = 12.7062 times half of their difference, in percent.
            for part in [
                "<th scope=\"row\">gppo</th><td class=\"r\">2</td><td class=\"r\">40</td>", "85.0 ± 63.5 %",
                // Seed by seed clip is 20 points below, each time: an interval of nothing, which leaves out 0.
                "−20.0 ± 0.0 % *", "class=\"band s0\"", "class=\"line s1\"", "Held-out accuracy, greedy",
                "href=\"/runs/compare.svg?method=gppo&amp;method=clip&amp;metric=entropy\" download=\"entropy.svg\"",
                "3 more files are not looked at", "gppo (2 seeds)", "Files that cannot be read",
            ] {
                #expect(page.contains(part), "\(part)")
            }
            #expect(!page.contains("class=\"line s2\""), "a method that was not asked for")
            let each = await client.send("GET", "/runs/compare?method=gppo&metric=entropy&seeds=each&to=9")?.text ?? ""
            #expect(each.components(separatedBy: "class=\"line s0 thin\"").count == 1 + 2 * 2)
            #expect(!each.contains("class=\"band"))
            let single = await client.send("GET", "/runs/compare?run=gppo-seed-2&metric=loss")?.text ?? ""
            #expect(single.contains("<td class=\"r\">1</td><td class=\"r\">40</td>") && single.contains("90.0 %"))
            let gone = await client.send("GET", "/runs/compare?method=%3Cb%3E")?.text ?? ""
            #expect(gone.contains("There is no run or method named &lt;b&gt;."))
            #expect(await client.send("GET", "/runs/compare?seeds=all")?.status == 422)
            #expect(await client.send("GET", "/runs/compare?metric=%20")?.status == 422)
        }
    }

    @Test func `a comparison's chart is a file, in which a hostile name is text`() async throws {
        try await withServer(service()) { client in
            let file = await client.send("GET", "/runs/compare.svg?metric=loss")
            #expect(file?.headers["content-type"] == "image/svg+xml")
            #expect(file?.headers["content-disposition"] == "attachment; filename=\"loss.svg\"")
            #expect(file?.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'")
            let text = file?.text ?? ""
            #expect(text.hasPrefix("<svg xmlns=") && text.contains("&lt;script&gt;") && !text.contains("<script"))
            #expect(await client.send("GET", "/runs/compare.svg?metric=held_out_all")?.status == 200)
            #expect(await client.send("GET", "/runs/compare.svg")?.status == 422)
            #expect(await client.send("GET", "/runs/compare.svg?metric=loss,entropy")?.status == 422)
        }
    }

    @Test func `a group shows its rollouts side by side`() async throws {
        try await withServer(service()) { client in
            let page = await client.send("GET", "/groups/grp-1")?.text ?? ""
            for part in ["<article", "failed", "advantage</dt><dd>0.400", "3 tokens, cut off", "/rollouts/r-1"] {
                #expect(page.contains(part), "\(part)")
            }
        }
    }

    @Test func `groups of a data set that is none say which there are`() async throws {
        try await withServer(service()) { client in
            let page = await client.send("GET", "/groups?dataset=nope")?.text ?? ""
            #expect(page.contains("There is no data set named nope with prompts here; there are "))
            #expect(page.contains("<a href=\"/groups?dataset=math\">math</a>") && !page.contains("<script>alert"))
            #expect(await client.send("GET", "/groups?dataset=d")?.text.contains("no data set named") == false)
        }
    }

    // MARK: Going back

    @Test func `policies offer no way back where the learner is off, and say why`() async throws {
        let service = service()
        try await withServer(service) { client in
            #expect(await client.send("GET", "/policies")?.text.contains("/rollback\"") == true)
            service.state.withLock { $0.phase = .off }
            let page = await client.send("GET", "/policies")?.text ?? ""
            #expect(!page.contains("/rollback\"") && page.contains("The learner is off here"))
        }
    }

    @Test func `going back needs an admin, a confirmation, and a page of ours`() async throws {
        let service = service()
        let (reader, admin) = (service.addKey([.generate]), service.addKey([.admin]))
        let basic = { @Sendable (key: String) in "Basic " + Data("me:\(key)".utf8).base64EncodedString() }
        try await withServer(service) { client in
            let host = "127.0.0.1:\(client.port)"
            func send(_ method: String, _ key: String, _ more: [String: String] = [:]) async -> HTTPAnswer? {
                await client.send(
                    method, "/policies/2/rollback",
                    headers: ["authorization": key, "host": host].merging(more) { $1 })
            }
            let question = await send("GET", basic(reader))
            #expect(question?.text.contains("<form method=\"post\" action=\"/policies/2/rollback\">") == true)
            // Under no-referrer a browser would send `Origin: null` with our own form.
            #expect(question?.headers["referrer-policy"] == "same-origin")
            let own = ["origin": "http://" + host]
            #expect(await send("POST", basic(reader), own)?.status == 403)
            #expect(await send("POST", basic(admin))?.status == 401, "a remembered password without an origin")
            #expect(await send("POST", basic(admin), ["origin": "null"])?.status == 403)
            #expect(await send("POST", basic(admin), ["origin": "http://evil.example"])?.status == 403)
            #expect(await send("POST", "Bearer " + admin, ["origin": "http://evil.example"])?.status == 403)
            #expect(service.state.withLock { $0.rollback } == nil)
            let done = await send("POST", basic(admin), own)
            #expect(done?.status == 202 && done?.text.contains("next update boundary") == true)
            #expect(service.state.withLock { $0.rollback } == PolicyVersion(2))
            #expect(
                await client.send("GET", "/policies", headers: ["authorization": basic(reader)])?.text.contains(
                    "goes back to policy 2") == true)
            // Nothing else that changes opens to a password.
            let other = await client.send(
                "POST", "/admin/drain", headers: ["authorization": basic(admin), "host": host].merging(own) { $1 })
            #expect(other?.status == 401)
            #expect(service.state.withLock { $0.audit.map(\.action) }.contains("POST /policies/{version}/rollback"))
        }
    }

    @Test func `pages need a key where the server has one`() async throws {
        let service = service()
        _ = service.addKey([.admin])
        try await withServer(service) { client in
            for path in Self.paths { #expect(await client.send("GET", path)?.status == 401, "\(path)") }
        }
    }
}
