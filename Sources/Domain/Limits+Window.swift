// The bounds of what pages show of learning, and of what an update records for them; Limits.swift has all others.

extension Limits {
    /// Tokens beyond the clip range that an update records: the most telling, a few screens of them.
    package static let keptTokensPerUpdate = 64
    /// Of those, the tokens of one rollout: one that moved far would fill the list.
    package static let keptTokensPerRollout = 4
    /// Tokens before and after a recorded one: a line of text.
    package static let keptContextBefore = 24
    package static let keptContextAfter = 12
    /// Tokens of a response that a page colours at once, each an element with its numbers; the page has links to the rest.
    package static let tokensPerView = 768
    /// Points of a curve on a page: more than its pixels tell nothing.
    package static let curvePoints = 240
    /// Bytes of a list in a page's query: the names of all metrics that it may draw.
    package static let queryListBytesMax = 4_096
    /// Curves that a page of runs draws at once; forty exist.
    package static let curvesMax = 24
    /// Rollouts of a group side by side; a group of the paper has 8, and 64 fill screens.
    package static let groupMembersShown = 32
    /// Bytes of a response on the page of its group; its own page has all of it.
    package static let groupTextBytes = 3_000
    /// Rollouts whose numbers were computed again that are kept in memory: a few hundred kilobytes each at the longest.
    package static let tokenReportsKept = 64
    /// Rollouts that wait for their numbers; a reader opens one after the other.
    package static let tokenReportsWaiting = 8
    /// How long a page waits for numbers before it is sent without them, and asks again.
    package static let tokenReportWaitSeconds = 0.025
    /// Rows of a page's listing: a screen or two, and quick on a phone.
    package static let listedRows = 40
}
