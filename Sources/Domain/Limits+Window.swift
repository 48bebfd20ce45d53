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
    /// Ledgers of a directory of runs that are looked into: eight methods with eight seeds.
    package static let runsListedMax = 64
    /// Bytes of a run's name in a query: a directory's and a file's, each at most 255.
    package static let runNameBytesMax = 511
    /// Names in a directory of runs, and directories in it, that are looked at: a page must not walk a disk.
    package static let runFilesMax = 2_000
    package static let runDirectoriesMax = 32
    /// Held-out measurements of a run that are read: of three kinds, so the last 1,000 measured versions.
    package static let runEvaluationsMax = 3_000
    /// Updates of other ledgers that stay in memory over all runs: about 40 MB at forty numbers each.
    package static let runPointsKept = 40_000
    /// Letters of an update's numbers in another ledger: forty of them are 2 KB.
    package static let updateMetricsLengthMax = 200_000
    /// Names of metrics of which one copy is kept for all runs; some forty exist.
    package static let metricNamesShared = 1_000
    /// Methods in one chart: five colours, each as a whole line and in two dashes.
    package static let comparedMethodsMax = 15
    /// Charts of a comparison on one page.
    package static let comparedChartsMax = 16
    /// Points of all lines on a page of comparisons: a megabyte of SVG, and half of the time that a page may take.
    package static let comparedPointsMax = 40_000
    /// Names of data sets that are read to tell a mistyped one, and of these the ones that a page offers.
    package static let datasetNamesRead = 1_000
    package static let datasetNamesShown = 20
}
