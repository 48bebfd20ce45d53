// What a complete evaluation found, small enough to stand with it: accuracies with their intervals.
import StrictJSON

/// A 95 % interval around a mean over problems.
package struct MeanInterval: Sendable, Equatable {
    package var mean: Double
    package var low: Double
    package var high: Double
    /// Problems that it stands on.
    package var count: Int

    package init(mean: Double, low: Double, high: Double, count: Int) {
        self.mean = mean
        self.low = low
        self.high = high
        self.count = count
    }

    /// Its members on the wire; shares are 0 to 1.
    package var members: [JSONMember] {
        [
            JSONMember("mean", .double(mean)), JSONMember("low", .double(low)), JSONMember("high", .double(high)),
            JSONMember("problems", .integer(Int64(count))),
        ]
    }

    fileprivate init?(json: JSONValue?) {
        guard let json, let mean = json["mean"]?.number, let low = json["low"]?.number,
            let high = json["high"]?.number, let count = json["problems"]?.wholeNumber
        else { return nil }
        self.init(mean: mean, low: low, high: high, count: Int(clamping: count))
    }
}

/// The main figures of a complete evaluation, kept with it so that a list or a curve reads no samples.
package struct EvaluationFigures: Sendable, Equatable {
    /// avg@k; nil where no sample is decided.
    package var average: MeanInterval?
    /// pass@k for the largest k that every problem has, and that k.
    package var pass: MeanInterval?
    package var passK: Int
    /// maj@k over problems of mathematics; nil where there are none.
    package var majority: MeanInterval?
    /// The share of samples that ended at the token limit; nil where there are none.
    package var truncatedShare: Double?

    package init(
        average: MeanInterval?, pass: MeanInterval?, passK: Int, majority: MeanInterval?, truncatedShare: Double?
    ) {
        self.average = average
        self.pass = pass
        self.passK = passK
        self.majority = majority
        self.truncatedShare = truncatedShare
    }

    /// The figures on the wire and in the ledger.
    package var json: JSONValue {
        .members([
            "avg_at_k": average.map { .object($0.members) } ?? .null,
            "pass_at_k": pass.map { .object([JSONMember("k", .integer(Int64(passK)))] + $0.members) } ?? .null,
            "maj_at_k": majority.map { .object($0.members) } ?? .null,
            "truncated_share": truncatedShare.map { .double($0) } ?? .null,
        ])
    }

    /// Reads what `json` wrote; what is not there is nil.
    package init(json: JSONValue) {
        self.init(
            average: MeanInterval(json: json["avg_at_k"]), pass: MeanInterval(json: json["pass_at_k"]),
            passK: Int(clamping: json["pass_at_k"]?["k"]?.wholeNumber ?? 0),
            majority: MeanInterval(json: json["maj_at_k"]), truncatedShare: json["truncated_share"]?.number)
    }
}
