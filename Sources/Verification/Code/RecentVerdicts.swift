// Verdicts on programs that were judged a moment ago or are being judged now: the rollouts of a group are often the
// same program. Exact (whole keys are compared, not hashes) and bounded.
import Domain
import Synchronization

/// Remembers verdicts by everything that they depend on, at most `bytesMax` bytes of keys; the oldest go first.
final class RecentVerdicts: Sendable {
    fileprivate enum Entry {
        case running([CheckedContinuation<Verdict?, Never>])
        case done(Verdict)
    }

    fileprivate struct State {
        var entries: [[UInt8]: Entry] = [:]
        /// Keys of `.done` entries, oldest first, from `first` on.
        var order: [[UInt8]] = []
        var first = 0
        var bytes = 0
    }

    private enum Finding {
        case known(Verdict)
        case mine
        case others
    }

    private let bytesMax: Int
    private let state = Mutex(State())
    /// No key takes more than this part of all; most tasks, with all their tests, have less than a megabyte.
    private static let keyShare = 8
    /// What an entry costs beside its key: the verdict's own strings.
    private static let entryOverhead = 8_192

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// The verdict for `key`: remembered, or a running one's, or what `judge` gives.
    ///
    /// Who waits for a running one and gets no verdict (it was undetermined) judges anew, one of those who wait for
    /// all of them. `judge` runs to its end whatever becomes of the task that asked first, or of those that wait.
    func verdict(for key: [UInt8], judge: () async -> Verdict) async -> Verdict {
        guard key.count <= bytesMax / Self.keyShare else { return await judge() }
        while true {
            switch find(key) {
            case .known(let verdict): return marked(verdict)
            case .mine:
                let verdict = await judge()
                finish(key, verdict)
                return verdict
            case .others:
                if let verdict = await wait(for: key) { return marked(verdict) }
            }
        }
    }

    private func find(_ key: [UInt8]) -> Finding {
        state.withLock { state in
            switch state.entries[key] {
            case .done(let verdict): return .known(verdict)
            case .running: return .others
            case nil:
                state.entries[key] = .running([])
                return .mine
            }
        }
    }

    private func wait(for key: [UInt8]) async -> Verdict? {
        await withCheckedContinuation { continuation in
            let now: Verdict?? = state.withLock { state in
                switch state.entries[key] {
                case .running(let others):
                    state.entries[key] = .running(others + [continuation])
                    return nil
                case .done(let verdict): return .some(verdict)
                case nil: return .some(nil)
                }
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    private func finish(_ key: [UInt8], _ verdict: Verdict) {
        let repeatable = isRepeatable(verdict)
        let waiting = state.withLock { state -> [CheckedContinuation<Verdict?, Never>] in
            guard case .running(let waiting) = state.entries[key] else { return [] }
            state.entries[key] = repeatable ? .done(verdict) : nil
            if repeatable {
                state.order.append(key)
                state.bytes += key.count + Self.entryOverhead
                state.shrink(to: bytesMax, overhead: Self.entryOverhead)
            }
            return waiting
        }
        // One run that is going on is everybody's; what happened on a busy machine is not for those who come later.
        let shared = verdict.outcome == .undetermined ? nil : verdict
        for continuation in waiting { continuation.resume(returning: shared) }
    }

    private func marked(_ verdict: Verdict) -> Verdict {
        var verdict = verdict
        verdict.sandbox?.isRemembered = true
        verdict.sandbox?.queueMilliseconds = 0
        verdict.steps.append("the same program was judged on the same tests a moment ago")
        return verdict
    }
}

extension RecentVerdicts.State {
    fileprivate mutating func shrink(to bytesMax: Int, overhead: Int) {
        while bytes > bytesMax && first < order.count {
            bytes -= order[first].count + overhead
            entries[order[first]] = nil
            first += 1
        }
        if first > 1_024 && first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}

/// Whether every run of the program would end in this verdict; time and memory may depend on the machine's load.
private func isRepeatable(_ verdict: Verdict) -> Bool {
    guard verdict.outcome != .undetermined, let tests = verdict.tests else { return false }
    return !tests.cases.contains { [.timeLimitExceeded, .memoryLimitExceeded].contains($0.outcome) }
}
