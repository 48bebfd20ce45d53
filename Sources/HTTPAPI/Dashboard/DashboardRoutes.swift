// The pages for people: the status page and one page for each rollout.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service

/// `GET /`, `GET /rollouts/{id}` and the script of both.
func dashboardEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/") { _ in
            // The page is worth showing while the ledger is not there: the snapshot comes from memory.
            let recent = try? await service.rollouts(matching: RolloutFilter(), before: nil, limit: recentRollouts)
            return pageResponse(StatusPage(status: service.status(), recent: recent?.rollouts ?? []).html)
        },
        // Open: it is the same for everybody and holds no data.
        Endpoint(.get, "/dashboard.js", access: .open) { _ in
            var headers: HTTPFields = [.contentType: "text/javascript; charset=utf-8", .cacheControl: "no-cache"]
            headers[.xContentTypeOptions] = "nosniff"
            return Response(
                status: .ok, headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(string: DashboardScript.source)))
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
    // Nothing is loaded from elsewhere, and nothing that a model wrote can run.
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri 'none'"
    var headers: HTTPFields = [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"]
    headers[.contentSecurityPolicy] = policy
    headers[.xContentTypeOptions] = "nosniff"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
}
