// What can go wrong with a model, its files or a request to it, in a form that says what to do next.

/// One fault: a code to act on, a message for people, a hint on what to do.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A configuration that no model can have.
        case invalidConfiguration = "invalid_configuration"
        /// Bytes that are not what their file name says.
        case invalidFile = "invalid_file"
        /// A valid file that asks for something this implementation does not have.
        case unsupported
        /// A tensor is absent, has another shape or is one too many.
        case wrongTensor = "wrong_tensor"
        /// Tokens, lengths or settings outside what the model takes.
        case invalidInput = "invalid_input"
        /// There is not enough memory for it.
        case insufficientMemory = "insufficient_memory"
        /// The operating system refused to read, write or allocate.
        case system
        /// The caller asked to stop.
        case cancelled
    }

    package var code: Code
    package var message: String
    /// What to do about it; nil when the message says all.
    package var hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message + (hint.map { " (\($0))" } ?? "") }

    /// The same fault, with the file that has it in front unless the message names it.
    func naming(_ path: String) -> ModelError {
        message.contains(path) ? self : ModelError(code, "\(path): \(message)", hint: hint)
    }
}
