// `rolloutd objective`: the policy objective as a tool, one token a line.
import ArgumentParser
import Domain
import Learning
import StrictJSON

struct ObjectiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "objective",
        abstract: "Evaluate a policy objective on tokens read from standard input.",
        discussion: """
            Reads NDJSON lines {"log_ratio":-0.4,"advantage":1.0} and prints {"value":...,"weight":...} for each. The loss
            is the value; its gradient by the token's log-prob is -weight * advantage.

            Example:
              echo '{"log_ratio":0.5,"advantage":1}' | rolloutd objective --method gppo
            """)

    @Option(help: "One of \(Objective.Method.allCases.map(\.rawValue).joined(separator: ", ")).")
    var method: String

    @Option(help: "The ratio's lower bound is 1 - epsilon.")
    var epsilonLow: Double?

    @Option(help: "The ratio's upper bound is 1 + epsilon.")
    var epsilonHigh: Double?

    @Option(help: "The largest ratio that a negative advantage may push against, or none.")
    var dualClip: String?

    @Option(help: "CE-GPPO: weight of negative tokens below the range.")
    var beta1: Double?

    @Option(help: "CE-GPPO: weight of positive tokens above the range.")
    var beta2: Double?

    func run() throws {
        let objective = try configuredObjective()
        var lineNumber = 0
        while let line = readLine() {
            lineNumber += 1
            guard !line.isEmpty else { continue }
            let input: JSONValue
            do {
                input = try JSONValue.parse(text: line, limits: .standard)
            } catch {
                throw ValidationError("line \(lineNumber) is not JSON: \(error)")
            }
            guard let logRatio = input["log_ratio"]?.number, let advantage = input["advantage"]?.number else {
                throw ValidationError("line \(lineNumber) needs the numbers log_ratio and advantage")
            }
            let token = objective.evaluate(logRatio: logRatio, advantage: advantage)
            print(JSONValue.members(["value": .double(token.value), "weight": .double(token.weight)]).text)
        }
    }

    private func configuredObjective() throws -> Objective {
        var changes: [String: SettingValue] = ["objective": .text(method)]
        changes["epsilon_low"] = epsilonLow.map { .number($0) }
        changes["epsilon_high"] = epsilonHigh.map { .number($0) }
        changes["beta1"] = beta1.map { .number($0) }
        changes["beta2"] = beta2.map { .number($0) }
        changes["dual_clip"] = dualClip.map { SettingValue(parsing: $0) }
        do {
            return try LearnerSettings().applying(changes).objective
        } catch let error as InputError {
            throw ValidationError("\(error)")
        }
    }
}
