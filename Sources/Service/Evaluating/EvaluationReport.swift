// What an evaluation found, from its stored samples alone. Pure: the same samples give the same report.
import Domain

/// Prices of a model, for the cost of an evaluation.
package struct TokenPrices: Sendable, Equatable {
    /// Of a million tokens of prompts, and of answers, in any currency.
    package var prompt: Double
    package var response: Double
    package init(prompt: Double, response: Double) {
        self.prompt = prompt
        self.response = response
    }
}

/// The samples of some problems, counted.
package struct EvaluationSlice: Sendable {
    /// `all`, or a value of the metadata.
    package var name: String
    package var problems: Int
    /// Samples with a decision.
    package var decided: Int
    package var undetermined: Int
    package var truncated: Int
    /// The mean over problems of the share of right samples; nil where nothing is decided.
    package var average: MeanInterval?
    /// The majority's accuracy over problems of mathematics.
    package var majority: MeanInterval?
    /// Of one problem: pass@k for the largest k that every one of its slice's problems has.
    package var pass: MeanInterval?
}

/// The lengths of answers, in tokens as the model's server counts them.
package struct LengthStatistics: Sendable {
    package var counted: Int
    package var mean: Double
    package var median: Double
    package var p90: Double
    package var max: Int
    /// Means of right and of wrong answers; nil where there are none.
    package var meanRight: Double?
    package var meanWrong: Double?
}

/// What it took.
package struct EvaluationCost: Sendable {
    package var promptTokens: Int
    package var responseTokens: Int
    /// Samples whose server did not say how long they are.
    package var uncounted: Int
    /// Seconds of the evaluation, and of its requests laid end to end.
    package var seconds: Double
    package var requestSeconds: Double
    /// In the currency of the prices; nil without prices.
    package var price: Double?
}

/// One problem of a report.
package struct ProblemResult: Sendable {
    package var problem: EvaluationProblem
    /// Samples that are stored.
    package var stored: Int
    package var decided: Int
    package var right: Int
    package var undetermined: Int
    package var truncated: Int
    /// What most samples answered; mathematics alone.
    package var majority: MajorityVote?

    /// The share of decided samples that are right; nil where none is decided.
    package var average: Double? { decided > 0 ? Double(right) / Double(decided) : nil }
}

/// A whole report.
package struct EvaluationReport: Sendable {
    package var run: EvaluationRun
    package var all: EvaluationSlice
    package var byDifficulty: [EvaluationSlice]
    package var bySubject: [EvaluationSlice]
    /// pass@k by k; problems with fewer decided samples than k are left out, so `count` may fall.
    package var pass: [(k: Int, interval: MeanInterval)]
    /// The average if every undetermined sample were wrong, and if every one were right.
    package var bounds: ClosedRange<Double>
    /// Undetermined samples by their class.
    package var undetermined: [(failure: String, count: Int)]
    /// Problems of mathematics whose majority is tied, and whose answers were too many to compare all.
    package var ties: Int
    package var cutVotes: Int
    package var lengths: LengthStatistics?
    package var cost: EvaluationCost
    package var problems: [ProblemResult]
    package var comparison: PairedComparison?
    package var published: [PublishedResult]

    /// - Parameters:
    ///   - other: Another evaluation with its samples, over the same prompts or some of them.
    ///   - isEqual: When two answers are one to a majority.
    package init(
        run: EvaluationRun, problems: [EvaluationProblem], samples: [EvaluationSample], prices: TokenPrices? = nil,
        other: (run: EvaluationRun, samples: [EvaluationSample])? = nil,
        isEqual: (String, String) -> Bool = MajorityVote.isEqualMath
    ) {
        let grouped = Dictionary(grouping: samples, by: \.problem)
        let results = problems.map { ProblemResult($0, grouped[$0.seq] ?? [], isEqual) }
        let seed = UInt64(run.settings.seed ?? 0)
        self.run = run
        self.problems = results
        all = EvaluationSlice("all", results, seed: seed)
        byDifficulty = EvaluationReport.slices(results, seed: seed, by: \.difficulty)
        bySubject = EvaluationReport.slices(results, seed: seed, by: \.subject)
        pass = SampleEstimators.ladder(to: run.settings.samples).compactMap { k in
            MeanInterval(results.compactMap { $0.pass(k) }, seed: seed).map { (k, $0) }
        }
        let low = results.compactMap { $0.share(plus: 0) }
        let high = results.compactMap { $0.share(plus: $0.undetermined) }
        bounds = mean(low)...max(mean(low), mean(high))
        undetermined = Dictionary(
            grouping: samples.filter { $0.outcome == .undetermined }, by: { $0.failure ?? "unknown" }
        ).map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
        ties = results.count { ($0.majority?.leaders.count ?? 0) > 1 }
        cutVotes = results.count { $0.majority?.isCut == true }
        lengths = LengthStatistics(samples)
        cost = EvaluationCost(samples, seconds: run.seconds, prices: prices)
        comparison = other.flatMap { other in
            PairedComparison(
                EvaluationReport.averages(samples), EvaluationReport.averages(other.samples), other: other.run.id,
                otherModel: other.run.settings.model.description, seed: seed)
        }
        published = PublishedResult.of(dataset: run.settings.dataset)
    }

    /// The main figures, to be kept with the evaluation.
    package var mainFigures: EvaluationFigures {
        EvaluationFigures(
            average: all.average, pass: all.pass, passK: passK, majority: all.majority,
            truncatedShare: run.progress.sampled > 0 ? Double(all.truncated) / Double(run.progress.sampled) : nil)
    }

    /// The k of `all.pass`.
    private var passK: Int { problems.map(\.decided).filter { $0 > 0 }.min() ?? 0 }

    /// The share of right samples of each problem that has a decided one.
    private static func averages(_ samples: [EvaluationSample]) -> [Int64: Double] {
        Dictionary(grouping: samples, by: \.problem).compactMapValues { own in
            let decided = own.filter { $0.outcome == .passed || $0.outcome == .failed }
            guard !decided.isEmpty else { return nil }
            return Double(decided.count { $0.outcome == .passed }) / Double(decided.count)
        }
    }

    /// One slice a value of a label; none when no problem has one.
    private static func slices(
        _ results: [ProblemResult], seed: UInt64, by label: (EvaluationProblem) -> String?
    ) -> [EvaluationSlice] {
        guard results.contains(where: { label($0.problem) != nil }) else { return [] }
        return Dictionary(grouping: results) { label($0.problem) ?? "not stated" }.sorted {
            LabelOrder($0.key) < LabelOrder($1.key)
        }.map { EvaluationSlice($0.key, $0.value, seed: seed) }
    }
}

extension ProblemResult {
    init(_ problem: EvaluationProblem, _ samples: [EvaluationSample], _ isEqual: (String, String) -> Bool) {
        self.problem = problem
        stored = samples.count
        right = samples.count { $0.outcome == .passed }
        undetermined = samples.count { $0.outcome == .undetermined }
        decided = right + samples.count { $0.outcome == .failed }
        truncated = samples.count(where: \.isTruncated)
        majority = problem.taskType == "math" && decided > 0 ? MajorityVote(samples, isEqual: isEqual) : nil
    }

    /// pass@k of this problem, or nil when fewer samples are decided.
    func pass(_ k: Int) -> Double? { SampleEstimators.passAtK(samples: decided, right: right, k: k) }

    /// The share of right samples among all judged ones, if so many of the undetermined ones were right.
    func share(plus lucky: Int) -> Double? {
        let judged = decided + undetermined
        return judged > 0 ? Double(right + lucky) / Double(judged) : nil
    }
}

extension EvaluationSlice {
    init(_ name: String, _ results: [ProblemResult], seed: UInt64) {
        self.name = name
        problems = results.count
        decided = results.reduce(0) { $0 + $1.decided }
        undetermined = results.reduce(0) { $0 + $1.undetermined }
        truncated = results.reduce(0) { $0 + $1.truncated }
        average = MeanInterval(results.compactMap(\.average), seed: seed)
        majority = MeanInterval(results.compactMap { $0.majority?.value }, seed: seed)
        let k = results.filter { $0.decided > 0 }.map(\.decided).min() ?? 0
        pass = MeanInterval(results.compactMap { k > 0 ? $0.pass(k) : nil }, seed: seed)
    }
}

extension LengthStatistics {
    /// Nil when no server said how long its answers are.
    init?(_ samples: [EvaluationSample]) {
        let lengths = samples.compactMap(\.responseTokens).sorted()
        guard let longest = lengths.last else { return nil }
        let values = lengths.map(Double.init)
        func mean(_ outcome: Verdict.Outcome) -> Double? {
            let own = samples.filter { $0.outcome == outcome }.compactMap(\.responseTokens)
            return own.isEmpty ? nil : Double(own.reduce(0, +)) / Double(own.count)
        }
        counted = lengths.count
        self.mean = values.reduce(0, +) / Double(values.count)
        median = Quantile.of(values, 0.5)
        p90 = Quantile.of(values, 0.9)
        max = longest
        meanRight = mean(.passed)
        meanWrong = mean(.failed)
    }
}

extension EvaluationCost {
    init(_ samples: [EvaluationSample], seconds: Double, prices: TokenPrices?) {
        promptTokens = samples.reduce(0) { $0 + ($1.promptTokens ?? 0) }
        responseTokens = samples.reduce(0) { $0 + ($1.responseTokens ?? 0) }
        uncounted = samples.count { $0.responseTokens == nil }
        self.seconds = seconds
        requestSeconds = samples.reduce(0) { $0 + $1.seconds }
        price = prices.map {
            (Double(promptTokens) * $0.prompt + Double(responseTokens) * $0.response) / 1_000_000
        }
    }
}

/// The place of a label among others: words of difficulty from easy to hard, numbers by their value, the rest by the alphabet.
private struct LabelOrder: Comparable {
    private static let words = [
        "introductory", "very easy", "easy", "medium", "medium_hard", "interview", "hard", "competition", "very hard",
        "very_hard",
    ]

    private let rank: Double
    private let text: String

    init(_ text: String) {
        self.text = text
        let word = text.lowercased()
        rank = Double(text) ?? Self.words.firstIndex(of: word).map(Double.init) ?? .infinity
    }

    static func < (a: LabelOrder, b: LabelOrder) -> Bool { a.rank == b.rank ? a.text < b.text : a.rank < b.rank }
}
