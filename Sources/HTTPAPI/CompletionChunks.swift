// A streamed completion's pieces in OpenAI's forms: what is sent before the first token, each piece, and the end.
import Domain
import Service
import StrictJSON

/// What writes the pieces of one streamed answer.
protocol CompletionChunks: Sendable {
    /// What is sent before anything was sampled.
    mutating func beginning() -> [JSONValue]
    /// More of a choice.
    mutating func chunk(_ piece: CompletionPiece) -> JSONValue
    /// What is sent when all choices have ended.
    func ending() -> [JSONValue]
}

/// What both forms share: which choice a piece belongs to, and how many tokens there were.
struct ChunkCounts: Sendable {
    private let prompts: [CompletionResult]
    private let samples: Int
    private let streaming: SamplingFields.StreamOptions
    private var completionTokens = 0

    /// Counts for a stream's prompts with so many samples each.
    init(_ prompts: [CompletionResult], samples: Int, _ streaming: SamplingFields.StreamOptions) {
        self.prompts = prompts
        self.samples = samples
        self.streaming = streaming
    }

    /// All choices, prompt-major.
    var choices: Range<Int> { 0..<prompts.count * samples }

    /// The prompt of a choice.
    func prompt(of choice: Int) -> CompletionResult? {
        let place = choice / max(samples, 1)
        return prompts.indices.contains(place) ? prompts[place] : nil
    }

    /// Counts a piece; returns its choice's index in the answer.
    mutating func take(_ piece: CompletionPiece) -> Int {
        completionTokens += piece.more.tokenIDs.count
        return piece.request * samples + piece.choice
    }

    /// A chunk with these choices. When usage comes at the end, OpenAI's other chunks say null.
    func chunk(_ title: AnswerTitle, _ kind: String, _ choices: [JSONValue]) -> JSONValue {
        let usage = streaming.includesUsage ? [JSONMember("usage", .null)] : []
        return title.json(kind, [JSONMember("choices", .array(choices))] + usage)
    }

    /// The chunk with the usage, if it was asked for.
    func ending(_ title: AnswerTitle, _ kind: String) -> [JSONValue] {
        guard streaming.includesUsage else { return [] }
        let prompt = prompts.reduce(0) { $0 + $1.promptTokenIDs.count }
        return [
            title.json(
                kind,
                [
                    JSONMember("choices", .array([])),
                    JSONMember("usage", usageJSON(prompt: prompt, completion: completionTokens)),
                ])
        ]
    }
}

/// The pieces of `/v1/completions`.
struct TextChunks: CompletionChunks {
    private static let kind = "text_completion"

    private let request: TextCompletion
    private let title: AnswerTitle
    private var counts: ChunkCounts
    /// Where the next token's text begins in each choice.
    private var offsets: [Int]
    /// Choices that were told which tokens their prompt has.
    private var begun: Set<Int> = []

    /// Pieces of the answer to a request.
    init(_ request: TextCompletion, _ prompts: [CompletionResult], _ title: AnswerTitle) {
        self.request = request
        self.title = title
        counts = ChunkCounts(
            prompts, samples: request.fields.count, request.fields.streaming ?? .init(includesUsage: false))
        offsets = counts.choices.map { _ in 0 }
    }

    /// With `echo` each choice begins with its prompt.
    mutating func beginning() -> [JSONValue] {
        guard request.echo else { return [] }
        return counts.choices.compactMap { choice in
            counts.prompt(of: choice).map { prompt in
                chunk(choice, text: prompt.promptText, tokens: request.tokens(of: prompt), ids: [], nil)
            }
        }
    }

    /// More of a choice.
    mutating func chunk(_ piece: CompletionPiece) -> JSONValue {
        chunk(
            counts.take(piece), text: piece.more.text, tokens: request.tokens(of: piece.more), ids: piece.more.tokenIDs,
            piece.finishReason)
    }

    /// The usage, if it was asked for.
    func ending() -> [JSONValue] { counts.ending(title, Self.kind) }

    private mutating func chunk(
        _ choice: Int, text: String, tokens: [TextCompletion.Token], ids: [Int32], _ reason: FinishReason?
    ) -> JSONValue {
        var logprobs = JSONValue.null
        if request.hasLogprobs, offsets.indices.contains(choice) {
            (logprobs, offsets[choice]) = request.logprobs(tokens, from: offsets[choice])
        }
        var members = [
            JSONMember("index", .integer(Int64(choice))), JSONMember("text", .string(text)),
            JSONMember("logprobs", logprobs),
            JSONMember("finish_reason", reason.map { .string($0.rawValue) } ?? .null),
        ]
        if request.fields.returnsTokenIDs {
            if begun.insert(choice).inserted {
                members.append(
                    JSONMember("prompt_token_ids", .integers32(counts.prompt(of: choice)?.promptTokenIDs ?? [])))
            }
            members.append(JSONMember("token_ids", .integers32(ids)))
        }
        return counts.chunk(title, Self.kind, [.object(members)])
    }
}

/// The pieces of `/v1/chat/completions`.
struct ChatChunks: CompletionChunks {
    private static let kind = "chat.completion.chunk"

    private let request: ChatCompletion
    private let title: AnswerTitle
    private var counts: ChunkCounts

    /// Pieces of the answer to a request.
    init(_ request: ChatCompletion, _ prompts: [CompletionResult], _ title: AnswerTitle) {
        self.request = request
        self.title = title
        counts = ChunkCounts(
            prompts, samples: request.fields.count, request.fields.streaming ?? .init(includesUsage: false))
    }

    /// Each choice begins with who speaks; the first says which tokens the prompt has.
    mutating func beginning() -> [JSONValue] {
        let role = JSONValue.members(["role": .string("assistant"), "content": .string("")])
        return counts.choices.map { choice in
            let chunk = counts.chunk(title, Self.kind, [.object(members(choice, delta: role, nil))])
            guard choice == 0, request.fields.returnsTokenIDs, case .object(let whole) = chunk,
                let prompt = counts.prompt(of: 0)
            else { return chunk }
            return .object(whole + [JSONMember("prompt_token_ids", .integers32(prompt.promptTokenIDs))])
        }
    }

    /// More of a choice.
    mutating func chunk(_ piece: CompletionPiece) -> JSONValue {
        let choice = counts.take(piece)
        let delta = piece.more.text.isEmpty ? JSONValue.object([]) : .members(["content": .string(piece.more.text)])
        var choiceMembers = members(choice, delta: delta, piece.finishReason)
        if request.hasLogprobs { choiceMembers.append(JSONMember("logprobs", request.logprobs(piece.more))) }
        if request.fields.returnsTokenIDs {
            choiceMembers.append(JSONMember("token_ids", .integers32(piece.more.tokenIDs)))
        }
        return counts.chunk(title, Self.kind, [.object(choiceMembers)])
    }

    /// The usage, if it was asked for.
    func ending() -> [JSONValue] { counts.ending(title, Self.kind) }

    private func members(_ choice: Int, delta: JSONValue, _ reason: FinishReason?) -> [JSONMember] {
        [
            JSONMember("index", .integer(Int64(choice))), JSONMember("delta", delta),
            JSONMember("finish_reason", reason.map { .string($0.rawValue) } ?? .null),
        ]
    }
}
