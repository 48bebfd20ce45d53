// Finds stop strings in a growing response, byte by byte (Knuth, Morris & Pratt 1977): a string may begin in one token
// and end in another.

/// What tokens stand for, as far as the sampler must know it.
package protocol TokenBytes: Sendable {
    /// The bytes that a token adds to a response's text; none for a special token.
    func bytes(of token: Int32) -> [UInt8]
}

extension Tokenizer: TokenBytes {
    /// The bytes that `decodeBytes` gives for one token.
    package func bytes(of token: Int32) -> [UInt8] {
        if isSpecial(token) { return [] }
        guard token >= 0, Int(token) < bytes.count, !bytes[Int(token)].isEmpty else { return Self.replacement }
        return bytes[Int(token)]
    }

    private static let replacement = Array("\u{FFFD}".utf8)
}

/// The state of the search for several strings.
package struct StopStringMatcher: Sendable {
    /// One string, and how much of it the text ends with.
    private struct Pattern {
        let bytes: [UInt8]
        /// The length of the longest proper prefix that is also a suffix of the first n + 1 bytes.
        let borders: [Int]
        var matched = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            var borders = [Int](repeating: 0, count: bytes.count)
            var length = 0
            for index in bytes.indices.dropFirst() {
                while length > 0, bytes[length] != bytes[index] { length = borders[length - 1] }
                if bytes[length] == bytes[index] { length += 1 }
                borders[index] = length
            }
            self.borders = borders
        }

        /// Whether the text ends with the whole string now.
        mutating func take(_ byte: UInt8) -> Bool {
            if matched == bytes.count { matched = borders[matched - 1] }
            while matched > 0, bytes[matched] != byte { matched = borders[matched - 1] }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    private var patterns: [Pattern]
    /// Bytes taken so far.
    package private(set) var count = 0
    /// Where the first of the strings begins that were found, in bytes from the beginning.
    package private(set) var found: Int?

    /// Empty strings are never found.
    package init(_ strings: [String]) { patterns = strings.filter { !$0.isEmpty }.map { Pattern(Array($0.utf8)) } }

    /// Bytes at the end of the text that a string may begin with.
    package var open: Int {
        patterns.reduce(0) { max($0, $1.matched) }
    }

    /// Whether one of the strings ends within these bytes.
    package mutating func take(_ bytes: [UInt8]) -> Bool {
        var isFound = false
        for place in bytes.indices {
            count += 1
            for index in patterns.indices where patterns[index].take(bytes[place]) {
                isFound = true
                found = min(found ?? .max, count - patterns[index].bytes.count)
            }
        }
        return isFound
    }
}
