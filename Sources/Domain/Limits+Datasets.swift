// The bounds of imported data sets: files, rows, and the formats inside them.

extension Limits {
    /// One line or row of a file, as JSON: LiveCodeBench's longest, with its packed private tests, have some 60 MB.
    package static let datasetRowBytesMax = 134_217_728
    /// What the packed tests of one row may unpack to; beyond `taskBytesMax` most of it is left out anyway.
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
