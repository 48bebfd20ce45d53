// The flags that say what an evaluation asks.
import ArgumentParser
import Domain
import Foundation

/// What is asked; the same values again mean the same evaluation.
struct EvaluationOptions: ParsableArguments {
    @Option(help: "The data set whose prompts are asked.") var dataset: String?
    @Option(help: "What /chat/completions follows, as http://host:8000/v1.") var endpoint: String?
    @Option(help: "The model's name at the endpoint.") var model: String?
    @Flag(help: "Evaluate the in-process model of this database.") var inProcess = false
    @Option(help: "The in-process model's version. (default: the newest)") var version: Int?
    @Option(help: "Samples of each problem.") var samples = 1
    @Option(help: "0 takes the likeliest token each time.") var temperature = 0.6
    @Option(help: "Nucleus; 1 keeps all.") var topP = 0.95
    @Option(help: "Only so many of the likeliest tokens; 0 keeps all.") var topK = 0
    @Option(help: "1 does nothing.") var repetitionPenalty = 1.0
    @Option(help: "New tokens of one answer; longer ones are cut, and counted as truncated.") var maxTokens = 32_768
    @Option(help: "on or off, for models that can think. (default: as the model does)") var thinking: String?
    @Option(help: "Sample i is asked for with this seed plus i. (default: none is sent)") var seed: Int?
    @Option(help: "Tells this evaluation from another one with the same settings.") var label = ""

    /// The settings, each within its bounds.
    func settings(_ model: EvaluatedModel) throws -> EvaluationSettings {
        guard let dataset else { throw ValidationError("name the data set with --dataset") }
        var isThinking: Bool?
        switch thinking {
        case nil: break
        case "on": isThinking = true
        case "off": isThinking = false
        case let other?: throw ValidationError("--thinking must be on or off, not \(other)")
        }
        guard temperature.isFinite, topP.isFinite, repetitionPenalty.isFinite else {
            throw ValidationError("--temperature, --top-p and --repetition-penalty must be numbers")
        }
        let settings = EvaluationSettings(
            dataset: dataset, model: model, samples: samples, temperature: temperature, topP: topP, topK: topK,
            repetitionPenalty: repetitionPenalty, maxTokens: maxTokens, isThinking: isThinking, seed: seed,
            label: label)
        do {
            // The one reader of settings has their bounds.
            return try EvaluationSettings(json: settings.json)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
