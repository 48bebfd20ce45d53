// Text into HTML: escaping and a few elements. The only place where strings become markup.

/// Markup that is safe to send: every piece of data in it went through `escape`.
struct HTML: Sendable {
    var text: String

    init(_ text: String) { self.text = text }

    /// Nothing.
    static let empty = HTML("")

    /// Data as text content or attribute value; control characters other than tab and line feed become U+FFFD.
    static func escape(_ data: String) -> HTML {
        var text = ""
        text.reserveCapacity(data.utf8.count)
        for scalar in data.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case "\t", "\n": text.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return HTML(text)
    }

    /// An element with content; attribute values must be markup already.
    static func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: HTML) -> HTML {
        let list = attributes.map { " \($0.key)=\"\($0.value)\"" }.joined()
        return HTML("<\(name)\(list)>\(content.text)</\(name)>")
    }

    static func + (a: HTML, b: HTML) -> HTML { HTML(a.text + b.text) }
}

extension Sequence where Element == HTML {
    /// All pieces one after the other.
    func joined() -> HTML { HTML(map(\.text).joined()) }
}

/// Numbers as people read them.
enum Figures {
    /// A share as a percentage: `93.8 %`.
    static func percent(_ share: Double) -> String { decimal(share * 100, 1) + " %" }

    /// A number with so many digits after the point; a dash when it is not finite.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let whole = scaled / Int64(scale)
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard digits > 0 else { return sign + String(whole) }
        let fraction = String(scaled % Int64(scale))
        return sign + String(whole) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// The probability of a log-probability, as `93.8 %` or `0.0042 %`.
    static func probability(_ logprob: Double) -> String {
        let share = exponential(logprob)
        return share >= 0.001 || share == 0 ? percent(share) : short(share * 100) + " %"
    }

    /// e to the power of a number; numbers above 0 count as 0.
    private static func exponential(_ value: Double) -> Double {
        // (1 + x / 2^20) squared 20 times: three digits are shown, this has six.
        var result = max(0, 1 + min(0, value) / 1_048_576)
        for _ in 0..<20 { result *= result }
        return result
    }

    /// A number with about three significant digits: `0.00342`, `17.4`, `1,250`.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        switch abs(value) {
        case 0: return "0"
        case ..<0.0001: return scientific(value)
        case ..<0.01: return decimal(value, 5)
        case ..<1: return decimal(value, 3)
        case ..<100: return decimal(value, 2)
        default: return count(Int(value.rounded()))
        }
    }

    /// A tiny number with two digits: `2.8e-6`.
    private static func scientific(_ value: Double) -> String {
        var (digits, exponent) = (value, 0)
        while abs(digits) < 1, exponent > -330 { (digits, exponent) = (digits * 10, exponent - 1) }
        return "\(decimal(digits, 1))e\(exponent)"
    }

    /// A whole number with separators: `12,345`.
    static func count(_ value: Int) -> String {
        var digits = String(abs(value))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// Seconds as `45 s`, `12 min 5 s` or `3 h 20 min`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds))
        if whole < 60 { return "\(whole) s" }
        if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    }

    /// Bytes as `512 kB` or `1.2 GB`.
    static func bytes(_ count: Int) -> String {
        let value = Double(count)
        if value < 1e6 { return decimal(value / 1e3, 0) + " kB" }
        return value < 1e9 ? decimal(value / 1e6, 0) + " MB" : decimal(value / 1e9, 1) + " GB"
    }
}
