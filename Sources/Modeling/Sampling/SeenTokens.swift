// Which tokens a sequence has had, for the repetition penalty (Keskar et al. 2019, CTRL): a set that costs nothing to
// ask, and the logits as they were before the penalty.

/// The distinct tokens of one sequence. Empty and without memory when the request has no penalty.
struct SeenTokens {
    private var words: [UInt64] = []
    private var tokens: [Int32] = []
    private var saved: [Float] = []

    /// A set that keeps nothing.
    init() {}

    /// The tokens of a prompt; room for `more` others, so that adding them takes no memory.
    init(_ prompt: some Collection<Int32>, more: Int, vocabulary: Int) {
        words = [UInt64](repeating: 0, count: (vocabulary + 63) / 64)
        let most = min(prompt.count + more, vocabulary)
        tokens.reserveCapacity(most)
        saved.reserveCapacity(most)
        for token in prompt { insert(token) }
    }

    /// Adds a token; does nothing in a set that keeps nothing.
    mutating func insert(_ token: Int32) {
        let word = Int(token) / 64
        guard word < words.count else { return }
        let bit = UInt64(1) << UInt64(token % 64)
        guard words[word] & bit == 0 else { return }
        words[word] |= bit
        tokens.append(token)
    }

    /// Divides the positive logits of all seen tokens by `penalty` and multiplies the negative ones.
    mutating func penalize(_ logits: UnsafeMutablePointer<Float>, by penalty: Float) {
        saved.removeAll(keepingCapacity: true)
        for index in tokens.indices {
            let token = Int(tokens[index])
            let logit = logits[token]
            saved.append(logit)
            logits[token] = logit < 0 ? logit * penalty : logit / penalty
        }
    }

    /// Undoes the last `penalize`.
    func restore(_ logits: UnsafeMutablePointer<Float>) {
        for index in tokens.indices where index < saved.count { logits[Int(tokens[index])] = saved[index] }
    }
}
