// Which requests of clients are known, how far they are, and what came of them: plain bookkeeping without tasks or time of its own.
import Domain

/// The requests that may still be asked for.
struct ClientRequestLog {
    private struct Entry {
        /// What was asked, so that another request under the same number is noticed.
        let digest: Int
        var progress = ClientProgress.waiting
        var finishedAt: Timestamp?
        var bytes = 0
    }

    private var entries: [ClientRequestID: Entry] = [:]
    /// Finished requests, the first to be forgotten first; some may be gone already.
    private var finished: [ClientRequestID] = []
    private var bytes = 0

    /// Notes a request.
    ///
    /// - Returns: Whether it is new; the same request again is not.
    /// - Throws: `InputError` when another request had the same number.
    mutating func begin(_ id: ClientRequestID, asking request: some Hashable) throws(InputError) -> Bool {
        let digest = request.hashValue
        guard let entry = entries[id] else {
            entries[id] = Entry(digest: digest)
            return true
        }
        guard entry.digest == digest else {
            throw InputError(
                .invalidValue, "this number was used for another request", field: "seq_id",
                hint: "count on with each request; the same number repeats the same request")
        }
        return false
    }

    /// How far a request is.
    func progress(_ id: ClientRequestID) -> ClientProgress { entries[id]?.progress ?? .gone }

    /// Takes in what came of a request.
    mutating func finish(_ id: ClientRequestID, _ result: Result<ClientAnswer, ClientFailure>, now: Timestamp) {
        guard entries[id] != nil else { return }
        switch result {
        case .success(let answer):
            entries[id]?.progress = .done(answer)
            entries[id]?.bytes = answer.bytes
            bytes += answer.bytes
        case .failure(let failure): entries[id]?.progress = .failed(failure)
        }
        entries[id]?.finishedAt = now
        finished.append(id)
        forget(now: now)
    }

    /// Takes back a request that was not begun after all.
    mutating func withdraw(_ id: ClientRequestID) { entries[id] = nil }

    /// Forgets answers that were kept long enough, and the oldest while they are too many.
    mutating func forget(now: Timestamp) {
        let deadline = now.adding(seconds: -Limits.clientAnswerSeconds)
        var kept = finished[...]
        while let id = kept.first, let entry = entries[id], let finishedAt = entry.finishedAt {
            // The newest stays, however large it is: its client has had no time to fetch it.
            guard finishedAt < deadline || bytes > Limits.clientAnswerBytesMax && kept.count > 1 else { break }
            bytes -= entry.bytes
            entries[id] = nil
            kept = kept.dropFirst()
        }
        if kept.count < finished.count { finished = Array(kept) }
    }
}
