// A reader for the part of YAML that openapi.yaml uses: block maps and lists, flow maps and lists, plain, quoted and
// literal scalars. No anchors, no tags, no folded scalars; what it does not know is an error.
import StrictJSON

/// What is wrong with a YAML text.
struct YAMLError: Error, CustomStringConvertible {
    var line: Int
    var message: String
    var description: String { "line \(line + 1): \(message)" }
}

/// Reads a document into a JSON value.
func parseYAML(_ text: String) throws(YAMLError) -> JSONValue {
    var parser = YAMLParser(lines: text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0) })
    return try parser.parseBlock(indent: 0)
}

private struct YAMLParser {
    var lines: [[Character]]
    var row = 0

    private func indent(of line: [Character]) -> Int { line.prefix { $0 == " " }.count }

    private mutating func skipBlank() {
        while row < lines.count {
            let content = lines[row].drop { $0 == " " }
            guard content.isEmpty || content.first == "#" else { return }
            row += 1
        }
    }

    /// A map or list whose lines are indented by exactly so much.
    mutating func parseBlock(indent: Int) throws(YAMLError) -> JSONValue {
        skipBlank()
        guard row < lines.count else { return .null }
        if lines[row].dropFirst(indent).starts(with: "- ") { return try parseList(indent: indent) }
        return try parseMap(indent: indent)
    }

    private mutating func parseList(indent: Int) throws(YAMLError) -> JSONValue {
        var values: [JSONValue] = []
        while true {
            skipBlank()
            guard row < lines.count, self.indent(of: lines[row]) == indent,
                lines[row].dropFirst(indent).starts(with: "- ")
            else { break }
            // The item's content begins behind the dash; as a map it goes on with lines of that indentation.
            lines[row].replaceSubrange(indent..<(indent + 1), with: [" "])
            let content = Array(lines[row].drop { $0 == " " })
            if keyEnd(content) != nil, content.first != "{", content.first != "[" {
                values.append(try parseMap(indent: indent + 2))
            } else {
                row += 1
                values.append(try scalar(content))
            }
        }
        return .array(values)
    }

    private mutating func parseMap(indent: Int) throws(YAMLError) -> JSONValue {
        var members: [JSONMember] = []
        while true {
            skipBlank()
            guard row < lines.count, self.indent(of: lines[row]) == indent else { break }
            let content = Array(lines[row].dropFirst(indent))
            guard let colon = keyEnd(content) else { throw YAMLError(line: row, message: "no key") }
            let key = unquoted(String(content[..<colon]))
            let rest = Array(content[(colon + 1)...].drop { $0 == " " })
            guard !members.contains(where: { $0.name == key }) else {
                throw YAMLError(line: row, message: "the key \(key) stands twice")
            }
            row += 1
            if rest.isEmpty {
                skipBlank()
                let deeper = row < lines.count ? self.indent(of: lines[row]) : 0
                members.append(JSONMember(key, deeper > indent ? try parseBlock(indent: deeper) : .null))
            } else if rest == ["|"] {
                members.append(JSONMember(key, .string(parseLiteral(above: indent))))
            } else {
                members.append(JSONMember(key, try scalar(rest)))
            }
        }
        return .object(members)
    }

    private mutating func parseLiteral(above indent: Int) -> String {
        var text = ""
        while row < lines.count, lines[row].isEmpty || self.indent(of: lines[row]) > indent {
            text += String(lines[row].dropFirst(indent + 2)) + "\n"
            row += 1
        }
        return text
    }

    /// Where a line's key ends: a colon before a space or the end, outside quotes.
    private func keyEnd(_ content: [Character]) -> Int? {
        var quote: Character?
        for (index, character) in content.enumerated() {
            if let open = quote {
                if character == open { quote = nil }
            } else if index == 0, character == "'" || character == "\"" {
                quote = character
            } else if character == ":", index + 1 == content.count || content[index + 1] == " " {
                return index
            }
        }
        return nil
    }

    private func unquoted(_ key: String) -> String { key.hasPrefix("'") ? String(key.dropFirst().dropLast()) : key }

    /// A value on one line: flow style or a scalar.
    private func scalar(_ text: [Character]) throws(YAMLError) -> JSONValue {
        var flow = FlowParser(text: text, row: row)
        guard let first = text.first, "{['\"".contains(first) else { return plain(String(text)) }
        let value = try flow.parseValue()
        flow.skipSpaces()
        guard flow.position == text.count else { throw YAMLError(line: row, message: "something follows the value") }
        return value
    }
}

private struct FlowParser {
    let text: [Character]
    let row: Int
    var position = 0

    init(text: [Character], row: Int) {
        self.text = text
        self.row = row
    }

    mutating func skipSpaces() { while position < text.count, text[position] == " " { position += 1 } }

    private func fail(_ message: String) -> YAMLError {
        YAMLError(line: row - 1, message: "\(message) at column \(position)")
    }

    mutating func parseValue() throws(YAMLError) -> JSONValue {
        skipSpaces()
        guard position < text.count else { throw fail("the line ends") }
        switch text[position] {
        case "{": return try parseMap()
        case "[": return try parseList()
        case "'", "\"": return .string(try parseQuoted())
        default: return plain(parsePlain())
        }
    }

    private mutating func parseMap() throws(YAMLError) -> JSONValue {
        var members: [JSONMember] = []
        position += 1
        skipSpaces()
        while position < text.count, text[position] != "}" {
            let key =
                "'\"".contains(text[position]) ? try parseQuoted() : String(text[position...].prefix { $0 != ":" })
            if !"'\"".contains(text[max(0, position - 1)]) || text[position] != ":" { position += key.count }
            guard position < text.count, text[position] == ":" else { throw fail("no colon") }
            position += 1
            members.append(JSONMember(key, try parseValue()))
            try stepOverComma(before: "}")
        }
        position += 1
        return .object(members)
    }

    private mutating func parseList() throws(YAMLError) -> JSONValue {
        var values: [JSONValue] = []
        position += 1
        skipSpaces()
        while position < text.count, text[position] != "]" {
            values.append(try parseValue())
            try stepOverComma(before: "]")
        }
        position += 1
        return .array(values)
    }

    private mutating func stepOverComma(before end: Character) throws(YAMLError) {
        skipSpaces()
        guard position < text.count else { throw fail("the line ends") }
        if text[position] == "," {
            position += 1
            skipSpaces()
        } else if text[position] != end {
            throw fail("expected ',' or '\(end)'")
        }
    }

    private mutating func parseQuoted() throws(YAMLError) -> String {
        let quote = text[position]
        position += 1
        var value = ""
        while position < text.count {
            let character = text[position]
            position += 1
            if character == quote {
                guard quote == "'", position < text.count, text[position] == "'" else { return value }
                position += 1
                value.append("'")
            } else if character == "\\", quote == "\"" {
                let escapes: [Character: Character] = ["n": "\n", "\"": "\"", "\\": "\\", "t": "\t"]
                guard position < text.count, let escaped = escapes[text[position]] else { throw fail("unknown escape") }
                value.append(escaped)
                position += 1
            } else {
                value.append(character)
            }
        }
        throw fail("the quote does not end")
    }

    private mutating func parsePlain() -> String {
        let start = position
        while position < text.count, !",]}".contains(text[position]) { position += 1 }
        return String(text[start..<position]).trimmingSpaces
    }
}

extension String {
    fileprivate var trimmingSpaces: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}

/// An unquoted scalar: null, truth value, number or text.
private func plain(_ text: String) -> JSONValue {
    switch text.trimmingSpaces {
    case "null", "": .null
    case "true": .bool(true)
    case "false": .bool(false)
    case let text: Int64(text).map { .integer($0) } ?? Double(text).map { .double($0) } ?? .string(text)
    }
}
