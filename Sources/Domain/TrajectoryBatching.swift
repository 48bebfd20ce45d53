// How groups of sequences become batches of an exact number of sequences: the rules of atroposlib 0.4.0 (api/utils.py), as
// functions of sizes alone. Golden vectors from that file hold them (Tests/Vectors/atropos).

/// A group of sequences as batching sees it.
package struct QueuedTrajectories: Sendable, Equatable {
    /// The ledger's number for it.
    package var seq: Int64
    /// The environment that sent it, when it said so.
    package var environment: Int64?
    /// How many sequences it has.
    package var sequences: Int
    package init(seq: Int64, environment: Int64?, sequences: Int) {
        self.seq = seq
        self.environment = environment
        self.sequences = sequences
    }
}

/// The share of each batch that an environment wants at least, 0 to 1.
package struct BatchMinimum: Sendable, Equatable {
    package var environment: Int64
    package var share: Double
    package init(environment: Int64, share: Double) {
        self.environment = environment
        self.share = share
    }
}

/// Indices of sizes that sum exactly to a target, in order; empty when none do.
///
/// First come, first served where that works out; otherwise some subset, by dynamic programming over `target + 1` sums.
package func indicesSumming(to target: Int, sizes: [Int]) -> [Int] {
    guard target >= 0 else { return [] }
    var sum = 0
    var indices: [Int] = []
    for (index, size) in sizes.enumerated() where sum + size <= target {
        indices.append(index)
        sum += size
        if sum == target { return indices }
    }
    // reachable[i][j]: the first i sizes have a subset with the sum j.
    var reachable = [[Bool](repeating: false, count: target + 1)]
    reachable[0][0] = true
    for (index, size) in sizes.enumerated() {
        var row = reachable[index]
        if size <= target {
            for sum in size...target where reachable[index][sum - size] { row[sum] = true }
        }
        reachable.append(row)
    }
    guard reachable[sizes.count][target] else { return [] }
    indices = []
    var left = target
    for index in sizes.indices.reversed() where left >= sizes[index] && reachable[index][left - sizes[index]] {
        indices.append(index)
        left -= sizes[index]
    }
    return indices.reversed()
}

/// Indices of the groups of the next batch of exactly `size` sequences, in their order in the batch; nil when the queue does not
/// hold one yet.
///
/// Groups smaller than the largest of the queue count only in packs that are together as large, as Atropos has it: its sizes
/// are powers of two.
package func exactBatch(of queue: [QueuedTrajectories], size: Int) -> [Int]? {
    guard size > 0, queue.reduce(0, { $0 + $1.sequences }) >= size else { return nil }
    let largest = queue.reduce(0) { max($0, $1.sequences) }
    var open: [Int: [Int]] = [:]
    var batch: [Int] = []
    var sum = 0
    for (index, group) in queue.enumerated() {
        open[group.sequences, default: []].append(index)
        guard let pack = open[group.sequences], pack.count * group.sequences == largest else { continue }
        for member in pack {
            batch.append(member)
            sum += queue[member].sequences
            if sum >= size { return sum == size ? batch : nil }
        }
        open[group.sequences] = nil
    }
    return nil
}

/// As `exactBatch`, where some environments want their share of each batch; groups without an environment are never taken then.
package func exactBatch(of queue: [QueuedTrajectories], size: Int, minimums: [BatchMinimum]) -> [Int]? {
    guard !minimums.isEmpty else { return exactBatch(of: queue, size: size) }
    let packs = EnvironmentPacks(queue)
    guard size > 0, let wanted = packs.wanted(of: minimums, size: size) else { return nil }
    var batch: [Int] = []
    var isTaken = Set<Int>()
    var sum = 0
    for minimum in wanted {
        var own = 0
        for index in packs.byEnvironment[minimum.environment] ?? [] {
            if own >= minimum.sequences { break }
            let sequences = queue[index].sequences
            guard sum + sequences <= size else { continue }
            batch.append(index)
            isTaken.insert(index)
            own += sequences
            sum += sequences
        }
    }
    for index in queue.indices where sum < size && packs.all.contains(index) && !isTaken.contains(index) {
        guard sum + queue[index].sequences <= size else { continue }
        batch.append(index)
        sum += queue[index].sequences
    }
    return sum == size ? batch : nil
}

/// The groups of a queue that are in whole packs, by environment.
private struct EnvironmentPacks {
    /// Indices into the queue, in the order in which packs became whole.
    private(set) var byEnvironment: [Int64: [Int]] = [:]
    /// All of those.
    private(set) var all = Set<Int>()
    private let queue: [QueuedTrajectories]

    init(_ queue: [QueuedTrajectories]) {
        struct Place: Hashable {
            var environment: Int64
            var sequences: Int
        }
        self.queue = queue
        let largest = queue.map(\.sequences).max() ?? 0
        var open: [Place: [Int]] = [:]
        for (index, group) in queue.enumerated() {
            guard let environment = group.environment else { continue }
            let place = Place(environment: environment, sequences: group.sequences)
            open[place, default: []].append(index)
            guard let pack = open[place], pack.count * group.sequences == largest else { continue }
            byEnvironment[environment, default: []] += pack
            all.formUnion(pack)
            open[place] = nil
        }
    }

    /// How many sequences each environment is to have at least, scaled down when they are more than a batch; nil when one of
    /// them has nothing to give.
    func wanted(of minimums: [BatchMinimum], size: Int) -> [(environment: Int64, sequences: Int)]? {
        var wanted: [(environment: Int64, sequences: Int)] = []
        for minimum in minimums {
            let sequences = Int(Double(size) * minimum.share)
            guard sequences > 0 else { continue }
            guard byEnvironment[minimum.environment]?.isEmpty == false else { return nil }
            wanted.append((minimum.environment, sequences))
        }
        let sum = wanted.reduce(0) { $0 + $1.sequences }
        guard sum > size else { return wanted }
        let scale = Double(size) / Double(sum)
        return wanted.map { minimum in
            let smallest = (byEnvironment[minimum.environment] ?? []).map { queue[$0].sequences }.min() ?? 0
            return (minimum.environment, max(smallest, Int(Double(minimum.sequences) * scale)))
        }
    }
}
