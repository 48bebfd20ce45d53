// Which answers about trajectories have reached the connection that asked. A post whose answer did not is one that its client will
// send again; a batch that did not is one that no trainer has. In memory: after a restart nothing is known to have arrived.
import Domain
import Synchronization

/// The answers under way, of one ledger.
final class TrajectoryDeliveries: Sendable {
    private struct State {
        /// Posts whose answers were taken, until the ledger has forgotten them.
        var takenPosts: Set<Int64> = []
        /// Batches that are being sent.
        var batchesUnderWay: Set<Int64> = []
        /// Batches whose last byte has gone, until the ledger has noted it.
        var takenBatches: Set<Int64> = []
        /// Requests with a content that is being dealt with, and those that wait for it.
        var turns: [ContentHash: [CheckedContinuation<Void, Never>]] = [:]
    }

    private let state = Mutex(State())

    // MARK: Posts

    /// Waits until no other request with this content is under way: only then is it known whether that one was answered.
    func enter(_ content: ContentHash) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.turns[content] != nil else {
                    state.turns[content] = []
                    return true
                }
                state.turns[content]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Lets the next request with this content go on.
    func leave(_ content: ContentHash) {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.turns[content]?.isEmpty == false else {
                state.turns[content] = nil
                return nil
            }
            return state.turns[content]?.removeFirst()
        }
        next?.resume()
    }

    func noteTaken(post: Int64) { state.withLock { _ = $0.takenPosts.insert(post) } }

    /// The posts that the ledger may forget.
    var takenPosts: Set<Int64> { state.withLock { $0.takenPosts } }

    /// Drops posts that the ledger has forgotten.
    func forget(posts: Set<Int64>) { state.withLock { $0.takenPosts.subtract(posts) } }

    // MARK: Batches

    func begin(batch: Int64) { state.withLock { _ = $0.batchesUnderWay.insert(batch) } }

    /// Ends the sending of a batch, whether or not it arrived.
    func end(batch: Int64) { state.withLock { _ = $0.batchesUnderWay.remove(batch) } }

    func noteTaken(batch: Int64) { state.withLock { _ = $0.takenBatches.insert(batch) } }

    func isUnderWay(batch: Int64) -> Bool { state.withLock { $0.batchesUnderWay.contains(batch) } }

    func isTaken(batch: Int64) -> Bool { state.withLock { $0.takenBatches.contains(batch) } }

    /// Drops batches that the ledger knows as taken, or has no more.
    func forget(batches: Set<Int64>) { state.withLock { $0.takenBatches.subtract(batches) } }
}

/// The answer to a post on its way: say when it was taken, and drop it.
package final class PostDelivery: Sendable {
    private let deliveries: TrajectoryDeliveries
    private let post: Int64
    private let content: ContentHash
    private let isOver = Mutex(false)

    init(_ post: Int64, _ content: ContentHash, _ deliveries: TrajectoryDeliveries) {
        self.post = post
        self.content = content
        self.deliveries = deliveries
    }

    deinit { end() }

    /// The connection has taken the whole answer: the same content is a new post from now on.
    package func noteTaken() {
        deliveries.noteTaken(post: post)
        end()
    }

    private func end() {
        let isFirst = isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
        if isFirst { deliveries.leave(content) }
    }
}

/// A batch on its way to a trainer: say when it was taken, and drop it. One that was dropped before is given out again.
package final class BatchDelivery: Sendable {
    private let ledger: Ledger
    private let batch: Int64

    init(_ batch: Int64, _ ledger: Ledger) {
        self.batch = batch
        self.ledger = ledger
    }

    deinit { ledger.deliveries.end(batch: batch) }

    /// The connection has taken the whole batch: whoever asks for the next one has it.
    package func noteTaken() async throws {
        ledger.deliveries.noteTaken(batch: batch)
        try await ledger.noteTaken(batch: batch)
    }
}
