// What the learner tells whoever watches: the terminal, the log. The status page reads the board instead.
import Domain

/// One thing that happened while learning.
package enum LearningEvent: Sendable {
    /// A step of the cold start; `fraction` is 0 to 1 of the most steps it may take.
    case coldStart(step: Int, fraction: Double, loss: Double, detail: String)
    /// The cold start is over.
    case coldStartDone(steps: Int, seconds: Double, reason: String)
    /// A checkpoint was found and learning goes on from it.
    case resumed(version: PolicyVersion)
    /// An update was committed.
    case updated(UpdateRecord)
    /// A stage of the run begins, after the version named; nil updates has no end.
    case stage(String, from: PolicyVersion, updates: Int?)
    /// An earlier policy became the newest version.
    case rolledBack(to: PolicyVersion, version: PolicyVersion)
    /// The held-out prompts were measured.
    case evaluated([EvaluationRecord])
    /// Something is wrong with learning, in a sentence.
    case alarm(String)
    /// The learner rests, for this reason.
    case paused(String)
}

/// Takes events; must return quickly.
package typealias LearningEventHandler = @Sendable (LearningEvent) -> Void
