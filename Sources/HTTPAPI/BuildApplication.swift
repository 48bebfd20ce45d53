// Puts the server together; the composition root and the tests use the same function.
import Domain
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// The HTTP server over a service: run it in a service group; a graceful shutdown finishes the requests in flight.
///
/// Throws `InputError` when the certificate cannot be used.
///
/// - Parameters:
///   - service: The use cases.
///   - configuration: Address, keys and bounds; port 0 takes a free port.
///   - logger: Gets one line a request (`debug` when all is well, `info` for clients' faults, `error` for ours).
///   - onBound: Called once with the bound address as `127.0.0.1:8080`.
package func buildApplication(
    service: some ServiceFacade, configuration: HTTPConfiguration, logger: Logger,
    onBound: @escaping @Sendable (String) -> Void = { _ in }
) throws -> some ApplicationProtocol {
    let counters = RequestCounters(refused: { status, code in service.noteRefusal(status: status, code: code) })
    let responder = APIResponder(
        endpoints: apiEndpoints(service, counters: counters) + dialectEndpoints(configuration.dialects, service),
        configuration: configuration, access: service.access,
        audit: AuditTrail(service), counters: counters)
    let plain = HTTPServerBuilder.http1(
        configuration: .init(
            additionalChannelHandlers: [ConnectionGuard(configuration)],
            idleTimeout: .milliseconds(Int64(configuration.idleSeconds * 1000)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: configuration.headerBytesMax, maxHeaderListSize: configuration.headerBytesMax,
                maxHeaderFieldCount: 100)))
    return Application(
        responder: responder, server: try encrypted(plain, by: configuration.tls),
        configuration: ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port), serverName: "rolloutd",
            availableConnectionsDelegate: .maximum(configuration.connectionsMax, logger: logger)),
        onServerRunning: { channel in onBound(boundAddress(channel, host: configuration.host)) }, logger: logger)
}

/// All operations of our own API; openapi.yaml has the same, and a test compares them.
func apiEndpoints(_ service: some ServiceFacade, counters: RequestCounters) -> [Endpoint] {
    scoreEndpoints(service) + promptEndpoints(service) + demonstrationEndpoints(service)
        + leaseEndpoints(service) + rolloutEndpoints(service)
        + completionEndpoints(service) + policyEndpoints(service) + learnerEndpoints(service)
        + leaseRecordEndpoints(service) + groupEndpoints(service) + steeringEndpoints(service)
        + eventEndpoints(service) + healthEndpoints(service, counters: counters) + backupEndpoints(service)
        + descriptionEndpoints() + dashboardEndpoints(service) + windowEndpoints(service)
        + comparisonEndpoints(service)
        + retentionEndpoints(service) + rescoreEndpoints(service) + accessEndpoints(service)
        + evaluationEndpoints(service)
}

private func boundAddress(_ channel: any Channel, host: String) -> String {
    let port = channel.localAddress?.port ?? 0
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
}
