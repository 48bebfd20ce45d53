// What a ledger says of a whole run of learning, without its curves.

/// A run in a few lines: how far it is and how it did on held-out prompts.
package struct RunOutline: Sendable, Equatable {
    /// The number of the last migration that its ledger has.
    package var schema: Int
    /// The first and last version that an update made; nil when there is none.
    package var whole: ClosedRange<Int>?
    /// The last update.
    package var newest: UpdateRecord?
    /// The names of the numbers that its updates record, as a few updates over the whole run have them.
    package var metrics: [String]
    /// Measurements of all held-out prompts, of mathematics and of code, oldest first; the last
    /// `Limits.runEvaluationsMax` of them.
    package var evaluations: [EvaluationRecord]

    package init(
        schema: Int, whole: ClosedRange<Int>?, newest: UpdateRecord?, metrics: [String] = [],
        evaluations: [EvaluationRecord]
    ) {
        self.schema = schema
        self.whole = whole
        self.newest = newest
        self.metrics = metrics
        self.evaluations = evaluations
    }
}
