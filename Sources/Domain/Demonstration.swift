// A demonstration: a prompt with a response that the model is to imitate (the paper's long chain-of-thought SFT data).
import StrictJSON

/// Names a demonstration.
package struct DemonstrationID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// A demonstration as a client submits it.
package struct DemonstrationSubmission: Sendable, Equatable {
    /// The client's identifier, or nil for a fresh one.
    package var id: DemonstrationID?
    package var dataset: String
    package var content: PromptContent
    /// What the model is to say, without the token that ends a response.
    package var response: String
    package var metadata: JSONValue

    package init(
        id: DemonstrationID?, dataset: String, content: PromptContent, response: String,
        metadata: JSONValue = .object([])
    ) {
        self.id = id
        self.dataset = dataset
        self.content = content
        self.response = response
        self.metadata = metadata
    }
}

/// The answer to a submitted demonstration.
package struct DemonstrationReceipt: Sendable, Equatable {
    package var id: DemonstrationID
    /// False when the same demonstration was there already.
    package var isNew: Bool
    package init(id: DemonstrationID, isNew: Bool) {
        self.id = id
        self.isNew = isNew
    }
}

/// A stored demonstration.
package struct Demonstration: Sendable, Equatable {
    package var id: DemonstrationID
    package var dataset: String
    package var content: PromptContent
    package var response: String
    package var metadata: JSONValue
    package var createdAt: Timestamp

    package init(
        id: DemonstrationID, dataset: String, content: PromptContent, response: String, metadata: JSONValue,
        createdAt: Timestamp
    ) {
        self.id = id
        self.dataset = dataset
        self.content = content
        self.response = response
        self.metadata = metadata
        self.createdAt = createdAt
    }
}

/// The demonstrations that an update may draw from: the rows of a data set, or of all, up to a mark in the ledger.
package struct DemonstrationPool: Sendable, Equatable {
    /// The ledger's numbers of the demonstrations, rising.
    package var rows: [Int64]
    /// The newest of them: with it the same pool is read again when more have come.
    package var through: Int64
    package init(rows: [Int64], through: Int64) {
        self.rows = rows
        self.through = through
    }
}
