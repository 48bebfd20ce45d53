// From the tokens of one response, as they come, to text that may be told: never a part of a character, never what a stop
// string may still take back. What is told bit by bit is what would be told at once.
import Modeling

/// The text and tokens of one growing response.
///
/// The text ends before the first stop string, the tokens with the one that holds the text's last byte.
struct ResponseAssembler {
    /// What can be told beyond what was told before.
    struct Piece: Equatable {
        var text: String
        /// Places of its tokens in the response.
        var tokens: Range<Int>
    }

    private let tokens: any TokenBytes
    private let hasStops: Bool
    private var matcher: StopStringMatcher
    /// Bytes that were not told yet.
    private var bytes: [UInt8] = []
    /// Bytes that were told.
    private var told = 0
    /// Where each token that was not told begins, in bytes.
    private var starts: [Int] = []
    private var toldTokens = 0

    /// A response without tokens.
    init(_ tokens: any TokenBytes, stop: [String]) {
        self.tokens = tokens
        hasStops = stop.contains { !$0.isEmpty }
        matcher = StopStringMatcher(stop)
    }

    /// Whether a stop string was found: nothing comes after it.
    var isCut: Bool { matcher.found != nil }

    /// Adds a token.
    mutating func take(_ token: Int32) {
        let more = tokens.bytes(of: token)
        starts.append(matcher.count)
        bytes += more
        _ = matcher.take(more)
    }

    /// What can be told now; with the last token of a response, all the rest.
    mutating func piece(isLast: Bool) -> Piece {
        let ready = matcher.found.map { $0 - told } ?? (isLast ? bytes.count : bytes.count - withheld)
        let text = String(decoding: bytes.prefix(ready), as: UTF8.self)
        bytes.removeFirst(min(max(ready, 0), bytes.count))
        told += max(ready, 0)
        // Without stop strings no token can be taken back.
        let isFree = !isCut && (isLast || !hasStops)
        let count = isFree ? starts.count : starts.prefix { $0 < told }.count
        starts.removeFirst(count)
        defer { toldTokens += count }
        return Piece(text: text, tokens: toldTokens..<toldTokens + count)
    }

    /// Bytes at the end that may belong to a stop string, and those of a character before them that is not complete.
    private var withheld: Int {
        let open = min(matcher.open, bytes.count)
        return open + unfinishedBytes(bytes.dropLast(open))
    }
}

/// Bytes at the end, 0 to 3, that begin a character of UTF-8 and do not end it.
private func unfinishedBytes(_ bytes: ArraySlice<UInt8>) -> Int {
    var count = 0
    for byte in bytes.reversed().prefix(3) {
        count += 1
        if byte < 0x80 { return 0 }
        guard byte >= 0xC0 else { continue }
        let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        return length > count ? count : 0
    }
    return 0
}
