// Graders as OpenAI's fine-tuning interface describes them (platform.openai.com/docs/api-reference/graders): a language for
// verifiers. Values only; judging is Verification's.
import StrictJSON

/// A rule that gives a sample a number.
package struct Grader: Sendable, Equatable {
    package enum Operation: String, Sendable, CaseIterable { case eq, ne, like, ilike }

    /// How alike two texts are, from 0 to 1. OpenAI also has `cosine` and `meteor`, which need an embedding model and WordNet.
    package enum Metric: String, Sendable, CaseIterable {
        case fuzzyMatch = "fuzzy_match"
        case bleu, gleu
        case rouge1 = "rouge_1"
        case rouge2 = "rouge_2"
        case rouge3 = "rouge_3"
        case rouge4 = "rouge_4"
        case rouge5 = "rouge_5"
        case rougeL = "rouge_l"
    }

    package enum Rule: Sendable, Equatable {
        /// 1 when the comparison holds, 0 otherwise; `like` asks whether `reference` is part of `input`, `ilike` without case.
        case stringCheck(input: GraderTemplate, reference: GraderTemplate, Operation)
        case textSimilarity(input: GraderTemplate, reference: GraderTemplate, Metric)
        /// Python source with `def grade(sample, item)`.
        case python(source: String)
        /// Graders by name, in order, and a formula over them.
        case multi([Member], formula: GraderFormula)
    }

    package struct Member: Sendable, Equatable {
        package var key: String
        package var grader: Grader
        package init(key: String, grader: Grader) {
            self.key = key
            self.grader = grader
        }
    }

    package var name: String
    package var rule: Rule
    package init(name: String, rule: Rule) {
        self.name = name
        self.rule = rule
    }

    /// As on the wire.
    package var type: String {
        switch rule {
        case .stringCheck: "string_check"
        case .textSimilarity: "text_similarity"
        case .python: "python"
        case .multi: "multi"
        }
    }

    /// Whether programs run for it.
    package var runsPrograms: Bool {
        switch rule {
        case .stringCheck, .textSimilarity: false
        case .python: true
        case .multi(let members, _): members.contains { $0.grader.runsPrograms }
        }
    }
}

/// A grader as the task of a prompt, with the item that its templates name.
package struct GraderTask: Sendable, Equatable {
    package var grader: Grader
    package var item: JSONValue
    /// A response passes from this reward on.
    package var passThreshold: Double
    package init(grader: Grader, item: JSONValue, passThreshold: Double = 0.5) {
        self.grader = grader
        self.item = item
        self.passThreshold = passThreshold
    }
}
