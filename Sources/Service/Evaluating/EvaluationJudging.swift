// Judges the samples of an evaluation as they come: one task reads the ledger, some judge, and each verdict is stored by itself.
import Domain
import Storage

/// The judges of one session of an evaluation.
struct EvaluationJudging: Sendable {
    let ledger: Ledger
    let judge: Judge
    let id: EvaluationID
    let session: EvaluationSession
    /// Told of each verdict that was stored.
    let judged: @Sendable (Verdict) -> Void

    /// Judges until sampling is over and nothing is left, or the task is cancelled.
    func run() async throws {
        let queue = JudgingQueue()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { queue.close() }
                try await feed(queue)
            }
            for _ in 0..<judge.codeConcurrency { group.addTask { try await work(queue, .programs, 1) } }
            for _ in 0..<Limits.evaluationMathJudges {
                group.addTask { try await work(queue, .mathematics, Limits.evaluationMathChunk) }
            }
            try await group.waitForAll()
        }
    }

    /// Puts in what the ledger has without a verdict. Rows are read once each: a sample's row is newer than those before it.
    private func feed(_ queue: JudgingQueue) async throws {
        var last: Int64 = 0
        while !Task.isCancelled {
            let seen = session.changes.generation
            let isLast = session.isSampled
            let room = queue.room
            if room.count > 0 {
                let after = last
                let works = try await whole {
                    try await ledger.unjudgedSamples(
                        of: id, after: after, limit: room.count, bytes: room.bytes, isFirstFree: room.isEmpty)
                }
                if let newest = works.last {
                    last = newest.seq
                    queue.put(works)
                    continue
                }
                // Nothing came although anything would have fitted.
                if isLast, room.isEmpty { return }
            }
            await session.changes.wait(beyond: seen, seconds: 1)
        }
    }

    private func work(_ queue: JudgingQueue, _ lane: JudgingQueue.Lane, _ count: Int) async throws {
        while !Task.isCancelled {
            let seen = queue.arrivals.generation
            let isClosed = queue.isClosed
            let works = queue.take(lane, max: count)
            guard !works.isEmpty else {
                if isClosed { return }
                await queue.arrivals.wait(beyond: seen, seconds: 60)
                continue
            }
            let found = await judge.judge(works.map { JudgeItem(response: $0.response, task: $0.task) })
            // A stop tears the sandbox down under its programs: such a verdict says nothing of them.
            guard !Task.isCancelled else { return }
            try await ledger.record(sampleVerdicts: zip(works, found).map { ($0.seq, $1.verdict) })
            queue.giveBack(works)
            for judgement in found { judged(judgement.verdict) }
            session.changes.notify()
        }
    }
}

/// Work that comes to its end although the task was cancelled: reads of a cancelled task end early.
func whole<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await Task(operation: work).value
}
