// NFC: text in canonical composition (Unicode Standard Annex 15), as the Hugging Face library normalises it. No other form.

/// Brings UTF-8 into NFC. Most text is in NFC already and is only looked at.
enum CanonicalComposition {
    /// The text in NFC; nil when it is in that form already. Time is O(n log n): marks in a row are sorted.
    static func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Below U+0300 nothing combines; its first byte in UTF-8 is CC.
        guard let first = text.firstIndex(where: { $0 >= 0xCC }) else { return nil }
        let tables = CompositionTables.shared
        var result: [UInt8]?
        var copied = 0
        var starter = max(first - 2, 0)
        while starter > 0, text[starter] & 0xC0 == 0x80 { starter -= 1 }
        var position = starter
        while position < text.count {
            let (character, next) = scalar(text, position)
            if !tables.isActive(character) {
                (starter, position) = (position, next)
                continue
            }
            // From the last character that stays, up to the next one.
            var run: [UInt32] = starter < position ? [scalar(text, starter).value] : []
            var end = position
            while end < text.count {
                let (following, after) = scalar(text, end)
                guard tables.isActive(following) else { break }
                run.append(following)
                end = after
            }
            let bytes = utf8(composed(decomposed(run, tables), tables))
            if !bytes.elementsEqual(text[starter..<end]) {
                result = (result ?? []) + text[copied..<starter] + bytes
                copied = end
            }
            (starter, position) = (end, end)
        }
        return result.map { $0 + text[copied...] }
    }

    /// The text in NFC.
    static func normalized(_ text: String) -> String {
        var text = text
        return text.withUTF8 { normalized($0).map { String(decoding: $0, as: UTF8.self) } } ?? text
    }

    /// A character with its canonical combining class.
    private typealias Classed = (value: UInt32, combiningClass: UInt8)

    /// Characters taken apart, and marks in a row in the order of their classes.
    private static func decomposed(_ run: [UInt32], _ tables: CompositionTables) -> [Classed] {
        var result: [Classed] = []
        var marks: [Classed] = []
        func flush() {
            // Stable: equal classes keep their order.
            result += marks.enumerated().sorted {
                ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
            }.map(\.element)
            marks.removeAll(keepingCapacity: true)
        }
        for character in run {
            for part in tables.decompositions[character] ?? Hangul.decomposed(character) ?? [character] {
                let combiningClass = tables.classes[part] ?? 0
                if combiningClass == 0 {
                    flush()
                    result.append((part, 0))
                } else {
                    marks.append((part, combiningClass))
                }
            }
        }
        flush()
        return result
    }

    /// Joins each character to the last starter unless something between them blocks it.
    private static func composed(_ parts: [Classed], _ tables: CompositionTables) -> [UInt32] {
        var result: [UInt32] = []
        var starter: Int?
        var lastClass: UInt8?
        for (value, combiningClass) in parts {
            if let starter, lastClass.map({ $0 < combiningClass }) ?? true,
                let joined = Hangul.composed(result[starter], value)
                    ?? tables.compositions[CompositionTables.key(result[starter], value)]
            {
                result[starter] = joined
                continue
            }
            if combiningClass == 0 {
                (starter, lastClass) = (result.count, nil)
            } else {
                lastClass = combiningClass
            }
            result.append(value)
        }
        return result
    }

    private static func scalar(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (value: UInt32, next: Int) {
        UTF8Scalar.decode(text, start)
    }

    private static func utf8(_ characters: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in characters {
            if let encoded = Unicode.Scalar(character).flatMap({ Unicode.UTF8.encode($0) }) { bytes += encoded }
        }
        return bytes
    }
}

/// The arithmetic of Hangul syllables (Unicode Standard, section 3.12).
private enum Hangul {
    private static let (syllables, leads, vowels, trails) = (
        UInt32(0xAC00), UInt32(0x1100), UInt32(0x1161), UInt32(0x11A7)
    )

    static func decomposed(_ character: UInt32) -> [UInt32]? {
        guard character >= syllables, character < syllables + 11_172 else { return nil }
        let index = character - syllables
        let pair = [leads + index / 588, vowels + index % 588 / 28]
        return index % 28 == 0 ? pair : pair + [trails + index % 28]
    }

    static func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first >= leads, first < leads + 19, second >= vowels, second < vowels + 21 {
            return syllables + ((first - leads) * 21 + second - vowels) * 28
        }
        guard first >= syllables, first < syllables + 11_172, (first - syllables) % 28 == 0, second > trails,
            second < trails + 28
        else { return nil }
        return first + second - trails
    }
}

/// Characters out of UTF-8 that is known to be valid.
enum UTF8Scalar {
    /// The character at `start` and where the next one begins.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (value: UInt32, next: Int) {
        let first = text[start]
        if first < 0x80 { return (UInt32(first), start + 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        let next = min(start + length, text.count)
        var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
        for index in start + 1..<next { value = value << 6 | UInt32(text[index] & 0x3F) }
        return (value, next)
    }
}
