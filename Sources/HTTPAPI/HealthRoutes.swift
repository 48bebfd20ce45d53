// GET /healthz, /readyz, /metrics and /admin/status. All from memory, so that they answer while everything else is busy.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON

/// Probes, metrics and the status.
func healthEndpoints(_ service: some ServiceFacade, counters: RequestCounters) -> [Endpoint] {
    [
        Endpoint(.get, "/healthz", access: .open) { _ in jsonResponse(.members(["status": .string("ok")])) },
        Endpoint(.get, "/readyz", access: .open) { _ in readiness(service.readiness()) },
        Endpoint(.get, "/metrics") { _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(
                        string: service.prometheusText() + counters.prometheusText + refusedKeysText(service))))
        },
        Endpoint(.get, "/admin/status", access: .keyed) { call in
            _ = try call.query([])
            return jsonResponse(service.status().json)
        },
    ]
}

private func refusedKeysText(_ service: some ServiceFacade) -> String {
    "# HELP rolloutd_refused_keys_total Requests with a key that was unknown, revoked or over.\n"
        + "# TYPE rolloutd_refused_keys_total counter\nrolloutd_refused_keys_total \(service.access.failureCount)\n"
}

private func readiness(_ checks: [ReadinessCheck]) -> Response {
    let isReady = checks.allSatisfy(\.isReady)
    let json = JSONValue.members([
        "ready": .bool(isReady),
        "checks": .array(
            checks.map {
                .members(["name": .string($0.name), "ready": .bool($0.isReady), "detail": .string($0.detail)])
            }),
    ])
    return isReady
        ? jsonResponse(json) : jsonResponse(json, status: .serviceUnavailable, headers: [.retryAfter: retryAfter(5)])
}
