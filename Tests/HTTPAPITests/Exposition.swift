// A strict reader of the Prometheus text format 0.0.4: what it takes, a Prometheus server takes; and the naming rules that
// `promtool check metrics` has.
import Foundation

/// Reads an exposition and says what is wrong with it.
struct Exposition {
    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var type: String
        var help: String
        var samples: [Sample] = []
    }

    private(set) var families: [String: Family] = [:]
    private(set) var faults: [String] = []

    init(_ text: String) {
        if !text.hasSuffix("\n") { faults.append("the last line does not end") }
        var current: String?
        var helps: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            if line.hasPrefix("# HELP ") {
                if helps.updateValue(words.count > 3 ? words[3] : "", forKey: words[2]) != nil {
                    faults.append("\(words[2]): HELP twice")
                }
            } else if line.hasPrefix("# TYPE ") {
                current = words[2]
                if families[words[2]] != nil { faults.append("\(words[2]): TYPE twice") }
                families[words[2]] = Family(type: words[3], help: helps[words[2]] ?? "")
            } else if line.hasPrefix("#") {
                faults.append("an unknown comment: \(line)")
            } else if let sample = Exposition.sample(line) {
                guard let family = current, Exposition.belongs(sample.name, to: family, families[family]?.type) else {
                    faults.append("\(sample.name) stands apart from its family")
                    continue
                }
                families[family]?.samples.append(sample)
            } else {
                faults.append("not a sample: \(line)")
            }
        }
        for (name, family) in families { check(name, family) }
    }

    private static func belongs(_ sample: String, to family: String, _ type: String?) -> Bool {
        guard type == "histogram" else { return sample == family }
        return ["_bucket", "_sum", "_count"].contains { family + $0 == sample }
    }

    private mutating func check(_ name: String, _ family: Family) {
        if family.help.isEmpty { faults.append("\(name) has no help") }
        if name.range(of: "^[a-z][a-z0-9_]*$", options: .regularExpression) == nil {
            faults.append("\(name): its name")
        }
        if (family.type == "counter") != name.hasSuffix("_total") { faults.append("\(name): _total is for counters") }
        for wrong in ["_ms", "_milliseconds", "_minutes", "_kilobytes", "_mb", "_percent", "_count", "_sum", "_bucket"]
        where name.hasSuffix(wrong) { faults.append("\(name) ends in \(wrong)") }
        let keys = family.samples.map { $0.name + $0.labels.sorted { $0.key < $1.key }.description }
        if Set(keys).count != keys.count { faults.append("\(name) has a sample twice") }
        if family.type == "histogram" { checkBuckets(name, family) }
        if family.type == "counter", family.samples.contains(where: { !($0.value >= 0) }) {
            faults.append("\(name) is below 0")
        }
    }

    private mutating func checkBuckets(_ name: String, _ family: Family) {
        let series = Dictionary(grouping: family.samples) { sample in
            sample.labels.filter { $0.key != "le" }.sorted { $0.key < $1.key }.description
        }
        for (labels, samples) in series {
            let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
            let bounds = buckets.compactMap { $0.labels["le"].flatMap { $0 == "+Inf" ? .infinity : Double($0) } }
            let total = samples.first { $0.name.hasSuffix("_count") }?.value
            let rises = zip(buckets, buckets.dropFirst()).allSatisfy { $0.value <= $1.value }
            if bounds.count != buckets.count || bounds != bounds.sorted() || bounds.last != .infinity || !rises
                || total == nil || buckets.last?.value != total
                || !samples.contains(where: { $0.name.hasSuffix("_sum") })
            {
                faults.append("\(name)\(labels): its buckets")
            }
        }
    }

    /// `name{label="value",...} number`, with \\, \" and \n in values.
    private static func sample(_ line: Substring) -> Sample? {
        var rest = line
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let key = rest.prefix { $0.isLetter || $0 == "_" }
                rest = rest.dropFirst(key.count)
                guard !key.isEmpty, rest.hasPrefix("=\"") else { return nil }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.first, character != "\"" {
                    rest = rest.dropFirst()
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    guard let escaped = rest.popFirst(), "\\\"n".contains(escaped) else { return nil }
                    value.append(escaped == "n" ? "\n" : escaped)
                }
                guard rest.popFirst() == "\"", labels.updateValue(value, forKey: String(key)) == nil else { return nil }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard !name.isEmpty, rest.popFirst() == " " else { return nil }
        let number = String(rest)
        let special = ["+Inf": Double.infinity, "-Inf": -Double.infinity, "NaN": Double.nan]
        guard let value = special[number] ?? Double(number) else { return nil }
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// The value of a sample, or nil.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.values.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }
}
