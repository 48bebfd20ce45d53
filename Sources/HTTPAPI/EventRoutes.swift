// GET /v1/events: what happens, as Server-Sent Events (WHATWG HTML, section 9.2).
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service

extension HTTPField.Name {
    /// Where a client of Server-Sent Events says what it has.
    static var lastEventID: HTTPField.Name { HTTPField.Name("Last-Event-ID") ?? .via }
    /// Tells nginx to pass each event on as it comes.
    static var accelBuffering: HTTPField.Name { HTTPField.Name("X-Accel-Buffering") ?? .via }
}

/// The stream of events.
func eventEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [Endpoint(.get, "/v1/events") { call in try await streamEvents(call, service) }]
}

/// Sends events until the client leaves or the service stops.
///
/// The head goes out at once, the connection's guard closes it when the client takes nothing for as long as it may, and the
/// server's idle timeout does not count while an answer is under way.
private func streamEvents(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["types", "last_event_id"])
    // The header is what a reconnecting browser sends; it knows better than the address that the page began with.
    let id =
        try call.request.headers[.lastEventID].flatMap { $0.isEmpty ? nil : $0 }
        ?? query.text("last_event_id", bytesMax: Limits.headerBytesMax)
    let feed = try await service.events(after: id, types: try types(query))
    let body = ResponseBody { writer in
        var feed = feed
        while let bytes = try await feed.next() { try await writer.write(ByteBuffer(bytes: bytes)) }
        try await writer.finish(nil)
    }
    var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
    headers[.accelBuffering] = "no"
    return Response(status: .ok, headers: headers, body: body)
}

/// The types named in the query, or all.
private func types(_ query: QueryParameters) throws(InputError) -> Set<EventType> {
    guard let text = try query.text("types", bytesMax: Limits.fieldListBytesMax) else { return Set(EventType.allCases) }
    var types = Set<EventType>()
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
        guard let type = EventType(rawValue: String(name)) else {
            throw InputError(
                .invalidValue, "there are no events of type \"\(name.prefix(40))\"", field: "types",
                hint: "one or more, by commas: " + EventType.allCases.map(\.rawValue).joined(separator: ","))
        }
        types.insert(type)
    }
    return types
}
