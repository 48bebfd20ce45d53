// Evaluations of a model on a data set: what is asked, how far it is, and the samples that came.
import StrictJSON

/// Names an evaluation of a data set.
package struct EvaluationID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Which model answers.
package enum EvaluatedModel: Sendable, Equatable {
    /// A model behind an OpenAI-compatible server; the URL is the one that `/chat/completions` follows.
    case endpoint(url: String, model: String)
    /// The in-process model of one version.
    case policy(PolicyVersion)

    /// The model in a few words, for reports.
    package var description: String {
        switch self {
        case .endpoint(_, let model): model
        case .policy(let version): "policy \(version)"
        }
    }
}

/// What an evaluation asks; the same settings again mean the same evaluation.
package struct EvaluationSettings: Sendable, Equatable {
    package var dataset: String
    package var model: EvaluatedModel
    /// Samples of each problem, 1 to `Limits.evaluationSamplesMax`.
    package var samples: Int
    package var temperature: Double
    package var topP: Double
    /// 0 keeps all tokens and is not sent.
    package var topK: Int
    /// 1 does nothing and is not sent.
    package var repetitionPenalty: Double
    /// New tokens of one answer; longer ones are cut, and counted.
    package var maxTokens: Int
    /// Whether models that can think do; nil leaves it to the model.
    package var isThinking: Bool?
    /// Sample i of a problem is asked for with this and i; nil leaves it to the server.
    package var seed: Int?
    /// Tells evaluations apart whose settings are the same; empty for none.
    package var label: String

    package init(
        dataset: String, model: EvaluatedModel, samples: Int, temperature: Double = 0.6, topP: Double = 0.95,
        topK: Int = 0, repetitionPenalty: Double = 1, maxTokens: Int, isThinking: Bool? = nil, seed: Int? = nil,
        label: String = ""
    ) {
        self.dataset = dataset
        self.model = model
        self.samples = samples
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.repetitionPenalty = repetitionPenalty
        self.maxTokens = maxTokens
        self.isThinking = isThinking
        self.seed = seed
        self.label = label
    }
}

/// How far an evaluation is; all three count samples.
package struct EvaluationProgress: Sendable, Equatable {
    /// Stored.
    package var sampled: Int
    /// With a verdict, undetermined ones included.
    package var judged: Int
    package var undetermined: Int
    package init(sampled: Int = 0, judged: Int = 0, undetermined: Int = 0) {
        self.sampled = sampled
        self.judged = judged
        self.undetermined = undetermined
    }
}

/// One evaluation as the ledger has it.
package struct EvaluationRun: Sendable, Equatable {
    package var id: EvaluationID
    package var settings: EvaluationSettings
    /// Prompts of the data set when it was opened; later ones do not join.
    package var problems: Int
    package var progress: EvaluationProgress
    /// Seconds of work so far, over all sessions.
    package var seconds: Double
    package var createdAt: Timestamp
    package var conduct: EvaluationConduct
    /// What it found; nil before it is complete, and while it is judged again.
    package var figures: EvaluationFigures?

    package init(
        id: EvaluationID, settings: EvaluationSettings, problems: Int, progress: EvaluationProgress, seconds: Double,
        createdAt: Timestamp, conduct: EvaluationConduct = EvaluationConduct(), figures: EvaluationFigures? = nil
    ) {
        self.id = id
        self.settings = settings
        self.problems = problems
        self.progress = progress
        self.seconds = seconds
        self.createdAt = createdAt
        self.conduct = conduct
        self.figures = figures
    }

    /// Samples that it has when it is done.
    package var wanted: Int { problems * settings.samples }
    /// Whether every sample is there and has a verdict, be it undetermined.
    package var isFinished: Bool { progress.judged >= wanted }
}

/// One prompt of an evaluation, without its text and task, which may be large.
package struct EvaluationProblem: Sendable, Equatable {
    /// Its row in the ledger.
    package var seq: Int64
    package var id: PromptID
    package var taskType: String
    /// From the prompt's metadata, where it has them.
    package var difficulty: String?
    package var subject: String?
    package init(seq: Int64, id: PromptID, taskType: String, difficulty: String? = nil, subject: String? = nil) {
        self.seq = seq
        self.id = id
        self.taskType = taskType
        self.difficulty = difficulty
        self.subject = subject
    }
}

/// An answer as it came from a model.
package struct SampledAnswer: Sendable, Equatable {
    package var text: String
    package var finishReason: FinishReason
    /// As the server counts them; nil when it does not say.
    package var promptTokens: Int?
    package var responseTokens: Int?
    /// From the request to the answer, waiting at the server included.
    package var seconds: Double
    package init(
        text: String, finishReason: FinishReason, promptTokens: Int? = nil, responseTokens: Int? = nil, seconds: Double
    ) {
        self.text = text
        self.finishReason = finishReason
        self.promptTokens = promptTokens
        self.responseTokens = responseTokens
        self.seconds = seconds
    }
}

/// A stored sample, without its text.
package struct EvaluationSample: Sendable, Equatable {
    /// The row of its prompt.
    package var problem: Int64
    /// Its number among the samples of its problem, from 0.
    package var index: Int
    /// Nil before it was judged.
    package var outcome: Verdict.Outcome?
    /// Why nobody could decide; for undetermined ones.
    package var failure: String?
    /// The answer or program that was found, capped.
    package var extracted: String?
    package var isTruncated: Bool
    package var promptTokens: Int?
    package var responseTokens: Int?
    package var seconds: Double
    package init(
        problem: Int64, index: Int, outcome: Verdict.Outcome?, failure: String? = nil, extracted: String? = nil,
        isTruncated: Bool = false, promptTokens: Int? = nil, responseTokens: Int? = nil, seconds: Double = 0
    ) {
        self.problem = problem
        self.index = index
        self.outcome = outcome
        self.failure = failure
        self.extracted = extracted
        self.isTruncated = isTruncated
        self.promptTokens = promptTokens
        self.responseTokens = responseTokens
        self.seconds = seconds
    }
}

/// A sample that waits for its verdict.
package struct EvaluationWork: Sendable {
    /// Its row.
    package var seq: Int64
    package var response: String
    package var task: VerificationTask
    /// Of the task and the response.
    package var bytes: Int
    package init(seq: Int64, response: String, task: VerificationTask, bytes: Int) {
        self.seq = seq
        self.response = response
        self.task = task
        self.bytes = bytes
    }
}
