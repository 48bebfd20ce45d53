// Completions told while they are sampled. The sampler never waits for a reader: what it draws is kept until it is asked
// for, at most the tokens of the answer (`max_tokens` times `n`), and a reader that is behind gets larger pieces.
import Domain
import Modeling
import Synchronization

/// More of one choice.
package struct CompletionPiece: Sendable {
    /// The place of its request among those that were asked together.
    package var request: Int
    /// The place of the choice among the request's.
    package var choice: Int
    /// Text, tokens and log-probs beyond those before; `finishReason` means nothing here.
    package var more: CompletionResult.Choice
    /// Why the choice ends with this piece; nil while it goes on.
    package var finishReason: FinishReason?
    package init(request: Int, choice: Int, more: CompletionResult.Choice, finishReason: FinishReason?) {
        self.request = request
        self.choice = choice
        self.more = more
        self.finishReason = finishReason
    }
}

/// Admitted requests whose samples are told bit by bit.
package struct CompletionStream: Sendable {
    /// Gives pieces to a reader, in order for each choice, until all choices have ended.
    package typealias Source = @Sendable (_ deliver: (CompletionPiece) async throws -> Void) async throws -> Void

    /// What is known before the first token: version and prompts, without choices.
    package var prompts: [CompletionResult]
    private let source: Source

    package init(prompts: [CompletionResult], source: @escaping Source) {
        self.prompts = prompts
        self.source = source
    }

    /// Samples, and gives each piece to `deliver` as soon as it is there.
    ///
    /// Ends early when the task is cancelled or `deliver` throws. Errors are those of `complete`.
    package func forEach(_ deliver: (CompletionPiece) async throws -> Void) async throws { try await source(deliver) }
}

/// Tokens from the sampler's threads on their way to one reader.
final class DrawnTokens: Sendable {
    private let waiting = Mutex<[DrawnToken]>([])
    /// Comes when there may be more, once for whatever came meanwhile.
    let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init() { (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func put(_ token: DrawnToken) {
        waiting.withLock { $0.append(token) }
        wake.yield()
    }

    /// Nothing more comes.
    func end() { wake.finish() }

    /// All that came since the last time.
    func take() -> [DrawnToken] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}

/// One choice that is told while it is sampled.
struct GrowingChoice {
    let request: Int
    let choice: Int
    private let tokenizer: Tokenizer
    private var assembler: ResponseAssembler
    /// Tokens that were not told yet.
    private var tokens: [DrawnToken] = []

    init(_ work: CompletionWork, request: Int, choice: Int, tokenizer: Tokenizer) {
        self.request = request
        self.choice = choice
        self.tokenizer = tokenizer
        assembler = ResponseAssembler(tokenizer, stop: work.request.stop)
    }

    mutating func take(_ token: DrawnToken) {
        tokens.append(token)
        assembler.take(token.token)
    }

    /// What can be told now, or nil when nothing can.
    mutating func piece() -> CompletionPiece? {
        let reason = tokens.last?.finishReason
        let piece = assembler.piece(isLast: reason != nil)
        guard reason != nil || !piece.tokens.isEmpty || !piece.text.isEmpty else { return nil }
        let told = tokens[..<min(piece.tokens.count, tokens.count)]
        tokens.removeFirst(told.count)
        let more = CompletionResult.Choice(
            text: piece.text, tokenIDs: told.map(\.token), logprobs: told.map(\.processedLogprob),
            tokenTexts: told.map { tokenizer.tokenText($0.token) },
            topLogprobs: told.map { tokenizer.alternatives($0.topLogprobs[...]) }, finishReason: .length)
        return CompletionPiece(
            request: request, choice: choice, more: more,
            finishReason: reason.map { assembler.isCut || $0 == .stop ? .stop : .length })
    }

    /// The end of a choice that has no tokens to sample.
    var empty: CompletionPiece {
        CompletionPiece(
            request: request, choice: choice,
            more: .init(
                text: "", tokenIDs: [], logprobs: [], tokenTexts: [], topLogprobs: [], finishReason: .length),
            finishReason: .length)
    }
}
