// Text told bit by bit is the text told at once: random bytes, characters cut anywhere, stop strings across tokens.
import Modeling
import Testing

@testable import Service

@Suite struct ResponseAssemblerTests {
    /// Tokens whose bytes are listed; number 0 is special and has none.
    private struct Pieces: TokenBytes {
        var list: [[UInt8]]
        func bytes(of token: Int32) -> [UInt8] { list[Int(token)] }
    }

    /// What the whole response must be: text before the first stop string, tokens up to the one with the text's last byte.
    private func expected(_ tokens: [[UInt8]], stop: [String]) -> (text: String, count: Int, isCut: Bool) {
        let bytes = Array(tokens.joined())
        let cuts = stop.compactMap { stop -> Int? in
            let pattern = Array(stop.utf8)
            guard bytes.count >= pattern.count else { return nil }
            return (0...(bytes.count - pattern.count)).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
        }
        guard let cut = cuts.min() else { return (String(decoding: bytes, as: UTF8.self), tokens.count, false) }
        var length = 0
        var count = 0
        while length < cut {
            length += tokens[count].count
            count += 1
        }
        return (String(decoding: bytes[..<cut], as: UTF8.self), count, true)
    }

    @Test func `random responses told in random portions are the whole response`() {
        var random = SplitMix(seed: 71)
        var cuts = 0
        for _ in 0..<3_000 {
            let alphabet = ["a", "b", "é", "€", "🙂", "\u{FFFD}"]
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<6, using: &random)]
            }
            var bytes = Array(text.joined().utf8)
            // Every fourth has bytes that are no UTF-8.
            if Int.random(in: 0..<4, using: &random) == 0, !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0x80...0xFF, using: &random)
            }
            var tokens: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let token = rest.prefix(Int.random(in: 0...3, using: &random))
                tokens.append(Array(token))
                rest = rest.dropFirst(token.count)
            }
            let stop = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<5, using: &random)]
                }.joined()
            }
            cuts += check(tokens, stop, &random) ? 1 : 0
        }
        #expect(cuts > 300)
    }

    /// Feeds the tokens as a sampler does, which ends with the token that completes a stop string.
    private func check(_ tokens: [[UInt8]], _ stop: [String], _ random: inout SplitMix) -> Bool {
        var assembler = ResponseAssembler(Pieces(list: tokens), stop: stop)
        var text = ""
        var told = 0
        var taken = 0
        for index in tokens.indices {
            assembler.take(Int32(index))
            taken += 1
            let isLast = assembler.isCut || taken == tokens.count
            guard isLast || Bool.random(using: &random) else { continue }
            let piece = assembler.piece(isLast: isLast)
            #expect(piece.tokens.lowerBound == told)
            // A character is never cut: only bytes that are none become replacements.
            text += piece.text
            told = piece.tokens.upperBound
            if isLast { break }
        }
        let whole = expected(Array(tokens.prefix(taken)), stop: stop)
        #expect(text.unicodeScalars.elementsEqual(whole.text.unicodeScalars), "\(tokens) \(stop)")
        #expect(told == whole.count && assembler.isCut == whole.isCut, "\(tokens) \(stop)")
        return whole.isCut
    }

    @Test func `what a stop string may take back is held, and what it does not is told`() {
        let tokens = ["one ", "EN", "X", " EN", "D", "never"].map { Array($0.utf8) }
        var assembler = ResponseAssembler(Pieces(list: tokens), stop: ["END"])
        var pieces: [ResponseAssembler.Piece] = []
        for token in 0..<5 {
            assembler.take(Int32(token))
            pieces.append(assembler.piece(isLast: token == 4))
        }
        #expect(pieces.map(\.text) == ["one ", "", "ENX", " ", ""])
        #expect(pieces.map(\.tokens) == [0..<1, 1..<1, 1..<3, 3..<4, 4..<4])
        #expect(assembler.isCut)
    }

    @Test func `half a character waits for its other half`() {
        let tokens = Array("€".utf8).map { [$0] } + [[0xE2, 0x82]]
        var assembler = ResponseAssembler(Pieces(list: tokens), stop: [])
        var texts: [String] = []
        for token in tokens.indices {
            assembler.take(Int32(token))
            texts.append(assembler.piece(isLast: token == 3).text)
        }
        #expect(texts == ["", "", "€", "\u{FFFD}"])
    }
}

/// SplitMix64, so that a failure comes again.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
