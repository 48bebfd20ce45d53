// Bounds of what other systems' protocols keep, with their reasons; all others are in Limits.swift.

extension Limits {
    // MARK: Trajectories

    /// Sequences of one group: sixteen times the largest group of rollouts.
    package static let trajectorySequencesMax = 1_024
    /// JSON of one group as it is handed on: that of its body, of which `1` may become `1.0`; more only where numbers are written as
    /// `1e15`.
    package static let trajectoryTextBytesMax = 67_108_864
    /// Groups of one request; its body bounds long ones to fewer.
    package static let trajectoriesPerRequestMax = 1_024
    /// Groups that wait for a trainer, in batches that were not acknowledged too: hundreds of large batches. Forming a batch
    /// reads a small row of each.
    package static let trajectoriesWaitingMax = 16_384
    /// Bytes of those as they are stored, about half of their JSON.
    package static let trajectoryBytesMax = 4_294_967_296
    /// Groups of one environment that wait for others to make up its size; choosing among them takes milliseconds.
    package static let trajectoriesBufferedMax = 1_024
    /// Environments of one run; those that restart get a new number each time.
    package static let environmentsMax = 4_096
    /// Sequences of one batch; as many as the groups that may wait have at most.
    package static let trajectoryBatchMax = 16_777_216
    /// Batches formed at once: each looks at the whole queue, and others wait for the writer meanwhile.
    package static let batchesFormedMax = 64
    /// How long a trainer may take over a batch before another, or the same, is given it again; an hour is beyond any step that
    /// trainers take, and one that has begun anew registers first and need not wait.
    package static let batchLeaseSeconds = 3_600.0
    /// Longest such time that a trainer may ask for.
    package static let batchLeaseSecondsMax = 86_400.0
    /// How long a repeated post is looked for: Atropos' environments try three times within ten seconds each, after a timeout
    /// of five minutes at most.
    package static let repeatSeconds = 600.0
    /// The same for posts with a key of their own.
    package static let keyedRepeatSeconds = 3_600.0
    /// Posts forgotten by one write.
    package static let postsForgottenPerWrite = 256
    /// The least answer that is compressed, as in Atropos: below, a packet holds it anyway.
    package static let compressedAnswerBytesMin = 1_000

    // MARK: Training that clients drive

    /// Models that clients train at a time, beside the policy; each takes the memory of weights, gradients and moments.
    package static let clientModelsMax = 4
    /// Sessions of such clients; one is a few hundred bytes beside its models.
    package static let clientSessionsMax = 64
    /// A session without a sign of life for so long is over, and its models' memory is given back: its client's heartbeat comes
    /// every ten seconds.
    package static let clientSessionSeconds = 300.0
    /// Requests of one model that wait for their turn; its client sends the next ones before it has the answers.
    package static let clientRequestsWaitingMax = 256
    /// Tokens of all those requests: about 300 MB with their numbers.
    package static let clientTokensWaitingMax = 16_777_216
    /// Sequences of one request to train; the client's own bound.
    package static let clientSequencesMax = 1_024
    /// How long an answer is kept for a client that has not fetched it, or whose connection broke while it did.
    package static let clientAnswerSeconds = 600.0
    /// Bytes of all answers that are kept; the oldest go first.
    package static let clientAnswerBytesMax = 268_435_456
    /// Longest that one request waits for an answer before it is told to ask again; its client gives up after 45 seconds.
    package static let clientAnswerWaitSeconds = 20.0
    /// Versions of a model in memory for sampling; each step of reinforcement learning makes one, and uses the newest.
    package static let clientSamplersPerModelMax = 4
    /// Sampling sessions of one session; its client makes one for each version.
    package static let clientSamplersMax = 4_096
    /// Checkpoints that such clients may keep on disk.
    package static let clientCheckpointsMax = 256
    /// Bytes of a checkpoint's name.
    package static let clientCheckpointNameBytesMax = 100
    /// Ranks of adapters that such clients ask for.
    package static let clientAdapterRankMax = 256
}
