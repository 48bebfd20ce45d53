// The bounds of evaluations, with their reasons.

extension Limits {
    /// Problems of one evaluation; the largest benchmark that is in use, MMLU-Pro, has 12,032.
    package static let evaluationProblemsMax = 16_384
    /// Samples of one problem; the paper takes 64.
    package static let evaluationSamplesMax = 1_024
    /// Samples of one evaluation: their rows are in memory while its report is made, some 50 MB.
    package static let evaluationAnswersMax = 262_144
    /// New tokens of one answer; models with a million of context are sold.
    package static let evaluationTokensMax = 1_048_576
    /// Requests of one evaluation at once: what several large servers take.
    package static let evaluationConcurrencyMax = 512
    /// Evaluations that one server runs at a time; each holds requests, texts and a share of the judges.
    package static let evaluationsRunningMax = 2
    /// Evaluations that wait for their turn: days of work.
    package static let evaluationsQueuedMax = 64
    /// Seconds that a process has an evaluation without saying again that it carries it out: five notes, so that a busy machine
    /// loses none, and the wait after a kill is short.
    package static let evaluationHoldSeconds = 10.0
    /// Seconds between two looks for an evaluation that waits for something outside, as the model or a command's end.
    package static let evaluationLookSeconds = 2.0
    /// Seconds that an evaluation rests after a fault of ours, as a full disk, before the server tries again.
    package static let evaluationRestSeconds = 30.0
    /// Seconds between two events of one evaluation's progress: a page or a notebook wants no more.
    package static let evaluationTellSeconds = 5.0
    /// Tries for one sample before an evaluation stops, to be gone on with: with the pauses between them four to seven minutes, in
    /// which the server of a large model restarts.
    package static let evaluationTriesMax = 20
    /// Samples that an endpoint may refuse, with none given, before an evaluation stops.
    package static let evaluationRefusalsMax = 8
    /// Time for one answer: the paper's longest at ten tokens a second.
    package static let evaluationAnswerSecondsMax = 7_200.0
    /// One answer on the wire: `responseBytesMax`, with thinking apart, twice over for escapes.
    package static let evaluationAnswerBytesMax = 4_194_304
    /// Tasks and texts that the judges of an evaluation hold at once, beyond the first: two of the largest tasks.
    package static let evaluationWorkBytesMax = 33_554_432
    /// Samples that those hold at once: enough that no judge waits for the ledger.
    package static let evaluationWorkMax = 64
    /// Answers of mathematics that one judge takes at once: a hundredth of a second of work, for one trip to a thread.
    package static let evaluationMathChunk = 16
    /// Judges of mathematics of one evaluation; they share the machine with the sandbox.
    package static let evaluationMathJudges = 2
    /// Bytes of an endpoint's URL.
    package static let endpointBytesMax = 2_000
    /// Seconds between two notes of how long an evaluation has worked; a kill loses that much of its duration.
    package static let evaluationNoteSeconds = 2.0
    /// Resamples of one interval: the ends of 95 % then stand on 50 of them.
    package static let bootstrapResamples = 2_000
    /// Pairs of answers of one problem that are compared as mathematics for a majority; beyond it by their text.
    package static let majorityComparisonsMax = 4_096
    /// Problems that a report's page lists; JSON has them all.
    package static let evaluationProblemsShown = 1_000
}
