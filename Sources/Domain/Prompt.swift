// A prompt: what a generator is asked, and what its answer is judged against.
import StrictJSON

/// One message of a conversation, as in the OpenAI chat format.
package struct ChatMessage: Sendable, Equatable {
    package enum Role: String, Sendable, CaseIterable { case system, user, assistant }
    package var role: Role
    package var content: String
    package init(role: Role, content: String) {
        self.role = role
        self.content = content
    }
}

/// What a prompt says: plain text, or a conversation.
package enum PromptContent: Sendable, Equatable {
    case text(String)
    case messages([ChatMessage])
}

/// A stored prompt.
package struct Prompt: Sendable, Equatable {
    package var id: PromptID
    /// The data set it belongs to, as `aime24`; reports are grouped by it.
    package var dataset: String
    package var content: PromptContent
    package var task: VerificationTask
    /// The client's own object; returned as it came.
    package var metadata: JSONValue
    package var createdAt: Timestamp

    package init(
        id: PromptID, dataset: String, content: PromptContent, task: VerificationTask, metadata: JSONValue,
        createdAt: Timestamp
    ) {
        self.id = id
        self.dataset = dataset
        self.content = content
        self.task = task
        self.metadata = metadata
        self.createdAt = createdAt
    }
}

extension Prompt {
    /// The prompt as it is asked.
    package var asked: AskedPrompt {
        AskedPrompt(id: id, dataset: dataset, content: content, metadata: metadata)
    }
}

/// A stored prompt as it is asked: all but its task, which is long for contests and no generator's business.
package struct AskedPrompt: Sendable, Equatable {
    package var id: PromptID
    package var dataset: String
    package var content: PromptContent
    /// The client's own object; returned as it came.
    package var metadata: JSONValue

    package init(id: PromptID, dataset: String, content: PromptContent, metadata: JSONValue) {
        self.id = id
        self.dataset = dataset
        self.content = content
        self.metadata = metadata
    }
}

/// A page of prompts.
package struct PromptPage: Sendable, Equatable {
    package var prompts: [Prompt]
    /// The last of them, when more follow.
    package var nextAfter: PromptID?

    package init(prompts: [Prompt], nextAfter: PromptID?) {
        self.prompts = prompts
        self.nextAfter = nextAfter
    }
}

/// A prompt as a client submits it.
package struct PromptSubmission: Sendable, Equatable {
    /// The client's identifier, or nil for a fresh one.
    package var id: PromptID?
    package var dataset: String
    package var content: PromptContent
    package var task: VerificationTask
    package var metadata: JSONValue

    package init(
        id: PromptID?, dataset: String, content: PromptContent, task: VerificationTask,
        metadata: JSONValue = .object([])
    ) {
        self.id = id
        self.dataset = dataset
        self.content = content
        self.task = task
        self.metadata = metadata
    }
}

/// The answer to a submitted prompt.
package struct PromptReceipt: Sendable, Equatable {
    package var id: PromptID
    /// False when the same prompt was there already.
    package var isNew: Bool
    package init(id: PromptID, isNew: Bool) {
        self.id = id
        self.isNew = isNew
    }
}
