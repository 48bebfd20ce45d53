// The colours of the pages, light and dark, as values: the style sheet is made of them, and a test computes their contrast.

/// Names and colours of the style sheet's variables.
enum PagePalette {
    /// `bg` page, `card` panel, `ink` text, `dim` lesser text, `rule` lines; `ok`, `bad`, `warn` verdicts; `s0` to `s4` series.
    static let light: KeyValuePairs<String, UInt32> = [
        "bg": 0xF7F7F5, "card": 0xFFFFFF, "ink": 0x1C1D1F, "dim": 0x5C5F64, "rule": 0xE2E2DE, "ok": 0x187A3C,
        "bad": 0xB3261E, "warn": 0x8A5A00, "s0": 0x1F62D0, "s1": 0xB93E0B, "s2": 0x187A3C, "s3": 0x7C3AED,
        "s4": 0x0E6C86,
    ]

    /// The same by night.
    static let dark: KeyValuePairs<String, UInt32> = [
        "bg": 0x131416, "card": 0x1C1E21, "ink": 0xE8E8E6, "dim": 0x9A9EA5, "rule": 0x303338, "ok": 0x56C271,
        "bad": 0xFF8A80, "warn": 0xE3B341, "s0": 0x6CB0FF, "s1": 0xFF9D66, "s2": 0x56C271, "s3": 0xB79BFF,
        "s4": 0x5CC8DB,
    ]

    /// Hundredths of colour in each of the twelve steps behind a token: text on the darkest still has a contrast of 4.5.
    static let shadeStep = 4

    /// The variables, by the reader's own setting.
    static let rules =
        ":root{\(variables(light))}\n@media (prefers-color-scheme:dark){:root{\(variables(dark))}}\n"

    private static func variables(_ colours: KeyValuePairs<String, UInt32>) -> String {
        colours.map { name, colour in
            let digits = String(colour, radix: 16)
            return "--\(name):#" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        }.joined(separator: ";")
    }
}
