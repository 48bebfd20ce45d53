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
        }.asPage,
        Endpoint(.get, "/assets/style.css", access: .open) { _ in
            asset(DashboardStyle.sheet, type: "text/css; charset=utf-8")
        },
        Endpoint(.get, "/dashboard.js", access: .open) { _ in
            asset(DashboardScript.source, type: "text/javascript; charset=utf-8")
        },
        Endpoint(.get, "/rollouts/{id}") { try await rolloutPage($0, service) }.asPage,
    ]
}

/// Rollouts on the status page.
private let recentRollouts = 20

/// A page.
func pageResponse(_ page: HTML, status: HTTPResponse.Status = .ok) -> Response {
    Response(
        status: status, headers: [.contentType: "text/html; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
}

/// A part of the pages that changes with the binary only; asked for again each time, as it is small.
private func asset(_ text: String, type: String) -> Response {
    Response(
        status: .ok, headers: [.contentType: type, .cacheControl: "no-cache"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}
