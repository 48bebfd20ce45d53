// How the losses of tokens become one loss: a coefficient per sequence. Says nothing about what a token's loss is.

/// The normalisation of a mini-batch's token losses.
///
/// Every choice is a weighted sum in which all tokens of a sequence weigh the same, so it is one coefficient per sequence
/// and the gradient of micro-batches adds up to that of the whole mini-batch.
package enum Aggregation: String, Sendable, CaseIterable {
    /// The mean over all tokens of the mini-batch (Klear-Reasoner Eq. 11, DAPO).
    case tokenMean = "token-mean"
    /// The mean over the tokens of each micro-batch, averaged by sequences: what the released code computes under the
    /// name token-mean. Depends on the micro-batch size; for comparison only.
    case tokenMeanOfMicroBatches = "token-mean-micro"
    /// The mean over sequences of the mean over tokens (GRPO, GSPO).
    case sequenceMeanOfTokenMeans = "seq-mean-token-mean"
    /// The mean over sequences of the sum over tokens.
    case sequenceMeanOfTokenSums = "seq-mean-token-sum"
    /// The sum over all tokens divided by a constant (Dr.GRPO); see `coefficients`.
    case sumOverScale = "seq-mean-token-sum-norm"

    /// The factor of each token loss, by micro-batch and sequence.
    ///
    /// - Parameters:
    ///   - microBatches: The token counts of the sequences, by micro-batch. Sequences of no tokens get 0.
    ///   - scale: The constant of `sumOverScale`; nil takes the longest sequence, as verl's padded length.
    package func coefficients(microBatches: [[Int]], scale: Double? = nil) -> [[Double]] {
        let lengths = microBatches.flatMap { $0 }
        let sequences = Double(lengths.count)
        let tokens = Double(lengths.reduce(0, +))
        let longest = Double(lengths.max() ?? 0)
        return microBatches.map { batch in
            let batchTokens = Double(batch.reduce(0, +))
            return batch.map { length in
                guard length > 0 else { return 0 }
                return switch self {
                case .tokenMean: 1 / tokens
                case .tokenMeanOfMicroBatches: Double(batch.count) / sequences / batchTokens
                case .sequenceMeanOfTokenMeans: 1 / (sequences * Double(length))
                case .sequenceMeanOfTokenSums: 1 / sequences
                case .sumOverScale: 1 / (scale ?? longest)
                }
            }
        }
    }
}
