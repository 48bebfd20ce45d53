// The tables of UnicodeTables.swift, unpacked once: what kind of character each is, and how marks and letters combine.

/// What the split of Qwen2 tells apart.
enum CharacterKind: UInt8 {
    case other, letter, number, newline, space
}

/// Kinds of all characters.
enum CharacterKinds {
    /// The kind of each character by its value; what lies beyond the table is `.other`.
    static let table: [CharacterKind] = {
        let parts: [(CharacterKind, [Range<Int>])] = [
            (.letter, PackedTable.ranges(UnicodeTables.letters)), (.number, PackedTable.ranges(UnicodeTables.numbers)),
            (.space, PackedTable.ranges(UnicodeTables.spaces)), (.newline, [0x0A..<0x0B, 0x0D..<0x0E]),
        ]
        let end = parts.flatMap(\.1).map(\.upperBound).max() ?? 0
        var table = [CharacterKind](repeating: .other, count: end)
        for (kind, ranges) in parts {
            for character in ranges.joined() { table[character] = kind }
        }
        return table
    }()
}

/// Canonical decomposition and composition (Unicode Standard Annex 15); Hangul syllables are arithmetic elsewhere.
struct CompositionTables: Sendable {
    /// What a character is made of, fully taken apart.
    private(set) var decompositions: [UInt32: [UInt32]] = [:]
    /// What two characters become: the first in the upper half of the key.
    private(set) var compositions: [UInt64: UInt32] = [:]
    /// Canonical combining classes other than zero.
    private(set) var classes: [UInt32: UInt8] = [:]
    /// One bit for each character that NFC may change, move or join to the one before it.
    private var active: [UInt64] = []

    static let shared = CompositionTables()

    private init() {
        unpackClasses()
        unpackDecompositions()
        // The vowels and final consonants of Hangul join what is before them.
        for jamo in [0x1161...0x1175, 0x11A8...0x11C2].joined() { activate(UInt32(jamo)) }
    }

    /// Whether NFC may change a character, move it or join it to the one before.
    func isActive(_ character: UInt32) -> Bool {
        let word = Int(character >> 6)
        return word < active.count && active[word] >> UInt64(character & 63) & 1 != 0
    }

    /// The key of a pair in `compositions`.
    static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    private mutating func activate(_ character: UInt32) {
        let word = Int(character >> 6)
        if word >= active.count { active += Array(repeating: 0, count: word + 1 - active.count) }
        active[word] |= 1 << UInt64(character & 63)
    }

    private mutating func unpackClasses() {
        for group in UnicodeTables.combiningClasses.split(separator: "-") {
            let words = group.split { $0 == " " || $0 == "\n" }
            guard let first = words.first else { continue }
            for character in PackedTable.ranges(words.dropFirst()).joined() {
                classes[UInt32(character)] = UInt8(PackedTable.number(first.utf8))
                activate(UInt32(character))
            }
        }
    }

    private mutating func unpackDecompositions() {
        var steps: [UInt32: [UInt32]] = [:]
        var character: UInt32 = 0
        for word in UnicodeTables.decompositions.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let fields = word.split(separator: ".")
            let composes = fields[0].utf8.last == UInt8(ascii: "+")
            character += UInt32(PackedTable.number(fields[0].utf8.prefix { $0 != UInt8(ascii: "+") }))
            let parts = fields.dropFirst().map { UInt32(PackedTable.number($0.utf8)) }
            steps[character] = parts
            if composes, parts.count == 2 {
                compositions[Self.key(parts[0], parts[1])] = character
                activate(parts[1])
            } else {
                activate(character)
            }
        }
        func whole(_ character: UInt32) -> [UInt32] { steps[character].map { $0.flatMap(whole) } ?? [character] }
        decompositions = Dictionary(uniqueKeysWithValues: steps.keys.map { ($0, whole($0)) })
    }
}

/// The text form of the tables: numbers in base 36.
private enum PackedTable {
    /// The ranges behind gaps and lengths in turn.
    static func ranges(_ text: String) -> [Range<Int>] { ranges(text.split { $0 == " " || $0 == "\n" }) }

    static func ranges(_ words: some Sequence<Substring>) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var (end, start) = (0, Int?.none)
        for word in words {
            let value = number(word.utf8)
            if let begun = start {
                end = begun + value
                ranges.append(begun..<end)
                start = nil
            } else {
                start = end + value
            }
        }
        return ranges
    }

    static func number(_ digits: some Sequence<UInt8>) -> Int {
        digits.reduce(0) {
            $0 * 36 + Int($1 < UInt8(ascii: "a") ? $1 - UInt8(ascii: "0") : $1 - UInt8(ascii: "a") + 10)
        }
    }
}
