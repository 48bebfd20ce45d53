// A worker against a server that answers as the test says: overload, lost answers, late verdicts, refusals, stops.
import Domain
import Foundation
import Outbound
import Service
import StrictJSON
import Synchronization
import TestSupport
import Testing
import Verification

@testable import RemoteScoring

/// A server with a queue of math work that records verdicts by attempt, as the ledger does.
private final class QueueServer: Sendable {
    struct State {
        var waiting: [String]
        var held: [String: Int] = [:]
        var verdicts: [String: [String]] = [:]
        var released: [String] = []
        var heartbeats = 0
        /// Answers for the next posts of verdicts, before they are carried out (true) or instead (false).
        var faults: [(reply: ScriptedServer.Reply, isCarriedOut: Bool)] = []
        var leases = 0
    }

    let state: Mutex<State>

    init(_ ids: [String]) { state = Mutex(State(waiting: ids)) }

    func answer(_ request: ScriptedRequest) -> ScriptedServer.Reply {
        let json = (try? JSONValue.parse(request.body)) ?? .null
        if request.path == "/v1/leases" { return lease(json) }
        if request.path.hasSuffix("/heartbeat") {
            state.withLock { $0.heartbeats += 1 }
            return .status(200, body: #"{"lease_id":"l","expires_at":"x","attempt":1}"#)
        }
        if request.path.hasSuffix("/release") {
            state.withLock { state in
                state.released += state.held.keys.sorted()
                state.held = [:]
            }
            return .status(200, body: "{}")
        }
        return verdicts(json)
    }

    private func lease(_ json: JSONValue) -> ScriptedServer.Reply {
        let taken = state.withLock { state -> [String] in
            let taken = Array(state.waiting.prefix(Int(json["max"]?.integer ?? 1)))
            state.waiting.removeFirst(taken.count)
            for id in taken { state.held[id] = 1 }
            if !taken.isEmpty { state.leases += 1 }
            return taken
        }
        guard !taken.isEmpty else {
            usleep(20_000)
            return .status(204)
        }
        let work = taken.map {
            #"{"rollout_id":"\#($0)","attempt":1,"response":"\\boxed{4}","task":{"type":"math","answer":"4"},"new":1}"#
        }
        return .status(200, body: #"{"lease_id":"l/1","later":true,"rollouts":["# + work.joined(separator: ",") + "]}")
    }

    private func verdicts(_ json: JSONValue) -> ScriptedServer.Reply {
        state.withLock { state in
            let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
            if let fault, !fault.isCarriedOut { return fault.reply }
            let entries = (json["verdicts"]?.elements ?? []).map { item -> String in
                let id = item["rollout_id"]?.string ?? ""
                guard state.held.removeValue(forKey: id) != nil else {
                    return #"{"error":{"code":"stale_lease","message":"has its verdict already"}}"#
                }
                state.verdicts[id, default: []].append(item["verdict"]?["verdict"]?.string ?? "")
                return #"{"rollout_id":"\#(id)","status":"scored"}"#
            }
            return fault?.reply ?? .status(200, body: #"{"verdicts":["# + entries.joined(separator: ",") + "]}")
        }
    }
}

@Suite(.serialized) struct ScoreWorkerTests {
    private let ids = (0..<12).map { "r\($0)" }

    /// Runs a worker until the condition holds, then stops it; returns its tally and events.
    private func run(
        _ server: ScriptedServer, leaseSeconds: Double = 30, until condition: @escaping @Sendable () -> Bool
    ) async throws -> (ScoreWorkerTally, [ScoreWorkerEvent]) {
        let events = Mutex<[ScoreWorkerEvent]>([])
        let worker = ScoreWorker(
            server: ScoringServer(client: try OutboundClient(), url: "http://127.0.0.1:\(server.port)/", key: "k"),
            judge: Judge(math: MathVerifier(), code: nil, codeConcurrency: 1),
            settings: ScoreWorkerSettings(
                worker: "w", batch: 5, slots: 1, leaseSeconds: leaseSeconds, finishSeconds: 5),
            jitter: { 0 }, events: { event in events.withLock { $0.append(event) } })
        let running = Task { try await worker.run() }
        for _ in 0..<400 where !condition() { try await Task.sleep(for: .milliseconds(20)) }
        worker.stop()
        try await running.value
        return (worker.tally, events.withLock { $0 })
    }

    @Test(.timeLimit(.minutes(1)))
    func `everything queued is judged and delivered once, under the worker's key and name`() async throws {
        let queue = QueueServer(ids)
        let server = try ScriptedServer(queue.answer)
        defer { server.close() }
        let (tally, _) = try await run(server) { queue.state.withLock { $0.verdicts.count == 12 } }
        #expect(queue.state.withLock { $0.verdicts } == Dictionary(uniqueKeysWithValues: ids.map { ($0, ["passed"]) }))
        #expect(tally.delivered == 12 && tally.dropped == 0 && tally.released == 0)
        let first = try #require(server.received.first)
        #expect(first.headers["authorization"] == "Bearer k")
        #expect((try? JSONValue.parse(first.body))?["worker"] == .string("w"))
        #expect(server.received.contains { $0.path == "/v1/leases/l%2F1/verdicts" })
    }

    @Test(.timeLimit(.minutes(1)))
    func `overload, a lost answer and a dropped connection cost time, and no verdict is lost or counted twice`()
        async throws
    {
        let queue = QueueServer(ids)
        let server = try ScriptedServer(queue.answer)
        defer { server.close() }
        let overload = #"{"error":{"code":"overloaded","message":"full"}}"#
        queue.state.withLock {
            $0.faults = [
                (.status(503, headers: ["retry-after": "1"], body: overload), false), (.raw(""), false),
                (.status(429, headers: ["retry-after": "0"], body: overload), false), (.raw(""), true),
            ]
        }
        let clock = ContinuousClock()
        let start = clock.now
        let (tally, events) = try await run(server) {
            queue.state.withLock { $0.verdicts.count == 12 && $0.faults.isEmpty }
        }
        #expect(clock.now - start > .seconds(1), "Retry-After was not kept")
        #expect(queue.state.withLock { $0.verdicts.values.allSatisfy { $0.count == 1 } && $0.verdicts.count == 12 })
        // The verdicts whose answer was lost came again and were refused by their attempt.
        #expect(tally.delivered + tally.dropped == 12)
        #expect(tally.dropped > 0)
        #expect(events.contains { if case .waiting("503: full", _) = $0 { true } else { false } })
        #expect(events.contains { if case .dropped(_, "has its verdict already") = $0 { true } else { false } })
    }

    @Test(.timeLimit(.minutes(1)))
    func `verdicts that nobody takes are dropped aloud when the lease has run out, not kept for ever`() async throws {
        let queue = QueueServer(["r0"])
        let server = try ScriptedServer { request in
            request.path.hasSuffix("/verdicts") || request.path.hasSuffix("/heartbeat")
                ? .status(503, body: #"{"error":{"message":"away"}}"#) : queue.answer(request)
        }
        defer { server.close() }
        let clock = ContinuousClock()
        let start = clock.now
        let dropped = Mutex(false)
        let (tally, events) = try await run(server, leaseSeconds: 2) {
            dropped.withLock { $0 = $0 || clock.now - start > .seconds(4) }
            return dropped.withLock { $0 }
        }
        #expect(tally.dropped == 1 && tally.delivered == 0)
        #expect(
            events.contains {
                if case .dropped(1, let reason) = $0 { reason.contains("the lease ran out") } else { false }
            })
    }

    @Test(.timeLimit(.minutes(1)))
    func `a refused key ends the worker with what to do, and work already taken is given back or delivered`()
        async throws
    {
        let server = try ScriptedServer { _ in .status(401, body: #"{"error":{"message":"the API key is not known"}}"#)
        }
        defer { server.close() }
        await #expect(throws: ServerFault.denied("401: the API key is not known")) {
            _ = try await run(server) { false }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is no rolloutd is left alone, and a lease that cannot be read is given back`() async throws {
        let other = try ScriptedServer { _ in .status(200, body: "<html>") }
        defer { other.close() }
        await #expect(throws: ServerFault.self) { _ = try await run(other) { false } }

        let leases = Mutex(0)
        let strange = try ScriptedServer { request in
            if request.path == "/v1/leases" {
                return leases.withLock { count in
                    count += 1
                    return count <= 2
                        ? .status(204)
                        : .status(
                            200, body: #"{"lease_id":"l9","rollouts":[{"rollout_id":"r","task":{"type":"poem"}}]}"#)
                }
            }
            return .status(200, body: "{}")
        }
        defer { strange.close() }
        let (_, events) = try await run(strange) { strange.received.contains { $0.path == "/v1/leases/l9/release" } }
        #expect(strange.received.contains { $0.path == "/v1/leases/l9/release" })
        #expect(
            events.contains { if case .waiting(let why, _) = $0 { why.contains("another version") } else { false } })
    }

    @Test func `waiting doubles up to its bound, keeps to what the server asks, and is forgotten after a success`() {
        var backoff = Backoff()
        let waits = (0..<8).map { _ in backoff.next(retryAfter: nil, jitter: 1) }
        #expect(waits == [0.5, 1, 2, 4, 8, 16, 30, 30])
        #expect(backoff.next(retryAfter: nil, jitter: 0) == 15)
        #expect(backoff.next(retryAfter: 7, jitter: 0) == 7)
        #expect(backoff.next(retryAfter: 1e9, jitter: 0) == 3_600)
        backoff.reset()
        #expect(backoff.next(retryAfter: nil, jitter: 1) == 0.5)
    }

    @Test func `a stranger's text cannot write to the terminal`() {
        #expect(shown("a\u{1B}[2Jb\r\nc") == "a [2Jb  c")
        #expect(shown(String(repeating: "x", count: 10_000)).count == 300)
    }
}
