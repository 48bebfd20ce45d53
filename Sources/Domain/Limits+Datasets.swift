// The bounds of imported data sets: files, rows, and the formats inside them.

extension Limits {
    /// One line or row of a file, as JSON: as many tests as a task may have (`datasetTaskBytesMax`), packed as LiveCodeBench does.
    package static let datasetRowBytesMax = 201_326_592
    /// Tests of one imported code task; CodeContests' longest has some 2,000 with the generated ones.
    package static let datasetTestsMax = 4_096
    /// Input plus expected output of one imported test: a contest's largest input is a few million numbers.
    package static let datasetTestBytesMax = 67_108_864
    /// All tests of an imported task: LiveCodeBench's longest unpack to over a hundred megabytes.
    package static let datasetTaskBytesMax = 268_435_456
    /// A task as JSON from which on the ledger packs it, in a table of its own that listings do not read.
    package static let packedTaskBytesMin = 65_536
    /// Bytes of JSON of the longest task, with every line's end as an escape.
    package static let taskTextBytesMax = 2 * datasetTaskBytesMax + 1_048_576
    /// Tasks of one page of prompts; a contest's tests may be a hundred megabytes, and such a prompt is a page by itself.
    package static let promptPageBytesMax = 33_554_432
    /// Task and response of one rollout that is leased to a worker on another host: with escapes, half of the answer that it reads.
    package static let leasePieceBytesMax = leaseAnswerBytesMax / 2
    /// Inputs that go into a jail at a time; longer tasks are judged in several jails, one after the other.
    package static let codePartBytesMax = 16_777_216
    /// What the packed tests of one row may unpack to.
    package static let datasetUnpackedBytesMax = 268_435_456
    /// Values of one row: a hundred tests of ten thousand numbers.
    package static let datasetRowValuesMax = 1_000_000
    /// Rows of one file; the largest public sets have a million.
    package static let datasetRowsMax = 16_777_216
    /// Rows that are refused and listed one by one; more are only counted, as nobody reads on.
    package static let datasetFaultsListed = 1_000
    /// Rows that a preview shows; a screenful.
    package static let datasetPreviewRows = 5
    /// Rows that the recognising of a file's format looks at, should the first ones be broken.
    package static let datasetProbeRows = 16
    /// A value of a row that is kept in metadata, to group by; longer ones are texts.
    package static let datasetLabelBytesMax = 200
    /// A Parquet file's footer: row groups times columns, some hundred bytes each.
    package static let parquetFooterBytesMax = 33_554_432
    /// Values of one footer or page header; each takes some 40 bytes of memory.
    package static let parquetThriftValuesMax = 2_000_000
    /// Columns, nested ones included, and how deep they nest.
    package static let parquetColumnsMax = 1_024
    package static let parquetDepthMax = 32
    /// A page's header with its statistics.
    package static let parquetPageHeaderBytesMax = 1_048_576
    /// One page, unpacked. Writers cut pages at a megabyte but look at that only every thousand rows, which may be long.
    package static let parquetPageBytesMax = 1_073_741_824
    /// Values nested in a pickle, and how deep: tests are a list of small dictionaries at most.
    package static let pickleValuesMax = 1_000_000
    package static let pickleDepthMax = 16
}
