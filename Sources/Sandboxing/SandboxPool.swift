// The pool: slots that judge programs, and the queue before them. The only way into a jail. Knows no tests' answers.
import CSandbox
import Dispatch
import Glibc
import Synchronization

/// Jails kept warm, with a bounded queue before them.
///
/// Each slot has a queue (a thread while it works) of its own, so that waiting never holds the cooperative pool. Jails
/// end with `shutdown()`, and with this process however it dies: the kernel closes their lifelines.
package final class SandboxPool: Sendable {
    fileprivate struct Waiter: Sendable {
        let job: SandboxJob
        let goOn: (@Sendable (Int, SandboxCase) -> Bool)?
        /// When it came and when it stops waiting, in monotonic milliseconds.
        let arrival: Int64
        let deadline: Int64
        /// Names it among those that wait, when it is to be told at its deadline and not at its turn.
        let number: Int?
        /// Takes the report and the milliseconds that it waited.
        let answer: @Sendable (SandboxReport, Int64) -> Void
    }

    fileprivate struct State {
        var waiting: [Waiter] = []
        /// First of `waiting` that is not yet taken; the array is compacted now and then.
        var next = 0
        var idle: [Int] = []
        var running = 0
        var closed = false
        var rebuilt = 0
        var completed = 0
        /// The number of the last waiter that has one.
        var lastNumber = 0
    }

    /// What the pool has done so far, for the status page.
    package struct Statistics: Sendable, Equatable {
        package var waiting: Int
        package var running: Int
        package var completed: Int
        /// Jails thrown away after something odd.
        package var rebuilt: Int
    }

    /// How strong the jails are.
    package let tier: SandboxTier
    /// Why the tier is what it is, in a sentence.
    package let tierReason: String
    /// The interpreter's version, as `3.11.2`; empty in tier E.
    package let interpreterVersion: String
    package let configuration: SandboxConfiguration
    let landlockABI: Int
    private let state: Mutex<State>
    private let queues: [DispatchQueue]
    private let slots: [SlotBox]
    private let workshop: Workshop
    private let expiry = DispatchQueue(label: "sandbox.expiry")

    private init(
        tier: SandboxTier, reason: String, landlockABI: Int, version: String, configuration: SandboxConfiguration
    ) {
        self.tier = tier
        tierReason = reason
        self.landlockABI = landlockABI
        interpreterVersion = version
        self.configuration = configuration
        let count = tier == .unavailable ? 0 : configuration.slots
        state = Mutex(State(idle: Array(0..<count)))
        queues = (0..<count).map { DispatchQueue(label: "sandbox.slot.\($0)") }
        let workshop = Workshop(tier: tier, landlockABI: landlockABI, configuration: configuration)
        self.workshop = workshop
        slots = (0..<count).map { SlotBox(number: $0, workshop: workshop) }
        // In the background, so that neither the start nor the first job waits for them.
        for (queue, slot) in zip(queues, slots) { queue.async { slot.warm() } }
    }

    /// Probes the machine, clears what a killed server left, proves the best jail on itself and returns the pool.
    /// Never fails: where nothing safe can be had, the pool's tier is `unavailable` and every job is undecided.
    package static func start(_ configuration: SandboxConfiguration) async -> SandboxPool {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "sandbox.start").async { continuation.resume(returning: startBlocking(configuration)) }
        }
    }

    private static func startBlocking(_ configuration: SandboxConfiguration) -> SandboxPool {
        var features = csandbox_features()
        csandbox_probe(configuration.launcher, &features)
        ControlGroupTree().reapStale()
        CompilerHeaders.reapStale()
        var reasons: [String] = []
        let strongest = configuration.strongestTier ?? .full
        for tier in candidates(features) where tier >= strongest {
            switch proveJail(tier: tier, landlockABI: Int(features.landlock_abi), configuration: configuration) {
            case .success(let version):
                let reason = reasons.isEmpty ? tier.summary : reasons.joined(separator: "; ")
                return SandboxPool(
                    tier: tier, reason: reason, landlockABI: Int(features.landlock_abi), version: version,
                    configuration: configuration)
            case .failure(let failure): reasons.append("tier \(tier.rawValue): \(failure.message)")
            }
        }
        let reason = reasons.isEmpty ? SandboxTier.unavailable.summary : reasons.joined(separator: "; ")
        return SandboxPool(
            tier: .unavailable, reason: reason, landlockABI: 0, version: "", configuration: configuration)
    }

    /// The tiers that the machine's features allow, best first.
    private static func candidates(_ features: csandbox_features) -> [SandboxTier] {
        guard features.linux_kernel != 0 else { return [] }
        var tiers: [SandboxTier] = []
        if features.user_namespaces != 0 {
            // Without root only where a subtree was handed to this user.
            if ControlGroups.canBeMade() { tiers.append(.full) }
            tiers.append(.namespaces)
        }
        if features.root != 0 && features.landlock_abi >= 1 { tiers.append(.container) }
        // Beside the server's own processes, only scoped signals (ABI 6) keep a program to itself.
        if features.root == 0 && features.landlock_abi >= 6 { tiers.append(.landlock) }
        return tiers
    }

    /// What the pool has done so far.
    package var statistics: Statistics {
        state.withLock { state in
            Statistics(
                waiting: state.waiting.count - state.next, running: state.running, completed: state.completed,
                rebuilt: state.rebuilt)
        }
    }

    /// Runs one job in a jail of its own. With `goOn`, it is asked after each test whether the next one shall run.
    /// Never throws: what could not be done is `.undecided`. `reading` turns the report, and the milliseconds that the
    /// job waited for a slot, into a value; it and `goOn` run on the slot's queue, so that comparing large outputs does
    /// not hold the cooperative pool either. With `queueSeconds`, less than the pool's own bound, a job that has found no
    /// slot by then is undecided (`queueTimeout`) at that moment.
    package func run<Value: Sendable>(
        _ job: SandboxJob, goOn: (@Sendable (Int, SandboxCase) -> Bool)? = nil, queueSeconds: Double? = nil,
        reading: @escaping @Sendable (SandboxReport, Int64) -> Value
    ) async -> Value {
        guard tier != .unavailable else { return reading(.undecided(.unavailable, tierReason), 0) }
        guard job.memoryMegabytes <= configuration.memoryMegabytesMax else {
            return reading(.undecided(.unavailable, "the job asks for more memory than the sandbox may give"), 0)
        }
        return await withCheckedContinuation { continuation in
            let arrival = monotonicMilliseconds()
            let patience = min(max(0, queueSeconds ?? .infinity), configuration.queueSecondsMax)
            let number = queueSeconds.map { _ in
                state.withLock { state in
                    state.lastNumber += 1
                    return state.lastNumber
                }
            }
            let waiter = Waiter(
                job: job, goOn: goOn, arrival: arrival, deadline: arrival + Int64(patience * 1000), number: number
            ) { continuation.resume(returning: reading($0, $1)) }
            enqueue(waiter)
        }
    }

    /// As above; the report itself.
    package func run(_ job: SandboxJob) async -> SandboxReport { await run(job) { report, _ in report } }

    /// Ends all jails and answers every waiting job with `.undecided(.interrupted)`. Returns when nothing is left.
    package func shutdown() async {
        let waiting = state.withLock { state in
            state.closed = true
            defer { state.waiting = [] }
            defer { state.next = 0 }
            return Array(state.waiting[state.next...])
        }
        let now = monotonicMilliseconds()
        for waiter in waiting {
            waiter.answer(.undecided(.interrupted, "the sandbox was shut down"), now - waiter.arrival)
        }
        workshop.headers.remove()
        interruptSlots()
        for (queue, slot) in zip(queues, slots) {
            await withCheckedContinuation { continuation in
                queue.async {
                    slot.discard()
                    continuation.resume()
                }
            }
        }
        await workshop.headers.settle()
    }

    /// Ends every jail under its running job; used to end quickly, and by tests to lose a slot.
    func interruptSlots() {
        for slot in slots { slot.interrupt() }
    }

    private func enqueue(_ waiter: Waiter) {
        enum Decision { case start(Int), wait, refuse(SandboxReport) }
        let decision: Decision = state.withLock { state in
            if state.closed { return .refuse(.undecided(.interrupted, "the sandbox was shut down")) }
            if let slot = state.idle.popLast() {
                state.running += 1
                return .start(slot)
            }
            guard state.waiting.count - state.next < configuration.queueMax else {
                return .refuse(.undecided(.queueTimeout, "too many programs wait for the sandbox"))
            }
            state.waiting.append(waiter)
            return .wait
        }
        switch decision {
        case .start(let slot): queues[slot].async { self.work(slot: slot, first: waiter) }
        case .wait: expireLater(waiter)
        case .refuse(let report): waiter.answer(report, 0)
        }
    }

    /// Answers a waiter that has a number at its deadline, if it waits then.
    private func expireLater(_ waiter: Waiter) {
        guard let number = waiter.number else { return }
        let rest = max(0, waiter.deadline - monotonicMilliseconds())
        expiry.asyncAfter(deadline: .now() + .milliseconds(Int(rest))) { [self] in
            let late = state.withLock { state -> Waiter? in
                guard let place = state.waiting[state.next...].firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.waiting.remove(at: place)
            }
            guard let late else { return }
            late.answer(
                .undecided(.queueTimeout, "no slot of the sandbox became free in time"),
                monotonicMilliseconds() - late.arrival)
        }
    }

    private func work(slot: Int, first: Waiter) {
        var current: Waiter? = first
        while let waiter = current {
            let waited = monotonicMilliseconds() - waiter.arrival
            let report = judge(waiter, on: slots[slot])
            current = state.withLock { state in
                state.completed += 1
                if let next = state.takeNext() { return next }
                state.running -= 1
                if !state.closed { state.idle.append(slot) }
                return nil
            }
            waiter.answer(report, waited)
        }
    }

    private func judge(_ waiter: Waiter, on slot: SlotBox) -> SandboxReport {
        guard monotonicMilliseconds() < waiter.deadline else {
            return .undecided(.queueTimeout, "no slot of the sandbox became free in time")
        }
        do {
            return try slot.run(waiter.job, goOn: waiter.goOn)
        } catch {
            slot.discard()
            let closed = state.withLock { state in
                state.rebuilt += 1
                return state.closed
            }
            if let report = error.report { return report }
            return closed
                ? .undecided(.interrupted, "the sandbox was shut down") : .undecided(error.obstacle, error.message)
        }
    }
}

extension SandboxPool.State {
    fileprivate mutating func takeNext() -> SandboxPool.Waiter? {
        guard next < waiting.count else {
            waiting.removeAll(keepingCapacity: true)
            next = 0
            return nil
        }
        defer { next += 1 }
        if next > 1_024 && next * 2 > waiting.count {
            waiting.removeFirst(next)
            next = 0
        }
        return waiting[next]
    }
}
