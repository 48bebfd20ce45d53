// From a row of logits to a token. The order of processing is that of the Hugging Face generator: repetition penalty,
// temperature, top-k, top-p, min-p. The vocabulary is never sorted: candidates above a falling threshold are.
import CKernels
import Glibc

/// A token and its log-probability.
package struct TokenLogprob: Sendable, Equatable {
    package var token: Int32
    package var logprob: Float

    package init(token: Int32, logprob: Float) {
        self.token = token
        self.logprob = logprob
    }
}

/// Chooses tokens for one request.
struct TokenChoice {
    /// What was chosen.
    struct Outcome {
        var token: Int32
        /// Under the model itself: temperature 1, nothing penalised or cut.
        var logprob: Float
        /// Under the distribution that was drawn from; the greedy choice counts as drawn at temperature 1.
        var processedLogprob: Float
    }

    /// Below this a temperature is 0: its inverse would overflow.
    private static let leastTemperature: Float = 1e-6
    /// How far the threshold falls when there are too few candidates above it.
    private static let thresholdStep: Float = 1 / 256

    private let temperature: Float
    private let topP: Float
    private let topK: Int
    private let minP: Float
    private let penalty: Float
    private let topCount: Int

    init(_ request: SamplingRequest) {
        temperature = request.temperature < Self.leastTemperature ? 0 : request.temperature
        topP = request.topP
        topK = request.topK
        minP = request.minP
        penalty = request.repetitionPenalty
        topCount = request.topLogprobs
    }

    /// Numbers of scratch memory that `choose` takes for a vocabulary.
    static func scratchCount(_ vocabulary: Int) -> Int { 3 * vocabulary + 16 }

    /// The next token for a uniform number in 0 ..< 1.
    ///
    /// `logits` `[V]` are changed on the way and as they were at the end; `seen` are the tokens so far, for the penalty;
    /// `scratch` is `scratchCount(V)` numbers. The `topCount` likeliest tokens that were left to draw from are appended
    /// to `top`, the likeliest first.
    func choose(
        _ logits: UnsafeMutablePointer<Float>, vocabulary: Int, uniform: Double, seen: inout SeenTokens,
        scratch: UnsafeMutablePointer<Float>, top: inout [TokenLogprob]
    ) -> Outcome {
        let row = Row(logits, vocabulary, scratch)
        let isPenalized = penalty != 1
        let isPlain = !isPenalized && (temperature == 1 || temperature == 0)
        let scale = temperature == 0 ? 1 : 1 / temperature
        var modelLogSumExp: Float = 0
        if !isPlain { ck_log_softmax_stats(nil, nil, &modelLogSumExp, logits, nil, 1, vocabulary, vocabulary, 1) }
        if isPenalized { seen.penalize(logits, by: penalty) }
        // A greedy choice that nobody wants the neighbours of needs no probabilities.
        let logSumExp = row.normalize(scale, probabilities: temperature > 0 || topCount > 0)
        if isPlain { modelLogSumExp = logSumExp }
        let kept = temperature == 0 ? Kept.all : cut(row)
        let token = temperature == 0 ? row.greatest() : draw(row, kept, uniform)
        let outcome = row.logprob(token, scale, logSumExp, kept)
        record(row, kept, &top) { row.logprob($0, scale, logSumExp, kept) }
        if isPenalized { seen.restore(logits) }
        return Outcome(
            token: Int32(token), logprob: logits[token] - modelLogSumExp, processedLogprob: outcome)
    }

    /// What is left after top-k, top-p and min-p: the first `count` candidates, or the whole row.
    struct Kept {
        static let all = Kept(count: 0, isSorted: false, mass: 1)

        var count: Int
        var isSorted: Bool
        /// Their probability before it is normalised again.
        var mass: Double

        var isAll: Bool { count == 0 }
    }

    /// Puts the candidates that top-k, top-p and min-p leave into the row's scratch memory.
    private func cut(_ row: Row) -> Kept {
        let takesMost = topK > 0 && topK < row.count
        guard takesMost || topP < 1 || minP > 0 else { return .all }
        let greatest = ck_max(row.probabilities, row.count)
        let floor = minP * greatest
        guard takesMost || topP < 1 else {
            let (count, mass) = row.gather(atLeast: floor)
            return count > 0 ? Kept(count: count, isSorted: false, mass: mass) : .all
        }
        let most = takesMost ? topK : row.count
        let wanted = Double(topP) * (takesMost ? 1 : ck_sum(row.probabilities, row.count))
        var threshold = greatest * Self.thresholdStep
        var (found, mass) = row.gather(atLeast: threshold)
        while threshold > 0, takesMost ? found < most : mass < wanted {
            threshold = threshold < 1e-30 ? 0 : threshold * Self.thresholdStep
            (found, mass) = row.gather(atLeast: threshold)
        }
        var count = ck_greatest_first(row.candidates, found, most, takesMost ? .infinity : wanted)
        if takesMost, topP < 1 { count = row.prefix(count, mass: Double(topP) * row.mass(count)) }
        while count > 1, row.candidates[count - 1].value < floor { count -= 1 }
        return count > 0 ? Kept(count: count, isSorted: true, mass: row.mass(count)) : .all
    }

    /// Inverts the cumulative distribution, in the order of ids or of the sorted candidates.
    private func draw(_ row: Row, _ kept: Kept, _ uniform: Double) -> Int {
        guard !kept.isAll else { return ck_draw(row.probabilities, row.count, uniform) }
        return Int(row.candidates[row.prefix(kept.count, above: uniform * kept.mass) - 1].index)
    }

    /// Appends the likeliest tokens; the candidates are in another order afterwards.
    private func record(_ row: Row, _ kept: Kept, _ top: inout [TokenLogprob], _ logprob: (Int) -> Float) {
        guard topCount > 0 else { return }
        var count = kept.count
        if kept.isAll {
            var threshold = ck_max(row.probabilities, row.count) * Self.thresholdStep
            count = row.gather(atLeast: threshold).count
            while threshold > 0, count < min(topCount, row.count) {
                threshold = threshold < 1e-30 ? 0 : threshold * Self.thresholdStep
                count = row.gather(atLeast: threshold).count
            }
        }
        if !kept.isSorted { count = ck_greatest_first(row.candidates, count, topCount, .infinity) }
        for place in 0..<min(count, topCount) {
            let token = Int(row.candidates[place].index)
            top.append(TokenLogprob(token: Int32(token), logprob: logprob(token)))
        }
    }
}

extension TokenChoice {
    /// A row of logits, its probabilities, and room for candidates.
    private struct Row {
        let logits: UnsafeMutablePointer<Float>  // [V]
        let probabilities: UnsafeMutablePointer<Float>  // [V]
        let candidates: UnsafeMutablePointer<ck_candidate>  // [V]
        let count: Int

        init(_ logits: UnsafeMutablePointer<Float>, _ count: Int, _ scratch: UnsafeMutablePointer<Float>) {
            self.logits = logits
            self.count = count
            probabilities = scratch
            let rest = UnsafeMutableRawPointer(scratch + (count + 15) / 16 * 16)
            candidates = rest.bindMemory(to: ck_candidate.self, capacity: count)
        }

        /// Fills `probabilities` if they are wanted; returns the log-sum-exp of the scaled logits.
        func normalize(_ scale: Float, probabilities isWanted: Bool) -> Float {
            guard isWanted else {
                var logSumExp: Float = 0
                ck_log_softmax_stats(nil, nil, &logSumExp, logits, nil, 1, count, count, scale)
                return logSumExp
            }
            let logSumExp = ck_log_softmax_row(probabilities, logits, count, scale)
            ck_exp(probabilities, probabilities, count)
            return logSumExp
        }

        /// ln p of a token among those kept; with nothing cut, the bits of the learner's log-probability.
        func logprob(_ token: Int, _ scale: Float, _ logSumExp: Float, _ kept: Kept) -> Float {
            let whole = scale * logits[token] - logSumExp
            return kept.isAll ? whole : Float(Double(whole) - log(kept.mass))
        }

        func gather(atLeast threshold: Float) -> (count: Int, mass: Double) {
            var mass = 0.0
            let found = ck_gather(candidates, &mass, probabilities, count, threshold)
            return (found, mass)
        }

        func mass(_ kept: Int) -> Double {
            var sum = 0.0
            for place in 0..<kept { sum += Double(candidates[place].value) }
            return sum
        }

        /// The fewest of the first `kept` candidates whose sum reaches `mass`.
        func prefix(_ kept: Int, mass: Double) -> Int {
            var sum = 0.0
            for place in 0..<kept {
                sum += Double(candidates[place].value)
                if sum >= mass { return place + 1 }
            }
            return kept
        }

        /// The fewest of the first `kept` candidates whose sum passes `threshold`, the last of them not impossible.
        func prefix(_ kept: Int, above threshold: Double) -> Int {
            var sum = 0.0
            var last = 1
            for place in 0..<kept where candidates[place].value > 0 {
                sum += Double(candidates[place].value)
                last = place + 1
                if sum > threshold { break }
            }
            return last
        }

        /// The token with the greatest logit, of equal ones the lowest.
        func greatest() -> Int {
            let most = ck_max(logits, count)
            var index = 0
            while index < count - 1, logits[index] != most { index += 1 }
            return index
        }
    }
}
