// Texts with places for values: `{{ item.answer }}`, `{{sample.output_text}}`, `{{sample.output_json.x[0].y}}`.
import StrictJSON

/// A text with places for values of the item or the sample.
package struct GraderTemplate: Sendable, Equatable {
    package enum Root: String, Sendable, CaseIterable { case item, sample }

    package enum Part: Sendable, Equatable {
        case text(String)
        /// A member's name, or the number of an element, for each step.
        case place(Root, [String])
    }

    /// Why a place has no value: its path as it was written.
    package struct MissingValue: Error, Sendable, Equatable {
        package var root: Root
        package var path: String
    }

    /// As it was written.
    package let text: String
    package let parts: [Part]

    /// Reads a template; throws for places without an end, or of anything but the item and the sample.
    package init(_ text: String) throws(InputError) {
        self.text = text
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            if open.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<open.lowerBound]))) }
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw InputError(.invalidValue, "a place without an end", hint: "write {{ item.name }}")
            }
            parts.append(try GraderTemplate.place(rest[open.upperBound..<close.lowerBound]))
            guard parts.count <= Limits.graderTemplatePartsMax else {
                throw InputError(
                    .tooLarge, "too many places", hint: "at most \(Limits.graderTemplatePartsMax) texts and places")
            }
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    private static func place(_ text: Substring) throws(InputError) -> Part {
        let trimmed = text.split(whereSeparator: \.isWhitespace)
        let steps = (trimmed.first ?? "").replacing("[", with: ".").replacing("]", with: "")
            .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard trimmed.count == 1, let root = steps.first.flatMap(Root.init(rawValue:)), !steps.contains("") else {
            throw InputError(
                .invalidValue, "\"{{\(text.prefix(60))}}\" names nothing",
                hint: "{{ item.name }}, {{ sample.output_text }} or {{ sample.output_json.name }}")
        }
        guard root == .item || ["output_text", "output_json"].contains(steps.dropFirst().first ?? "") else {
            throw InputError(
                .invalidValue, "a sample has no \"\(steps.dropFirst().first?.prefix(40) ?? "")\"",
                hint: "output_text or output_json")
        }
        return .place(root, Array(steps.dropFirst()))
    }

    /// The text with all values in their places; strings as they are, everything else as JSON.
    package func filled(item: JSONValue, sample: JSONValue) throws(MissingValue) -> String {
        var filled = ""
        for part in parts {
            switch part {
            case .text(let text): filled += text
            case .place(let root, let path):
                var value = root == .item ? item : sample
                for step in path {
                    let next =
                        value[step]
                        ?? Int(step).flatMap { index in
                            value.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                        }
                    guard let next else {
                        throw MissingValue(root: root, path: ([root.rawValue] + path).joined(separator: "."))
                    }
                    value = next
                }
                filled += value.string ?? value.text
            }
        }
        return filled
    }
}
