// The pages for people: the status page, one page for each rollout, and what they load.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service

/// `GET /`, `GET /rollouts/{id}`, and the pages' own style sheet and script, which hold no secrets.
func dashboardEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/") { _ in
            // The page is worth showing while the ledger is not there: the snapshot comes from memory.
            let recent = try? await service.rollouts(matching: RolloutFilter(), before: nil, limit: recentRollouts)
            return pageResponse(StatusPage(status: service.status(), recent: recent?.rollouts ?? []).html)
        },
        Endpoint(.get, "/assets/style.css", access: .open) { _ in
            asset(DashboardStyle.sheet, type: "text/css; charset=utf-8")
        },
        Endpoint(.get, "/dashboard.js", access: .open) { _ in
            asset(DashboardScript.source, type: "text/javascript; charset=utf-8")
        },
        Endpoint(.get, "/rollouts/{id}") { call in
            let rollout = try await service.rollout(try call.identifier("id", RolloutID.self), waitSeconds: 0)
            let prompt = try await service.prompt(rollout.promptID)
            let texts = service.tokenTexts(rollout.tokenIDs)
            return pageResponse(RolloutDetailPage(rollout: rollout, prompt: prompt, tokenTexts: texts).html)
        },
    ]
}

/// Rollouts on the status page.
private let recentRollouts = 20

private func pageResponse(_ page: HTML) -> Response {
    Response(
        status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
}

/// A part of the pages that changes with the binary only; asked for again each time, as it is small.
private func asset(_ text: String, type: String) -> Response {
    Response(
        status: .ok, headers: [.contentType: type, .cacheControl: "no-cache"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}
