// A format in which people have their data sets: a value that says how a row becomes a prompt or a demonstration.
import Domain
import StrictJSON

/// What a row became.
package enum DatasetRecord: Sendable, Equatable {
    case prompt(PromptSubmission)
    case demonstration(DemonstrationSubmission)
}

/// What the person who imports wants beside what the rows say.
package struct ImportWishes: Sendable {
    /// The data set's name, or nil for the format's own, or the file's where the format is that of many sets.
    package var dataset: String?
    /// The name of the file without folders and endings.
    package var fileName: String?
    /// Kept in metadata, and part of ids, where the row does not say it itself.
    package var split: String?
    /// Appended to the last message or the text, as "put your final answer within \boxed{}".
    package var suffix: String?
    /// Leaves tests out that are larger than a task may be, and says how many, instead of refusing the row.
    package var leavesOutLargeTests = false
    /// The first and the last day of the problems that are wanted, as `2024-08-01`; both belong to them.
    package var since: String?
    package var until: String?

    /// Whether a problem of this moment (a day, or more of ISO 8601) is wanted; one without is not, where days are asked for.
    func takes(_ moment: String?) -> Bool {
        guard since != nil || until != nil else { return true }
        guard let day = moment.map({ String($0.prefix(10)) }), day.utf8.count == 10 else { return false }
        return (since ?? day) <= day && day <= (until ?? day)
    }

    package init() {}
}

/// One format.
package struct DatasetFormat: Sendable {
    /// As on the command line.
    package let name: String
    /// One line for people.
    package let summary: String
    /// The top-level fields that are read; columns of a table beside them are passed over.
    package let fields: [String]
    /// Whether rows are to be named after the file: the format is that of many sets.
    let isNamedByFile: Bool
    /// Whether rows say when their problem was set, so that some of them can be chosen by it.
    package let hasDates: Bool
    /// Whether a row looks like one of this format; asked in the order of `all`.
    let recognises: @Sendable (JSONValue) -> Bool
    /// What a row becomes.
    let read: @Sendable (RowReader) throws(InputError) -> DatasetRecord?

    init(
        name: String, summary: String, fields: [String], isNamedByFile: Bool, hasDates: Bool = false,
        recognises: @escaping @Sendable (JSONValue) -> Bool,
        read: @escaping @Sendable (RowReader) throws(InputError) -> DatasetRecord?
    ) {
        self.name = name
        self.summary = summary
        self.fields = fields
        self.isNamedByFile = isNamedByFile
        self.hasDates = hasDates
        self.recognises = recognises
        self.read = read
    }

    /// What a row becomes; nil where its problem is not of the days that are wanted. Throws `InputError` where it says too little
    /// or what cannot be judged.
    package func record(of row: JSONValue, _ wishes: ImportWishes) throws(InputError) -> DatasetRecord? {
        let fallback = isNamedByFile ? wishes.fileName ?? name : name
        return try read(RowReader(row, dataset: wishes.dataset ?? fallback, wishes: wishes))
    }

    /// All formats; of two that recognise a row the first is meant.
    package static let all: [DatasetFormat] = [
        .liveCodeBench, .codeContests, .taco, .apps, .klearCode, .klearMath, .klearBenchmark, .math500, .gsm8k,
        .mathBenchmark,
        .openAIChat,
    ]

    /// The format of this name, or nil.
    package static func named(_ name: String) -> DatasetFormat? { all.first { $0.name == name } }

    /// The format that recognises a row, or nil.
    package static func recognising(_ row: JSONValue) -> DatasetFormat? { all.first { $0.recognises(row) } }
}

extension JSONValue {
    /// Whether this is an object that has all these fields, none of them null.
    func has(_ names: String...) -> Bool { names.allSatisfy { self[$0].map { $0 != .null } ?? false } }
}
