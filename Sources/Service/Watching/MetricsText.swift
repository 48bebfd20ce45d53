// The Prometheus text format 0.0.4: families with HELP and TYPE once, samples with escaped labels.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

/// Writes metrics.
package struct MetricsText: Sendable {
    /// What a family is.
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    /// What was written so far.
    package private(set) var text = ""

    package init() {}

    /// Begins a family; its samples follow.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(MetricsText.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One sample of the family that was begun.
    package mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String> = [:], _ value: Double) {
        sample(name, labels.map { ($0.key, $0.value) }, value)
    }

    /// As above, with labels in an array.
    package mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{"
            for (index, label) in labels.enumerated() {
                text += "\(index == 0 ? "" : ",")\(label.0)=\"\(MetricsText.escaped(label.1, quotes: true))\""
            }
            text += "}"
        }
        text += " \(MetricsText.number(value))\n"
    }

    /// A family of one sample.
    package mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [:], value)
    }

    /// A family with one label.
    package mutating func each(
        _ name: String, _ kind: Kind, _ help: String, by label: String, _ values: [(String, Double)]
    ) {
        family(name, kind, help)
        for (value, number) in values { sample(name, [(label, value)], number) }
    }

    /// A number as the format has it: whole ones without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || (quotes && $0 == 0x22) }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
