// Work that no worker has taken yet, and how much each has: requests are dealt so that workers are equally full.

/// Neighbouring requests of one call that share a prompt.
struct SamplingUnit: Sendable {
    let call: SamplingCall
    let requests: Range<Int>
}

/// The one queue of a sampler: calls that come first before all others, each kind in the order in which it came.
final class SamplerQueue: Sendable {
    /// Units in order; what was taken is let go in large pieces, so that taking one costs the same however many wait.
    private struct Line {
        private var units: [SamplingUnit] = []
        private var taken = 0

        var next: SamplingUnit? { taken < units.count ? units[taken] : nil }

        mutating func append(_ more: [SamplingUnit]) { units += more }

        mutating func removeNext() {
            taken += 1
            guard taken * 2 > units.count else { return }
            units.removeFirst(taken)
            taken = 0
        }
    }

    private struct State {
        var first = Line()
        var others = Line()
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
    private let bounds: Sampler.Bounds

    init(workers: Int, _ bounds: Sampler.Bounds) {
        self.bounds = bounds
        state = Condition(State(loads: Array(repeating: 0, count: workers)))
    }

    /// Sequences that wait or are at work.
    var sequences: Int { state.read { $0.waitingSequences + $0.loads.reduce(0, +) } }

    /// Appends units in order.
    func append(_ units: [SamplingUnit], first: Bool) {
        state.change { state in
            if first { state.first.append(units) } else { state.others.append(units) }
            for unit in units { state.waitingSequences += unit.requests.count }
        }
    }

    /// The next unit for a worker that has less than its share and a free place.
    func take(_ worker: Int) -> Answer { state.read { next(&$0, worker) } }

    /// The same for a worker without work: waits for it, but not longer than `seconds`.
    func wait(_ worker: Int, seconds: Double?) -> Answer {
        let answer: Answer? = state.wait(atMost: seconds) { state in
            let answer = next(&state, worker)
            if case .nothing = answer { return nil }
            return answer
        }
        return answer ?? .nothing
    }

    /// A worker has that many sequences less.
    func finished(_ worker: Int, _ count: Int) { state.read { $0.loads[worker] -= count } }

    /// Lets every worker end once it has nothing to do.
    func stop() { state.change { $0.isStopping = true } }

    private func next(_ state: inout State, _ worker: Int) -> Answer {
        guard state.waitingSequences > 0 else { return state.isStopping ? .stop : .nothing }
        let workers = state.loads.count
        let all = state.waitingSequences + state.loads.reduce(0, +)
        let share = (all + workers - 1) / workers
        let load = state.loads[worker]
        if let unit = state.first.next, load < min(share, bounds.sequences + bounds.placesForFirst) {
            state.first.removeNext()
            return taken(unit, &state, worker)
        }
        if let unit = state.others.next, load < min(share, bounds.sequences) {
            state.others.removeNext()
            return taken(unit, &state, worker)
        }
        return .nothing
    }

    private func taken(_ unit: SamplingUnit, _ state: inout State, _ worker: Int) -> Answer {
        state.waitingSequences -= unit.requests.count
        state.loads[worker] += unit.requests.count
        return .unit(unit)
    }
}
