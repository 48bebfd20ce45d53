// How alike two texts are, by the definitions of RapidFuzz, NLTK and rouge-score; Tests/Vectors/graders has their values.
import Domain
import Glibc

/// The similarity of a text to a reference, 0 to 1.
package func similarity(_ text: String, to reference: String, by metric: Grader.Metric) -> Double {
    switch metric {
    case .fuzzyMatch:
        fuzzyMatch(Array(text.unicodeScalars), Array(reference.unicodeScalars))
    case .bleu: bleu(words(text), words(reference))
    case .gleu: gleu(words(text), words(reference))
    case .rouge1: rouge(text, reference, length: 1)
    case .rouge2: rouge(text, reference, length: 2)
    case .rouge3: rouge(text, reference, length: 3)
    case .rouge4: rouge(text, reference, length: 4)
    case .rouge5: rouge(text, reference, length: 5)
    case .rougeL: rougeL(rougeWords(text), rougeWords(reference))
    }
}

/// `rapidfuzz.fuzz.ratio` / 100: twice the longest common subsequence over both lengths.
private func fuzzyMatch(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Double {
    guard !a.isEmpty || !b.isEmpty else { return 1 }
    return 2 * Double(longestCommonSubsequence(a, b)) / Double(a.count + b.count)
}

/// The length of the longest common subsequence, 64 places of `a` at a time (Hyyrö 2004).
func longestCommonSubsequence<Element: Hashable>(_ a: [Element], _ b: [Element]) -> Int {
    let count = (a.count + 63) / 64
    var places: [Element: [UInt64]] = [:]
    for (index, element) in a.enumerated() {
        places[element, default: [UInt64](repeating: 0, count: count)][index / 64] |= 1 << UInt64(index % 64)
    }
    var state = [UInt64](repeating: .max, count: count)
    for element in b {
        guard let matches = places[element] else { continue }
        var carry: UInt64 = 0
        for word in 0..<count {
            let hit = state[word] & matches[word]
            let (first, overflow) = state[word].addingReportingOverflow(hit)
            let (sum, more) = first.addingReportingOverflow(carry)
            carry = overflow || more ? 1 : 0
            state[word] = sum | (state[word] & ~matches[word])
        }
    }
    return (0..<count).reduce(0) { found, word in
        let length = min(64, a.count - word * 64)
        let mask = length == 64 ? UInt64.max : (1 << UInt64(length)) - 1
        return found + (~state[word] & mask).nonzeroBitCount
    }
}

/// As Python compares words: to Swift's strings a letter with an accent is also the letter and the accent.
private typealias Word = [Unicode.Scalar]

/// As Python's `str.split()`.
private func words(_ text: String) -> [Word] {
    text.unicodeScalars.split(whereSeparator: isPythonSpace).map { Array($0) }
}

/// `str.isspace` of one character.
private func isPythonSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
}

private func counts(_ words: [Word], length: Int) -> [[Word]: Int] {
    guard words.count >= length else { return [:] }
    var counts: [[Word]: Int] = [:]
    for start in 0...(words.count - length) { counts[Array(words[start..<start + length]), default: 0] += 1 }
    return counts
}

/// How many n-grams both have.
private func overlap(_ a: [[Word]: Int], _ b: [[Word]: Int]) -> Int {
    a.reduce(0) { $0 + min($1.value, b[$1.key] ?? 0) }
}

/// `nltk.translate.bleu_score.sentence_bleu` with one reference, four weights of 1/4 and no smoothing.
private func bleu(_ text: [Word], _ reference: [Word]) -> Double {
    var logSum = 0.0
    for length in 1...4 {
        let own = counts(text, length: length)
        let matches = overlap(own, counts(reference, length: length))
        if length == 1, matches == 0 { return 0 }
        // NLTK puts the least positive normal number where nothing matches.
        let precision =
            matches == 0
            ? Double.leastNormalMagnitude : Double(matches) / Double(max(1, own.values.reduce(0, +)))
        logSum += 0.25 * log(precision)
    }
    let brevity = text.count > reference.count ? 1 : exp(1 - Double(reference.count) / Double(text.count))
    return brevity * exp(logSum)
}

/// `nltk.translate.gleu_score.sentence_gleu` with one reference, n-grams of one to four words.
private func gleu(_ text: [Word], _ reference: [Word]) -> Double {
    var (matches, own, others) = (0, 0, 0)
    for length in 1...4 {
        let (a, b) = (counts(text, length: length), counts(reference, length: length))
        matches += overlap(a, b)
        own += a.values.reduce(0, +)
        others += b.values.reduce(0, +)
    }
    let most = max(own, others)
    return most > 0 ? Double(matches) / Double(most) : 0
}

/// rouge-score's tokens without a stemmer: lower case, anything but letters a to z and digits between them.
private func rougeWords(_ text: String) -> [Word] {
    text.lowercased().unicodeScalars.split { !("a"..."z" ~= $0 || "0"..."9" ~= $0) }.map { Array($0) }
}

/// The F-measure of rouge-score's `rougeN`.
private func rouge(_ text: String, _ reference: String, length: Int) -> Double {
    let (own, others) = (
        counts(rougeWords(text), length: length), counts(rougeWords(reference), length: length)
    )
    return balanced(
        overlap(own, others), of: own.values.reduce(0, +), and: others.values.reduce(0, +))
}

/// The F-measure of rouge-score's `rougeL`.
private func rougeL(_ text: [Word], _ reference: [Word]) -> Double {
    guard !text.isEmpty, !reference.isEmpty else { return 0 }
    return balanced(longestCommonSubsequence(text, reference), of: text.count, and: reference.count)
}

/// The harmonic mean of precision and recall.
private func balanced(_ matches: Int, of own: Int, and others: Int) -> Double {
    let precision = Double(matches) / Double(max(own, 1))
    let recall = Double(matches) / Double(max(others, 1))
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
}
