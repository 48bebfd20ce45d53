// Every bound of the system, with its reason; those of evaluations, data sets, pages and other systems' protocols are in the
// files beside this one. No bound is written anywhere else; modules that do not know Domain get theirs through init.

/// All bounds.
package enum Limits {
    // MARK: Identifiers and strings

    /// Long enough for a path-like id of a data set and a row, short enough for an index page.
    package static let identifierBytesMax = 200
    /// Characters (Unicode scalars, as JSON Schema counts) of a data set's, worker's or generator's name; as identifiers.
    package static let nameLengthMax = 200
    /// A list of names by commas in a query, each known and so none needed twice.
    package static let fieldListBytesMax = 1_000
    /// A prompt: 4,096 tokens (Klear-Reasoner's prompt limit) at up to 16 bytes.
    package static let promptBytesMax = 65_536
    /// Messages in one conversation.
    package static let messagesMax = 64
    /// Items of one answer in the form of OpenAI's responses: reasoning, messages and tool calls of a long run.
    package static let outputItemsMax = 4_096
    /// A client's metadata object, as JSON text.
    package static let metadataBytesMax = 16_384
    /// A response: 65,536 tokens (the paper's longest) at 16 bytes.
    package static let responseBytesMax = 1_048_576
    /// The paper's longest response.
    package static let tokensMax = 65_536
    /// The largest token id we store: vocabularies today stay under 300,000.
    package static let tokenIDMax = 1_000_000
    /// Extracted answers and programs are excerpts for people.
    package static let extractedBytesMax = 4_096

    // MARK: Batches and requests

    /// The wire contract's batch limit for scoring.
    package static let scoreItemsMax = 1_024
    /// Prompts in one request: a data set goes in by pages.
    package static let promptsPerRequestMax = 1_024
    /// Prompts in one NDJSON body: a data set of short prompts in a few requests.
    package static let promptLinesMax = 16_384
    /// Demonstrations in one request, as prompts; the body's limit holds long ones to fewer.
    package static let demonstrationsPerRequestMax = 1_024
    /// Rollouts that one request may send back to the judges; more by more requests.
    package static let rescoreMax = 100_000
    /// Groups that one request may open: as many as rollouts, which take far more.
    package static let groupsPerRequestMax = 256
    /// Rollouts that an operator may name in one request; more by a filter. SQLite takes 32,766 parameters.
    package static let steeredIDsMax = 1_024
    /// Rollouts held in memory at once while they are exported: 16 of the longest are about 20 MB of JSON.
    package static let exportPageRows = 16
    /// A row group of an export's columns: so many rollouts, or about so many bytes of JSON.
    package static let exportGroupRows = 128
    package static let exportGroupBytes = 8_388_608
    /// Rollouts stored together by an import.
    package static let importRowsPerWrite = 64
    /// Judgements of one imported rollout: nobody judges again so often.
    package static let importedJudgementsMax = 1_000
    /// Regraded groups that a re-score's report looks at: a few megabytes of names and rewards.
    package static let rescoreGroupsMax = 20_000
    /// Sequences (prompts times n) of one completion request: as many as a group has.
    package static let completionSequencesMax = 64
    /// Sequences of all completion requests that wait or are sampled before others are answered 429: four of the largest
    /// requests, which two threads with 16 places of their own for them take in a few rounds.
    package static let completionSequencesInFlightMax = 256
    /// Seconds that a completion waits while sampling is paused, before it is answered 503: longer than a trainer takes to
    /// exchange a small model's weights, shorter than the minute after which proxies give up.
    package static let pausedCompletionSeconds = 30.0
    /// Seconds that a pause waits for the completions under way: as long as the slowest of them may take.
    package static let pauseWaitSecondsMax = 600.0
    /// Pinned policies that the list of models has beside the newest; checkpoints beyond are old enough to be asked for by
    /// their numbers, which `/v1/policies` lists.
    package static let pinnedModelsMax = 100
    /// Likeliest tokens told with each sampled one; as OpenAI's interface.
    package static let topLogprobsMax = 20
    /// Largest repetition penalty, and one through it the smallest: beyond it nothing that was seen comes again.
    package static let repetitionPenaltyMax = 100.0
    /// Stop strings of one completion request, and the bytes of one.
    package static let stopStringsMax = 16
    package static let stopBytesMax = 256
    /// Rollouts in one request: 256 of 4,096 tokens are about 16 MB of JSON.
    package static let rolloutsPerRequestMax = 256
    /// One request body; holds 256 rollouts of 4,096 tokens twice over.
    package static let bodyBytesMax = 33_554_432
    /// All request bodies that are being read or decoded; an eighth of a small machine's memory, or eight of the largest.
    package static let bodyBytesInFlightMax = 268_435_456
    /// All headers of a request.
    package static let headerBytesMax = 16_384
    /// Heaps of the allocator; with four, posts at full load are as fast as with one for each thread.
    package static let heapsMax: Int32 = 4
    /// Seconds after which memory that is free is given back to the kernel.
    package static let memoryReleaseSeconds = 30.0
    /// Bytes taken from a connection at once: a megabyte of body then passes from the event loop to its reader in a few steps,
    /// each of which waits for a thread, not in sixteen.
    package static let receiveBytesMax = 1_048_576
    /// Deepest nesting of JSON we read; the contract needs 8.
    package static let jsonDepthMax = 64
    /// The largest cursor of a listing: 2^53 - 1, which every reader of JSON has exactly.
    package static let cursorMax = 9_007_199_254_740_991
    /// Rows of one page of a listing.
    package static let pageRowsMax = 200
    /// Longest a client may ask us to wait for something.
    package static let waitSecondsMax = 60.0
    /// A client that sends slower than a body in this time holds a connection for nothing.
    package static let requestReadSecondsMax = 30.0
    /// Open connections; each costs about 20 kB.
    package static let connectionsMax = 1_024

    // MARK: Groups, leases and queues

    /// Runs of each method of a comparison: each is a ledger and its checkpoints on disk, 130 MB with the built-in model.
    package static let comparisonSeedsMax = 100
    /// Rollouts of one group.
    package static let groupSizeMax = 64
    /// Groups or rollouts in one lease.
    package static let leaseItemsMax = 64
    /// A worker that is silent for so long has lost its lease.
    package static let leaseSeconds = 120.0
    /// Longest lease a worker may ask for: a dead worker must not hold work for longer.
    package static let leaseSecondsMax = 3_600.0
    /// Work handed out so often without a result is given up and shown.
    package static let leaseAttemptsMax = 5
    /// A rollout that could not be judged so often stays undetermined until somebody asks again.
    package static let scoringAttemptsMax = 3
    /// Rollouts waiting for a judge before intake answers 429.
    package static let scoringQueueMax = 20_000
    /// Writes waiting for the one writer before intake answers 503.
    package static let pendingWritesMax = 4_096
    /// Bytes waiting for the one writer before intake answers 503; with `pendingWritesMax` this bounds its memory.
    package static let pendingWriteBytesMax = 268_435_456
    /// Bytes that share one transaction: at 300 MB/s of disk the others wait a quarter of a second.
    package static let transactionBytesMax = 67_108_864
    /// Rows that one upkeep write changes (retiring, taking back, sending to the judges again): others wait meanwhile.
    package static let upkeepRowsPerWrite = 1_024
    /// Writes that share one transaction.
    package static let writesPerTransactionMax = 256
    /// Bytes written before the log is copied into the database file: often enough that each time is short.
    package static let logBytesPerCheckpoint = 8_388_608
    /// Length of the write-ahead log at which the writer itself stops to finish its copy: writing the same pages of a short file
    /// again costs less than growing a long one, and what is synced then is bounded with it.
    package static let logBytesMax = 67_108_864

    // MARK: Backups

    /// Backups in the server's directory for them: a year of weekly ones and a month of daily ones.
    package static let backupsMax = 100
    /// A file's name, and room for the suffixes of its companions.
    package static let backupNameBytesMax = 100

    // MARK: Keys

    /// Keys that one ledger may hold, revoked ones included: all are in memory, at some 300 bytes.
    package static let keysMax = 10_000
    /// Longest life that a key may be given, in days; ten years are as good as none.
    package static let keyDaysMax = 3_650.0
    /// Most turns of one key beside another's: beyond it the other hardly moves.
    package static let keyWeightMax = 100
    /// The largest rate of a quota; what is larger is no bound.
    package static let quotaMax = 1_000_000.0
    /// How much of its rate a key may use at once, in seconds of it.
    package static let requestBurstSeconds = 2.0
    /// Rollouts that a key of weight 1 has judged before the next key's turn: a lease of 64 serves eight keys.
    package static let laneQuantum = 8
    /// Failed attempts that one address may make in a row before it is told to wait.
    package static let failedAttemptsMax = 10
    /// Seconds after which one more failed attempt is answered: ten a minute are a person, more are a program.
    package static let failedAttemptSeconds = 6.0
    /// Addresses whose failed attempts are remembered; an attacker with more of them has the oldest forgotten.
    package static let failedAddressesMax = 4_096
    /// A line of the audit log beyond this is cut: a screenful.
    package static let auditDetailBytesMax = 4_096
    /// Seconds between two looks at the stored keys: a key that was made or revoked by command counts within twice that.
    package static let keyPollSeconds = 1.0
    /// Seconds between two notes of when keys were last used; each is a write.
    package static let keyUseFlushSeconds = 60.0

    // MARK: Judges on other hosts

    /// Task and response texts of one scoring lease together, but for the first piece: what a worker must hold in memory
    /// several times over, and what one answer carries.
    package static let leaseWorkBytesMax = 33_554_432
    /// The longest answer a worker reads: the bytes above and one largest piece beyond, each twice over for escapes.
    package static let leaseAnswerBytesMax = 134_217_728
    /// Verdicts in one post of a worker: a quarter of the body limit, as a verdict has up to 2 MB of cases.
    package static let verdictPostBytesMax = 8_388_608
    /// How long a worker's request for work waits at the server: also how long an idle worker takes to stop.
    package static let workerPollSeconds = 5.0
    /// Time for one exchange of a worker beside the waiting asked for: a large lease over a slow line.
    package static let workerRequestSecondsMax = 60.0
    /// Longest pause between two tries while a server is away: work waits so long after its return.
    package static let workerRetrySecondsMax = 30.0
    /// Longest time a stopping worker or server may be given to finish; supervisors kill after 90 s by default.
    package static let shutdownSecondsMax = 600.0

    // MARK: Graders

    /// Graders of one `multi`: each may run a program.
    package static let gradersMax = 16
    /// A template, and a text that it makes: the bit-parallel comparison of two takes about 0.1 s.
    package static let graderTextBytesMax = 65_536
    /// Texts and places of one template.
    package static let graderTemplatePartsMax = 256
    /// The item of a grader, as JSON; it goes into the sandbox as one argument.
    package static let graderItemBytesMax = 1_048_576
    /// A formula's bytes and levels: a sum over all graders with weights has some hundred bytes and two levels.
    package static let graderFormulaBytesMax = 2_048
    package static let graderFormulaDepthMax = 32
    /// CPU seconds and memory, in MiB, of a grader's program: OpenAI allows two minutes and 1 GB; a verdict in training cannot wait so
    /// long.
    package static let graderCPUSeconds = 10.0
    package static let graderMemoryMegabytes = 512

    // MARK: Math verdicts

    /// The longest extracted answer that is read; the longest gold of the public sets is under 4 kB.
    package static let mathCandidateBytesMax = 8_192
    /// How far before the last box tied ones are looked for: room for the longest answer in as many parts as are allowed.
    package static let mathWindowBytesMax = 32_768
    /// Tokens of one answer: every token is at least a byte, and a long answer has a few hundred.
    package static let mathTokensMax = 4_096
    /// Nesting of one expression; real answers stay under 12. Bounds the parser's stack: a level costs up to 12 kB in a debug
    /// build, and a worker thread may have 512 kB.
    package static let mathDepthMax = 24
    /// Nesting of lists, sets, tuples and names around expressions, for the same reason.
    package static let mathFormDepthMax = 12
    /// Ranges tried as answers in one reading: each is a scan of its tokens.
    package static let mathReadingsMax = 4_096
    /// Expression nodes of one comparison, both sides and the resolved signs together.
    package static let mathNodesMax = 16_384
    /// Bits of an exact number: 2^4096 and 500! fit, and one multiplication takes microseconds.
    package static let mathBitsMax = 8_192
    /// Units of work of one verdict, all references together: a unit is a multiplication of 256-bit numbers, some
    /// 10 ns and at worst 30, so that no verdict passes 20 ms. Exact arithmetic may take two fifths of it.
    package static let mathWorkMax = 600_000
    /// Units of work that the numbers of one answer may take to read: a dozen with a thousand digits each.
    package static let mathLiteralWorkMax = 200_000
    /// Bits of a number whose higher root is sought by Newton's iteration.
    package static let mathRootBitsMax = 2_048
    /// Largest factorial or binomial taken exactly; 500! has 3,767 bits.
    package static let mathFactorialMax = 500
    /// Items of a list, set, tuple or matrix: what the longest answer that is read can hold.
    package static let mathItemsMax = 2_048
    /// Boxes that are taken together as one list; each is compared with all before it.
    package static let mathBoxesMax = 256
    /// Pairs of items tried in matching two unordered lists that hold more than exact numbers.
    package static let mathMatchesMax = 16_384
    /// Boxes without an end that are passed over in search of a whole one; each costs a scan of the text.
    package static let mathUnfinishedBoxesMax = 4
    /// How far back from the end of a text without a box an answer is looked for.
    package static let mathTailBytesMax = 16_384

    // MARK: Tasks

    /// Accepted answers of one math task.
    package static let mathAnswersMax = 64
    /// One reference answer.
    package static let mathAnswerBytesMax = 8_192
    /// Tests of one code task; LiveCodeBench has at most about 100.
    package static let codeTestsMax = 512
    /// Cases of one verdict: assertions are counted only when they are read, and so many fit their text.
    package static let codeCasesMax = 32_768
    /// Output, messages of the compiler or standard error in a verdict; a screenful.
    package static let codeExcerptBytesMax = 4_096
    /// Seconds that one program may spend in tests that run out of time; the tests after that count as out of time
    /// without being run. Ten tests of the default limit to their backstop; a queue behind it still moves.
    package static let codeLateSecondsMax = 60.0
    /// Seconds for all tests of one program: a program that stays just below each limit must not hold a jail for hours. If
    /// all that ran were right, the verdict is undetermined.
    package static let codeProgramSecondsMax = 600.0
    /// Jails that are tried for one program when they break.
    package static let codeJudgingAttemptsMax = 3
    /// Input plus expected output of one test.
    package static let codeTestBytesMax = 4_194_304
    /// All of a task.
    package static let taskBytesMax = 16_777_216
    /// Statements of an assertion task.
    package static let assertionsBytesMax = 262_144
    /// Arguments of one call; Python functions of tests have fewer than ten.
    package static let callArgumentsMax = 256
    /// Longest CPU time a task may give a test.
    package static let codeTimeLimitSecondsMax = 30.0
    /// Shortest, below which start-up noise decides.
    package static let codeTimeLimitSecondsMin = 0.1
    /// Most memory a task may give a test, in MiB; several must fit the machine.
    package static let codeMemoryMegabytesMax = 2_048
    /// Memory of a program that a client runs without saying how much, in MiB.
    package static let programMemoryMegabytes = 1_024
    /// Longest wait of such a program for a place in the sandbox: clients that allow a minute have gone by then.
    package static let programQueueSecondsMax = 60.0
    /// Least memory with which Python starts, in MiB.
    package static let codeMemoryMegabytesMin = 32
    /// A program longer than any contest accepts.
    package static let codeSourceBytesMax = 131_072

    // MARK: Learning

    /// Groups of one update: the paper trains on 128 and generates 256.
    package static let groupsPerUpdateMax = 1_024
    /// Optimiser steps per pass over an update's groups; the paper takes 4 and 8.
    package static let miniBatchesMax = 256
    /// Passes over an update's groups.
    package static let epochsMax = 16
    /// Demonstrations of one update: four of the paper's batches.
    package static let demonstrationsPerUpdateMax = 4_096
    /// Stages of one training plan; the paper has three.
    package static let stagesMax = 32
    /// How many versions back the weights of a rollout's policy are always kept: rollouts are checked against them.
    package static let recordedStalenessMax = 7
    /// Versions after which a rollout is too old; beyond this the ratio says nothing any more.
    package static let stalenessMax = 1_000

    // MARK: Retention

    /// Rollouts whose bodies one write replaces by packed ones: a millisecond or two for the posts behind it.
    package static let compactionRowsPerWrite = 32
    /// Bytes of bodies that are read, packed and replaced together, beyond the first.
    package static let compactionBytesPerWrite = 4_194_304
    /// Bodies below this many bytes stay as they are: three frames and a row cost more than they save.
    package static let compactionBodyBytesMin = 512
    /// Rollouts that one write deletes, whole groups.
    package static let retentionRowsPerWrite = 256
    /// Groups that one request deletes or counts; more by more requests.
    package static let retentionGroupsMax = 100_000
    /// Days, bytes and updates that retention may be told to keep: a century, an exbibyte, all updates there can be.
    package static let retentionDaysMax = 36_500.0
    package static let retentionBytesMax = 1_152_921_504_606_846_976
    package static let retentionUpdatesMax = 1_000_000_000
    /// How long a client waits when the size budget is used up: retention looks that often or oftener.
    package static let retentionRetrySeconds = 30.0

    // MARK: Watching

    /// Workers whose leases the status page lists; more fill screens, and the metrics count them all.
    package static let leaseWorkersShown = 32
    /// Kept events of each type: a day of updates at one in twenty seconds, half a minute of groups at full load.
    package static let eventsKeptPerType = 4_096
    /// Events in memory, for watchers that are behind: half a minute at full load.
    package static let eventsInMemory = 8_192
    /// Bytes of those.
    package static let eventBytesInMemory = 16_777_216
    /// Rollouts that one event lists; it counts them all.
    package static let eventItemsMax = 64
    /// Bytes that a watcher is sent at once; with its socket's buffers all that it costs.
    package static let eventChunkBytes = 65_536
    /// Open streams of events, each a connection and a task: an eighth of all connections.
    package static let eventWatchersMax = 128
    /// A stream without events gives a sign of life, so that proxies (60 s) and NATs keep it and its end is noticed.
    package static let eventHeartbeatSeconds = 15.0
    /// Events gather for so long: a watcher costs at most twenty writes a second, and is at most so late.
    package static let eventGatherSeconds = 0.05
}
