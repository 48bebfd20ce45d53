// The estimators of the field, for one problem: pass@k without bias, and the majority's answer. Pure.
import Domain
import Verification

/// The estimators over the samples of one problem.
package enum SampleEstimators {
    /// The probability that one of k samples is right, without bias, from n of which c were right: 1 - C(n-c, k) / C(n, k),
    /// as a product (Chen et al. 2021, "Evaluating Large Language Models Trained on Code", section 2.1).
    ///
    /// Nil when there are fewer than k samples: nothing can be said of more than were taken.
    package static func passAtK(samples n: Int, right c: Int, k: Int) -> Double? {
        guard k >= 1, c >= 0, c <= n, n >= k else { return nil }
        guard n - c >= k else { return 1 }
        var missing = 1.0
        var i = n - c + 1
        while i <= n {
            missing *= 1 - Double(k) / Double(i)
            i += 1
        }
        return 1 - missing
    }

    /// The values of k that a report gives: powers of two, and the number of samples.
    package static func ladder(to samples: Int) -> [Int] {
        var values: [Int] = []
        var k = 1
        while k < samples {
            values.append(k)
            k *= 2
        }
        return values + [max(samples, 1)]
    }
}

/// What the majority of a problem's samples answered.
package struct MajorityVote: Sendable, Equatable {
    /// Whether it is right; with t answers in front together, the share of them that are: a draw among them.
    package var value: Double
    /// The answers in front, by the text of their first sample; more than one is a tie, none when nobody answered.
    package var leaders: [String]
    /// Their votes.
    package var votes: Int
    /// Whether more pairs were to be compared than `Limits.majorityComparisonsMax`, and the rest went by their text.
    package var isCut = false

    /// Samples that passed are one answer, as each equals the reference; those that failed are told apart by `isEqual`. A sample
    /// without an answer has no vote, nor has an undetermined one.
    ///
    /// - Parameter isEqual: Whether two answers mean the same; asked in both orders' first only.
    package init(
        _ samples: [EvaluationSample], comparisonsMax: Int = Limits.majorityComparisonsMax,
        isEqual: (String, String) -> Bool
    ) {
        var right: (text: String, votes: Int)?
        var wrong: [(text: String, votes: Int)] = []
        var known: [String: Int] = [:]
        var comparisons = 0
        for sample in samples {
            guard let text = sample.extracted else { continue }
            switch sample.outcome {
            case .passed: right = (right?.text ?? text, (right?.votes ?? 0) + 1)
            case .failed:
                var place = known[text]
                if place == nil {
                    place = wrong.indices.first { index in
                        guard comparisons < comparisonsMax else { return false }
                        comparisons += 1
                        return isEqual(wrong[index].text, text)
                    }
                }
                if let place {
                    wrong[place].votes += 1
                    known[text] = place
                } else {
                    known[text] = wrong.count
                    wrong.append((text, 1))
                }
            case .undetermined, nil: continue
            }
        }
        isCut = comparisons >= comparisonsMax
        votes = max(right?.votes ?? 0, wrong.map(\.votes).max() ?? 0)
        let most = votes
        let wrongLeaders = most > 0 ? wrong.filter { $0.votes == most }.map(\.text) : []
        let rightLeaders = right.flatMap { $0.votes == most ? [$0.text] : nil } ?? []
        leaders = rightLeaders + wrongLeaders
        value = leaders.isEmpty ? 0 : Double(rightLeaders.count) / Double(leaders.count)
    }

    /// Whether two answers mean the same to the math verifier.
    package static func isEqualMath(_ first: String, _ second: String) -> Bool {
        let verdict = MathVerifier().verify(
            response: "\\boxed{\(second)}", task: MathTask(answers: [first]))
        return verdict.outcome == .passed
    }
}
