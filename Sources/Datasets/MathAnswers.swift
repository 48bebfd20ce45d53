// Reference answers as rows have them: a text, a number, several that are all right, or the box at the end of a solution.
import Domain
import StrictJSON

/// A math task from a row's answer. Strings that hold a JSON array of strings, as Skywork's records have them, are several answers.
func mathTask(_ answer: JSONValue, field: String) throws(InputError) -> VerificationTask {
    var values = answer.elements ?? [answer]
    if let text = answer.string, text.hasPrefix("[\""), case let parsed = try? embeddedJSON(text, field: field),
        let several = parsed?.elements
    {
        values = several
    }
    var answers: [String] = []
    for value in values {
        guard let text = value.label.map(trimmed) else {
            throw InputError(.wrongType, "expected a string or a number, found \(value.kind)", field: field)
        }
        if !text.isEmpty, !answers.contains(text) { answers.append(text) }
    }
    guard !answers.isEmpty else { throw InputError(.invalidValue, "the row has no answer", field: field) }
    guard answers.count <= Limits.mathAnswersMax else {
        throw InputError(
            .tooLarge, "\(answers.count) answers", field: field, hint: "the limit is \(Limits.mathAnswersMax)")
    }
    return .math(MathTask(answers: answers))
}

/// What stands in the last `\boxed{}` of a worked solution, or nil.
func lastBoxed(_ solution: String) -> String? {
    let bytes = Array(solution.utf8)
    let mark = Array("boxed{".utf8)
    guard bytes.count > mark.count else { return nil }
    var start = bytes.count - mark.count
    while start >= 0 {
        if bytes[start] == mark[0], bytes[start..<(start + mark.count)].elementsEqual(mark) { break }
        start -= 1
    }
    guard start >= 0 else { return nil }
    start += mark.count
    var depth = 1
    for index in start..<bytes.count {
        if bytes[index] == UInt8(ascii: "{") { depth += 1 }
        if bytes[index] == UInt8(ascii: "}") { depth -= 1 }
        if depth == 0 { return String(decoding: bytes[start..<index], as: UTF8.self) }
    }
    return nil
}

/// A text without white space around it.
func trimmed(_ text: String) -> String {
    let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
    let bytes = text.utf8.drop(while: isSpace)
    let end = bytes.lastIndex { !isSpace($0) }.map { bytes.index(after: $0) } ?? bytes.startIndex
    return String(decoding: bytes[..<end], as: UTF8.self)
}
