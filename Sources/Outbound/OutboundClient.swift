// The client: many exchanges on one thread, by libcurl's multi interface. Waiting costs no thread each, so a long poll
// holds up neither the cooperative pool nor the workers of Dispatch.
import CCurl
import Dispatch
import Synchronization

/// Sends requests and keeps connections for the next ones.
package final class OutboundClient: Sendable {
    private struct State {
        var waiting: [Transfer] = []
        /// Exchanges that wait or are under way.
        var count = 0
        var isRunning = false
        var isClosed = false
    }

    /// Made once, before the first handle, as libcurl wants it.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK
    /// How long the loop sleeps when nothing wakes it.
    private static let pollMilliseconds: Int32 = 1_000

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "rolloutd.outbound", qos: .utility)
    private let multi: MultiHandle
    private let exchangesMax: Int
    private let certificates: String?

    /// - Parameters:
    ///   - exchangesMax: Requests at once; more are refused with `OutboundError.busy`.
    ///   - certificates: A PEM file of the authorities to trust; nil trusts the system's.
    /// - Throws: `OutboundError` where libcurl cannot be used.
    package init(exchangesMax: Int = 64, certificates: String? = nil) throws {
        guard OutboundClient.isReady, let handle = curl_multi_init() else {
            throw OutboundError.other("libcurl cannot be used on this machine")
        }
        self.exchangesMax = exchangesMax
        self.certificates = certificates
        multi = MultiHandle(handle)
        ccurl_set_connections(handle, exchangesMax)
    }

    /// Sends a request and returns the answer, whatever its status.
    ///
    /// Throws `OutboundError` when no answer came, `CancellationError` when the task was cancelled: the connection is then
    /// closed, and the request may or may not have been carried out.
    package func send(_ request: OutboundRequest) async throws -> OutboundAnswer {
        let transfer = try Transfer(request, certificates: certificates)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                transfer.continuation = continuation
                if let refusal = enqueue(transfer) { transfer.finish(.failure(refusal)) }
            }
        } onCancel: {
            transfer.cancel()
            curl_multi_wakeup(multi.pointer)
        }
    }

    /// Refuses new requests, and ends those under way with `OutboundError.closed`.
    package func close() {
        state.withLock { $0.isClosed = true }
        curl_multi_wakeup(multi.pointer)
    }

    private func enqueue(_ transfer: Transfer) -> OutboundError? {
        let (refusal, mustStart) = state.withLock { state -> (OutboundError?, Bool) in
            if state.isClosed { return (.closed, false) }
            guard state.count < exchangesMax else { return (.busy(limit: exchangesMax), false) }
            state.count += 1
            state.waiting.append(transfer)
            let mustStart = !state.isRunning
            state.isRunning = true
            return (nil, mustStart)
        }
        if mustStart { queue.async { self.run() } } else { curl_multi_wakeup(multi.pointer) }
        return refusal
    }

    // MARK: The loop

    /// Carries out what is there and returns when nothing is left.
    private func run() {
        var active: [UnsafeMutableRawPointer: Transfer] = [:]
        while let (fresh, isClosed) = takeFresh(active.count) {
            for transfer in fresh {
                active[transfer.handle] = transfer
                curl_multi_add_handle(multi.pointer, transfer.handle)
            }
            var running: Int32 = 0
            curl_multi_perform(multi.pointer, &running)
            var code = CURLE_OK
            while let handle = ccurl_next_done(multi.pointer, &code) {
                if let transfer = active[handle] { end(transfer, transfer.outcome(code), &active) }
            }
            for transfer in active.values where isClosed || transfer.isCancelled {
                end(transfer, .failure(isClosed ? OutboundError.closed : CancellationError()), &active)
            }
            guard !active.isEmpty else { continue }
            curl_multi_poll(multi.pointer, nil, 0, Self.pollMilliseconds, nil)
        }
    }

    /// What came since the last look; nil when there is nothing to do any more.
    private func takeFresh(_ active: Int) -> (fresh: [Transfer], isClosed: Bool)? {
        state.withLock { state in
            if state.waiting.isEmpty, active == 0 {
                state.isRunning = false
                return nil
            }
            defer { state.waiting.removeAll() }
            return (state.waiting, state.isClosed)
        }
    }

    private func end(
        _ transfer: Transfer, _ result: Result<OutboundAnswer, any Error>,
        _ active: inout [UnsafeMutableRawPointer: Transfer]
    ) {
        curl_multi_remove_handle(multi.pointer, transfer.handle)
        active[transfer.handle] = nil
        state.withLock { $0.count -= 1 }
        transfer.finish(result)
    }
}

/// libcurl's set of exchanges and kept connections, freed with the client.
///
/// Unchecked Sendable because it is a plain pointer: one loop at a time works with it, and `curl_multi_wakeup` is the one
/// function that may be called beside it.
private final class MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
    deinit { curl_multi_cleanup(pointer) }
}
