// `rolloutd problems`: the built-in problems as lines that `rolloutd import` and other systems take.
import ArgumentParser
import BuiltinData
import Domain
import Foundation
import StrictJSON

struct ProblemsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "problems",
        abstract: "Print built-in problems as NDJSON: prompts with their tasks, or worked solutions.",
        discussion: """
            The held-out split is the fixed list that evaluations measure with; the others are as long as you ask.

            Examples:
              rolloutd problems --split held-out > held-out.ndjson
              rolloutd problems --count 4000 --demonstrations > worked.ndjson
              rolloutd import --demonstrations worked.ndjson
            """)

    @Option(help: "training, validation or held-out.") var split: String = "training"
    @Option(help: "Problems to print, all kinds in turn; of held-out all there are.") var count: Int = 1_000
    @Option(help: "Only problems of this family: math or code.") var task: String?
    @Option(help: "The seed of the draws.") var seed: UInt64 = BuiltinRecipe.seed
    @Flag(help: "Print prompts with worked solutions in place of tasks.") var demonstrations = false

    func run() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count must be 1 to 1000000") }
        let family = try task.map { name in
            guard let family = BuiltinFamily(rawValue: name) else {
                throw ValidationError("--task must be math or code, not \(name)")
            }
            return family
        }
        for (index, problem) in try problems(of: family).enumerated() {
            print(line(problem, id: "\(split)/\(problem.kind.rawValue)/\(index)"))
        }
    }

    private func problems(of family: BuiltinFamily?) throws -> [BuiltinProblem] {
        let kinds = BuiltinKind.allCases.filter { family == nil || $0.family == family }
        let source: BuiltinSplit
        switch split {
        case "held-out": return BuiltinDataset.heldOut(seed: seed).filter { family == nil || $0.family == family }
        case "validation": source = .validation
        case "training": source = .training
        default: throw ValidationError("--split must be training, validation or held-out, not \(split)")
        }
        let data = BuiltinDataset(split: source, seed: seed)
        return (0..<count).map { data.problem(kinds[$0 % kinds.count], index: $0 / kinds.count) }
    }

    private func line(_ problem: BuiltinProblem, id: String) -> String {
        let text = BuiltinPromptFormat.modelInput(problem.prompt)
        guard demonstrations else {
            return PromptSubmission(
                id: PromptID(id), dataset: "problems", content: .text(text), task: problem.task,
                metadata: .members(["kind": .string(problem.kind.rawValue)])
            ).json.text
        }
        return JSONValue.members([
            "id": .string(id), "dataset": .string("problems"), "text": .string(text),
            "response": .string(problem.demonstration),
        ]).text
    }
}
