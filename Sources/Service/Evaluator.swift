// Measures a policy on held-out problems: greedy accuracy, avg@k and pass@k by family. Changes nothing, stores nothing.
import BuiltinData
import Domain
import Modeling

/// How one problem was answered.
struct ProblemScore: Sendable {
    var kind: BuiltinKind
    /// Nil when nobody could judge the answer.
    var isGreedyRight: Bool?
    /// Of the samples that were judged.
    var samplesRight = 0
    var samplesJudged = 0
}

/// Samples problems and judges the answers.
struct Evaluator: Sendable {
    let judge: Judge
    let sampler: Sampler
    let seed: UInt64
    /// New tokens of one answer; longer answers are cut and thereby wrong.
    let responseTokensMax: Int
    /// How the samples are drawn; the greedy answer has neither.
    var temperature: Float = 1
    var topP: Float = 1

    /// Scores every problem once greedily and with `samples` samples.
    func score(
        _ problems: [BuiltinProblem], weights: ModelWeights, tokenizer: Tokenizer, samples: Int,
        isCancelled: @escaping @Sendable () -> Bool
    ) async throws -> [ProblemScore] {
        var requests: [SamplingRequest] = []
        for (index, problem) in problems.enumerated() {
            let prompt = tokenizer.encode(BuiltinPromptFormat.modelInput(problem.prompt))
            for sample in 0...samples {
                requests.append(
                    SamplingRequest(
                        prompt: prompt, maximumTokens: responseTokensMax, temperature: sample == 0 ? 0 : temperature,
                        topP: sample == 0 ? 1 : topP,
                        topK: 0, stopTokens: tokenizer.stopTokens, seed: seed,
                        stream: UInt64(index) << 16 | UInt64(sample)))
            }
        }
        let sampled = try await sampler.sample(requests, weights: weights, isCancelled: isCancelled)
        guard sampled.count == requests.count, !isCancelled() else { throw CancellationError() }
        let items = sampled.enumerated().map { index, sequence in
            JudgeItem(
                response: tokenizer.responseText(sequence.tokens), task: problems[index / (samples + 1)].task)
        }
        let verdicts = await judge.judge(items).map(\.verdict)
        return problems.enumerated().map { index, problem in
            let own = verdicts[(index * (samples + 1))..<((index + 1) * (samples + 1))]
            return Self.problemScore(problem.kind, verdicts: own)
        }
    }

    /// The first verdict is of the greedy answer, the others are of samples.
    private static func problemScore(_ kind: BuiltinKind, verdicts: ArraySlice<Verdict>) -> ProblemScore {
        var score = ProblemScore(kind: kind)
        for (offset, verdict) in verdicts.enumerated() where verdict.outcome != .undetermined {
            if offset == 0 {
                score.isGreedyRight = verdict.outcome == .passed
            } else {
                score.samplesJudged += 1
                score.samplesRight += verdict.outcome == .passed ? 1 : 0
            }
        }
        return score
    }

    /// The report lines of some scores: one for each family, one for each kind, and one for all.
    static func records(
        _ scores: [ProblemScore], version: PolicyVersion, samples: Int, learningSeconds: Double, now: Timestamp
    ) -> [EvaluationRecord] {
        var rows: [(String, [ProblemScore])] = [("all", scores)]
        for family in BuiltinFamily.allCases {
            rows.append((family.rawValue, scores.filter { $0.kind.family == family }))
        }
        for kind in BuiltinKind.allCases { rows.append((kind.rawValue, scores.filter { $0.kind == kind })) }
        return rows.filter { !$0.1.isEmpty }.map { name, part in
            let greedy = part.compactMap(\.isGreedyRight)
            let sampled = part.filter { $0.samplesJudged > 0 }
            let means = sampled.map { Double($0.samplesRight) / Double($0.samplesJudged) }
            return EvaluationRecord(
                version: version, kind: name, prompts: part.count, samples: samples,
                greedyAccuracy: mean(greedy.map { $0 ? 1 : 0 }), averageAccuracy: samples > 0 ? mean(means) : nil,
                passAtK: samples > 0 ? mean(sampled.map { $0.samplesRight > 0 ? 1 : 0 }) : nil,
                undetermined: part.count * (samples + 1) - greedy.count - part.reduce(0) { $0 + $1.samplesJudged },
                learningSeconds: learningSeconds, createdAt: now)
        }
    }
}

/// The mean, or 0 of nothing.
func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
