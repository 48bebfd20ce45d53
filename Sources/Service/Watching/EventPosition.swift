// Where a watcher is in the stream of events, as the text that Server-Sent Events call an id.
import Domain

/// A place between two events. It rises with each event in both parts that count.
struct EventPosition: Sendable, Equatable {
    /// The newest kept event before it.
    var durable: Int64
    /// The run of the service that numbered it; none for events that were read back from the ledger.
    var epoch: String
    /// The number of the newest event before it, kept or not, in that run.
    var number: Int64

    /// `durable.epoch.number`; opaque to clients.
    var text: String { "\(durable).\(epoch).\(number)" }

    init(durable: Int64, epoch: String, number: Int64) {
        self.durable = durable
        self.epoch = epoch
        self.number = number
    }

    /// Where a client says it is. Throws `InputError` for what no server gave it.
    init(_ text: String) throws(InputError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= Limits.identifierBytesMax, parts.count == 3, let durable = Int64(parts[0]),
            let number = Int64(parts[2]), durable >= 0, number >= 0,
            parts[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw InputError(
                .invalidValue, "not the id of an event", field: "last_event_id",
                hint: "send an id as it came, or leave it out to begin with what happens from now on")
        }
        self.init(durable: durable, epoch: String(parts[1]), number: number)
    }
}
