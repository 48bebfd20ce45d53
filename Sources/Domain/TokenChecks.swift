// Whether arrays of token ids and log-probabilities hold what they may. Thousands of numbers a rollout, nearly always right: so
// all are looked at in one loop without a way out, which takes several a step, and the culprit is sought only when there is one.

extension [Int32] {
    /// Where the first value stands that is no token id, or nil.
    package var firstInvalidTokenID: Int? {
        let highest = UInt32(Limits.tokenIDMax)
        var faults: UInt32 = 0
        // A negative one is beyond the highest, read without its sign.
        for id in self { faults |= UInt32(bitPattern: id) > highest ? 1 : 0 }
        return faults == 0 ? nil : firstIndex { UInt32(bitPattern: $0) > highest }
    }
}

extension [Float] {
    /// Where the first value stands that is no log-probability, finite and at most 0; or nil.
    package var firstInvalidLogprob: Int? {
        let lowest = -Float.greatestFiniteMagnitude
        var faults: UInt32 = 0
        for value in self { faults |= (value <= 0 ? 0 : 1) | (value >= lowest ? 0 : 1) }
        return faults == 0 ? nil : firstIndex { !($0 <= 0 && $0.isFinite) }
    }
}
