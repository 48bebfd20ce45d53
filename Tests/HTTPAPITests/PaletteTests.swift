// The pages' colours, held against WCAG 2.2: text has a contrast of 4.5 (success criterion 1.4.3), lines and outlines of 3 (1.4.11).
@testable import HTTPAPI
import Foundation
import Testing

struct PaletteTests {
    private struct Colour {
        var parts: [Double]

        init(_ value: UInt32) { parts = [16, 8, 0].map { Double(value >> $0 & 255) / 255 } }

        /// As `color-mix(in srgb, self share, other)`.
        func mixed(_ share: Double, with other: Colour) -> Colour {
            var result = self
            result.parts = zip(parts, other.parts).map { $0 * share + $1 * (1 - share) }
            return result
        }

        /// Relative luminance, WCAG 2.2.
        private var luminance: Double {
            let linear = parts.map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        }

        func contrast(_ other: Colour) -> Double {
            let (a, b) = (luminance + 0.05, other.luminance + 0.05)
            return max(a, b) / min(a, b)
        }
    }

    private static let themes = [("light", PagePalette.light), ("dark", PagePalette.dark)]

    private func colours(_ theme: KeyValuePairs<String, UInt32>) -> [String: Colour] {
        Dictionary(uniqueKeysWithValues: theme.map { ($0.key, Colour($0.value)) })
    }

    @Test func `the measure is WCAG's: black on white has 21, and grey 767676 just 4.5`() {
        #expect(abs(Colour(0).contrast(Colour(0xFFFFFF)) - 21) < 1e-9)
        #expect(abs(Colour(0x767676).contrast(Colour(0xFFFFFF)) - 4.54) < 0.005)
    }

    @Test func `text and lines can be read on page and panel, by day and by night`() throws {
        for (theme, values) in Self.themes {
            let colours = colours(values)
            for ground in ["bg", "card"] {
                let under = try #require(colours[ground])
                for text in ["ink", "dim", "ok", "bad", "warn", "s0"] {
                    let contrast = try #require(colours[text]).contrast(under)
                    #expect(contrast >= 4.5, "\(theme): \(text) on \(ground) has \(contrast)")
                }
                for line in ["s0", "s1", "s2", "s3", "s4"] {
                    let contrast = try #require(colours[line]).contrast(under)
                    #expect(contrast >= 3, "\(theme): \(line) on \(ground) has \(contrast)")
                }
            }
            // The pill of what runs, the button that rolls back, the numbers of a token.
            for (text, ground) in [("bg", "ok"), ("bg", "bad"), ("bg", "ink"), ("ink", "rule")] {
                let contrast = try #require(colours[text]).contrast(try #require(colours[ground]))
                #expect(contrast >= 4.5, "\(theme): \(text) on \(ground) has \(contrast)")
            }
        }
    }

    @Test func `a token can be read on every shade`() throws {
        for (theme, values) in Self.themes {
            let colours = colours(values)
            let (ink, page) = (try #require(colours["ink"]), try #require(colours["bg"]))
            for name in ["s0", "s1"] {
                for step in 0...12 {
                    let shade = try #require(colours[name])
                        .mixed(Double(PagePalette.shadeStep * step) / 100, with: page)
                    #expect(ink.contrast(shade) >= 4.5, "\(theme): \(name) step \(step)")
                }
            }
            let mark = try #require(colours["s3"]).mixed(0.3, with: try #require(colours["card"]))
            #expect(ink.contrast(mark) >= 4.5, "\(theme): the mark")
        }
    }

    @Test func `no rule fixes a width beyond a phone's`() throws {
        let sheet = DashboardStyle.sheet
        for piece in sheet.components(separatedBy: "width:").dropFirst() {
            let value = piece.prefix { $0 != ";" && $0 != "}" && $0 != ")" }
            guard value.hasSuffix("px"), let pixels = Int(value.dropLast(2)) else { continue }
            // Largest widths are no fixed ones; the shown remainder of min(...) is bounded by its own share of the page.
            #expect(pixels <= 320 || sheet.contains("max-width:\(value)"), "\(value)")
        }
        for name in PagePalette.light.map(\.key) { #expect(PagePalette.dark.contains { $0.key == name }) }
        #expect(sheet.contains("prefers-color-scheme:dark") && sheet.contains(":focus-visible{outline"))
    }
}
