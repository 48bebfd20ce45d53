// What a report makes of samples: undetermined ones apart, problems that lack samples, pairs of evaluations, published figures.
import Domain
import StrictJSON
import Testing

@testable import Service

@Suite struct EvaluationReportTests {
    private func run(samples: Int, problems: Int, stored: Int, judged: Int? = nil, dataset: String = "d")
        -> EvaluationRun
    {
        EvaluationRun(
            id: EvaluationID("evl-1"),
            settings: EvaluationSettings(
                dataset: dataset, model: .policy(PolicyVersion(3)), samples: samples, maxTokens: 8, seed: 1),
            problems: problems, progress: EvaluationProgress(sampled: stored, judged: judged ?? stored), seconds: 1,
            createdAt: Timestamp(milliseconds: 0))
    }

    private func problems(_ count: Int) -> [EvaluationProblem] {
        (1...count).map { EvaluationProblem(seq: Int64($0), id: PromptID("p\($0)"), taskType: "code") }
    }

    /// Samples of one problem: + right, - wrong, ? undetermined, . waiting.
    private func samples(_ problem: Int64, _ marks: String) -> [EvaluationSample] {
        marks.enumerated().map { index, mark in
            let outcome: Verdict.Outcome? =
                switch mark {
                case "+": .passed
                case "-": .failed
                case "?": .undetermined
                default: nil
                }
            return EvaluationSample(
                problem: problem, index: index, outcome: outcome, failure: mark == "?" ? "slot_lost" : nil)
        }
    }

    @Test func `undetermined samples are neither right nor wrong, and the report says what they could change`() {
        let report = EvaluationReport(
            run: run(samples: 4, problems: 3, stored: 12),
            problems: problems(3), samples: samples(1, "++--") + samples(2, "+???") + samples(3, "????"))
        #expect(report.all.average?.mean == 0.75 && report.all.average?.count == 2)
        #expect(report.bounds.lowerBound == (0.5 + 0.25 + 0) / 3 && report.bounds.upperBound == (0.5 + 1 + 1) / 3)
        #expect(report.undetermined.map(\.count) == [7] && report.undetermined.map(\.failure) == ["slot_lost"])
        #expect(report.warnings.contains { $0.hasPrefix("7 samples are undetermined (7 slot_lost)") })
        // Of more samples than were decided nothing is said.
        #expect(report.pass.map(\.k) == [1, 2, 4] && report.pass.map(\.interval.count) == [2, 1, 1])
    }

    @Test func `what is missing or waits is said`() {
        let report = EvaluationReport(
            run: run(samples: 4, problems: 2, stored: 5, judged: 3), problems: problems(2),
            samples: samples(1, "+-..") + samples(2, "+"))
        #expect(report.warnings.count == 2 && report.all.average?.mean == 0.75)
    }

    @Test func `two evaluations are compared on the problems that both have`() throws {
        let other = samples(2, "--") + samples(3, "++") + samples(4, "++")
        let report = EvaluationReport(
            run: run(samples: 2, problems: 4, stored: 6), problems: problems(4),
            samples: samples(1, "++") + samples(2, "+-") + samples(3, "++"),
            other: (run(samples: 2, problems: 4, stored: 6), other))
        let pair = try #require(report.comparison)
        #expect(pair.difference.count == 2 && pair.difference.mean == 0.25)
        #expect(pair.better == 1 && pair.worse == 0 && pair.equal == 1 && pair.signTest == 1)
        let text = try #require(report.comparisonText)
        #expect(text.contains("+25.0 points [0.0, +50.0] of accuracy over 2 common problems"), "\(text)")
    }

    @Test func `difficulties go from easy to hard, numbers by their value, other labels by the alphabet`() {
        func names(_ labels: [String?]) -> [String] {
            let problems = labels.enumerated().map { index, label in
                EvaluationProblem(
                    seq: Int64(index + 1), id: PromptID("p\(index)"), taskType: "code", difficulty: label)
            }
            let report = EvaluationReport(
                run: run(samples: 1, problems: labels.count, stored: labels.count), problems: problems,
                samples: labels.indices.flatMap { samples(Int64($0 + 1), "+") })
            return report.byDifficulty.map(\.name)
        }
        #expect(names(["hard", "easy", "medium"]) == ["easy", "medium", "hard"])
        #expect(names(["competition", "introductory", "interview"]) == ["introductory", "interview", "competition"])
        #expect(names(["10", "9", nil, "1"]) == ["1", "9", "10", "not stated"])
        #expect(names(["b", "a"]) == ["a", "b"])
    }

    @Test func `the figures that are kept are those of the report, and survive the ledger's text`() throws {
        let report = EvaluationReport(
            run: run(samples: 4, problems: 2, stored: 8), problems: problems(2),
            samples: samples(1, "++-?") + samples(2, "+---"))
        let figures = report.mainFigures
        #expect(figures.average == report.all.average && figures.passK == 3 && figures.pass == report.all.pass)
        #expect(figures.majority == nil && figures.truncatedShare == 0)
        #expect(EvaluationFigures(json: try JSONValue.parse(text: figures.json.text)) == figures)
        #expect(EvaluationFigures(json: .null).average == nil)
    }

    @Test func `published figures stand beside their benchmark alone`() {
        func names(_ dataset: String) -> Set<String> { Set(PublishedResult.of(dataset: dataset).map(\.benchmark)) }
        #expect(PublishedResult.all.count == 40)
        #expect(names("aime24") == ["AIME 2024"] && names("AIME_2025") == ["AIME 2025"])
        #expect(names("livecodebench-v5") == ["LiveCodeBench V5"] && names("lcb_v6") == ["LiveCodeBench V6"])
        #expect(names("math-500").isEmpty && names("v5").isEmpty)
        let best = PublishedResult.all.filter { $0.model.hasPrefix("Klear-Reasoner-8B (64K") }.map(\.percent)
        #expect(best == [90.5, 83.2, 70.8, 66.0, 58.1])
    }

    @Test func `a cost is what its tokens cost`() {
        var sample = EvaluationSample(problem: 1, index: 0, outcome: .passed)
        (sample.promptTokens, sample.responseTokens) = (1_000_000, 500_000)
        let report = EvaluationReport(
            run: run(samples: 1, problems: 1, stored: 1), problems: problems(1), samples: [sample],
            prices: TokenPrices(prompt: 0.5, response: 2))
        #expect(report.cost.price == 1.5 && report.cost.uncounted == 0)
    }

    @Test func `settings survive the ledger's text`() throws {
        for thinking in [nil, true, false] {
            for model in [EvaluatedModel.policy(PolicyVersion(7)), .endpoint(url: "http://h/v1", model: "m")] {
                let settings = EvaluationSettings(
                    dataset: "d", model: model, samples: 64, temperature: 0.6, topP: 0.95, topK: 20,
                    repetitionPenalty: 1.05, maxTokens: 65_536, isThinking: thinking, seed: nil, label: "x")
                #expect(try EvaluationSettings(json: settings.json) == settings)
            }
        }
    }
}
