// How many tests a code task may have and how large they may be: it depends on the way by which they come.

/// The bounds of the tests of one code task.
package struct TestBounds: Sendable, Equatable {
    /// How many.
    package var tests: Int
    /// Bytes of input and expected output of one.
    package var testBytes: Int
    /// Bytes of all together.
    package var bytes: Int

    /// What a client may send.
    package static let sent = TestBounds(
        tests: Limits.codeTestsMax, testBytes: Limits.codeTestBytesMax, bytes: Limits.taskBytesMax)
    /// What a data set may bring in, and so what the ledger may hold.
    package static let imported = TestBounds(
        tests: Limits.datasetTestsMax, testBytes: Limits.datasetTestBytesMax, bytes: Limits.datasetTaskBytesMax)
}
