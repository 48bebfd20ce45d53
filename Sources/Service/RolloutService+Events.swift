// The stream of events, for whoever wants to watch.
import Domain

extension RolloutService {
    /// A stream of events of some types.
    ///
    /// - Parameters:
    ///   - id: The id of the last event that the client has; nil begins with what happens from now on. What the ledger
    ///     kept since is told first; where anything is lost, a `gap` event says so.
    ///   - types: Which events it wants.
    /// - Throws: `InputError` for an id that no server gave, `ServiceError` when there are too many streams, or the service
    ///   is stopping.
    package func events(after id: String?, types: Set<EventType>) async throws -> EventFeed {
        try refuseWhenStopping()
        let position: EventPosition? = if let id { try EventPosition(id) } else { nil }
        guard let place = EventPlace(hub) else {
            throw ServiceError(
                .overloaded, "\(Limits.eventWatchersMax) streams of events are open already",
                hint: "close one, or read GET /v1/updates and GET /admin/status from time to time",
                retryAfterSeconds: 15)
        }
        return EventFeed(hub: hub, ledger: ledger, types: types, position: position, place: place)
    }
}
