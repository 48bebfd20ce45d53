// One sampling thread: takes work from the queue, runs steps, lets go of what ended. A step is in SamplingLane.swift.

/// The continuous batches of one thread.
final class SamplerWorker {
    /// An idle worker gives its memory back after this time.
    private static let idleSeconds = 2.0

    private let index: Int
    private let queue: SamplerQueue
    private let bounds: Sampler.Bounds
    /// One for each version of the weights that sequences are sampled from at the moment.
    private var lanes: [SamplingLane] = []
    /// The memory of the last lane that was opened.
    private var memory: SamplingMemory?

    init(_ index: Int, _ queue: SamplerQueue, _ bounds: Sampler.Bounds) {
        self.index = index
        self.queue = queue
        self.bounds = bounds
    }

    /// Works until the queue stops.
    func run() {
        while true {
            while case .unit(let unit) = queue.take(index) { admit(unit) }
            if !lanes.isEmpty {
                step()
                continue
            }
            switch queue.wait(index, seconds: memory == nil ? nil : Self.idleSeconds) {
            case .unit(let unit): admit(unit)
            case .nothing: memory = nil
            case .stop: return
            }
        }
    }

    /// Makes a unit's sequences and puts them behind those of the same weights.
    func admit(_ unit: SamplingUnit) {
        guard !unit.call.endsByCancelling() else { return queue.finished(index, unit.requests.count) }
        var weights = unit.call.weights
        var version = unit.call.options.version
        if let newest = unit.call.options.newest?(), newest.weights.hasForm(of: weights) {
            (version, weights) = newest
        }
        let lane = lane(for: weights)
        lane.append(
            unit.requests.map {
                let sequence = LiveSequence(unit.call, $0, lane.memory.pool)
                sequence.version = version
                return sequence
            })
    }

    /// One token for every live sequence of every lane.
    func step() {
        var ended = 0
        var haveMoved = false
        for index in lanes.indices {
            ended += lanes[index].dropEnded()
            let moving = lanes[index].takeOutdated()
            haveMoved = haveMoved || !moving.isEmpty
            for place in moving.indices { lane(for: moving[place].weights).append(moving[place].sequences) }
        }
        var places = bounds.sequences
        for index in lanes.indices { places -= lanes[index].live.count }
        for index in lanes.indices {
            let before = lanes[index].live.count
            let done = lanes[index].step(places: places, forFirst: places + bounds.placesForFirst)
            places -= lanes[index].live.count + done - before
            ended += done
        }
        guard ended > 0 || haveMoved else { return }
        queue.finished(index, ended)
        for lane in lanes { lane.deliver() }
        lanes.removeAll(where: \.isEmpty)
    }

    private func lane(for weights: ModelWeights) -> SamplingLane {
        if let lane = lanes.first(where: { $0.weights === weights }) { return lane }
        let lane = SamplingLane(weights, memory(for: weights), prefillTokens: bounds.prefillTokens)
        lanes.append(lane)
        return lane
    }

    private func memory(for weights: ModelWeights) -> SamplingMemory {
        if let lane = lanes.first(where: { $0.memory.fits(weights) }) { return lane.memory }
        if let memory, memory.fits(weights) { return memory }
        let made = SamplingMemory(weights.configuration, weights.precision, cacheBytes: bounds.cacheBytes)
        memory = made
        return made
    }
}
