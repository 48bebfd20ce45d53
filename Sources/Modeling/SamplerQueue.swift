// Work that no worker has taken yet, and how much each has: requests are dealt so that workers are equally full.

/// Neighbouring requests of one call that share a prompt.
struct SamplingUnit: Sendable {
    let call: SamplingCall
    let requests: Range<Int>
}

/// The one queue of a sampler.
final class SamplerQueue: Sendable {
    private struct State {
        var waiting: [SamplingUnit] = []
        /// The first unit of `waiting` that is still there.
        var first = 0
        var waitingSequences = 0
        /// Sequences that each worker has taken and not finished.
        var loads: [Int]
        var isStopping = false
    }

    /// What a worker that asked for work gets.
    enum Answer {
        case unit(SamplingUnit)
        /// Nothing for this worker now.
        case nothing
        /// Nothing, ever again.
        case stop
    }

    private let state: Condition<State>
    private let workers: Int

    init(workers: Int) {
        self.workers = workers
        state = Condition(State(loads: Array(repeating: 0, count: workers)))
    }

    /// Sequences that wait or are at work.
    var sequences: Int { state.read { $0.waitingSequences + $0.loads.reduce(0, +) } }

    /// Appends units in order.
    func append(_ units: [SamplingUnit]) {
        state.change { state in
            state.waiting += units
            for unit in units { state.waitingSequences += unit.requests.count }
        }
    }

    /// The next unit for a worker that has less than its share and fewer than `most` sequences.
    func take(_ worker: Int, most: Int) -> Answer { state.read { Self.next(&$0, worker, most) } }

    /// The same for a worker without work: waits for it, but not longer than `seconds`.
    func wait(_ worker: Int, most: Int, seconds: Double?) -> Answer {
        let answer: Answer? = state.wait(atMost: seconds) { state in
            if case .nothing = Self.next(&state, worker, most, peeking: true) { return nil }
            return Self.next(&state, worker, most)
        }
        return answer ?? .nothing
    }

    /// A worker has that many sequences less.
    func finished(_ worker: Int, _ count: Int) { state.read { $0.loads[worker] -= count } }

    /// Lets every worker end once it has nothing to do.
    func stop() { state.change { $0.isStopping = true } }

    private static func next(_ state: inout State, _ worker: Int, _ most: Int, peeking: Bool = false) -> Answer {
        guard state.first < state.waiting.count else { return state.isStopping ? .stop : .nothing }
        let workers = state.loads.count
        let all = state.waitingSequences + state.loads.reduce(0, +)
        let share = min((all + workers - 1) / workers, most)
        guard state.loads[worker] < share else { return .nothing }
        let unit = state.waiting[state.first]
        if peeking { return .unit(unit) }
        state.first += 1
        // What was taken is let go in large pieces, so that a unit costs the same however many wait.
        if state.first * 2 > state.waiting.count {
            state.waiting.removeFirst(state.first)
            state.first = 0
        }
        state.waitingSequences -= unit.requests.count
        state.loads[worker] += unit.requests.count
        return .unit(unit)
    }
}
