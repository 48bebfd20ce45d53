// From a row of logits to a token. The processing order is temperature, top-k, top-p, as in the Hugging Face generator.
import CKernels

/// Chooses tokens for one request.
struct TokenChoice {
    let temperature: Float
    let topP: Float
    let topK: Int

    init(_ request: SamplingRequest) {
        temperature = request.temperature
        topP = request.topP
        topK = request.topK
    }

    /// The next token for a uniform number in 0 ..< 1, and its log-probability under the unprocessed model.
    ///
    /// `logits` is `[V]`, `scratch` `[2, V]` and overwritten. Sampling inverts the cumulative distribution in the order
    /// of token ids, in double precision.
    func choose(
        _ logits: UnsafePointer<Float>, vocabulary: Int, uniform: Double, scratch: UnsafeMutablePointer<Float>
    ) -> (token: Int32, logprob: Float) {
        let logprobs = scratch
        _ = ck_log_softmax_row(logprobs, logits, vocabulary, 1)
        guard temperature > 0 else {
            let token = greatest(logprobs, vocabulary)
            return (Int32(token), logprobs[token])
        }
        let probabilities = scratch + vocabulary
        _ = ck_log_softmax_row(probabilities, logits, vocabulary, 1 / temperature)
        ck_exp(probabilities, probabilities, vocabulary)
        if topP < 1 || (topK > 0 && topK < vocabulary) { truncate(probabilities, vocabulary) }
        let token = draw(probabilities, vocabulary, uniform)
        return (Int32(token), logprobs[token])
    }

    private func greatest(_ row: UnsafePointer<Float>, _ count: Int) -> Int {
        let most = ck_max(row, count)
        var index = 0
        while index < count - 1, row[index] != most { index += 1 }
        return index
    }

    private func draw(_ probabilities: UnsafePointer<Float>, _ count: Int, _ uniform: Double) -> Int {
        var total = 0.0
        for index in 0..<count { total += Double(probabilities[index]) }
        let threshold = uniform * total
        var cumulative = 0.0
        var last = 0
        for index in 0..<count where probabilities[index] > 0 {
            cumulative += Double(probabilities[index])
            last = index
            if cumulative > threshold { break }
        }
        return last
    }

    /// Sets the probability of every token outside top-k and then top-p to zero; ties go to the lower id.
    private func truncate(_ probabilities: UnsafeMutablePointer<Float>, _ count: Int) {
        let order = (0..<count).sorted {
            probabilities[$0] == probabilities[$1] ? $0 < $1 : probabilities[$0] > probabilities[$1]
        }
        let candidates = topK > 0 ? min(topK, count) : count
        var total = 0.0
        for index in order.prefix(candidates) { total += Double(probabilities[index]) }
        var kept = 0
        var cumulative = 0.0
        while kept < candidates, kept == 0 || cumulative < Double(topP) * total {
            cumulative += Double(probabilities[order[kept]])
            kept += 1
        }
        for index in order.dropFirst(kept) { probabilities[index] = 0 }
    }
}
