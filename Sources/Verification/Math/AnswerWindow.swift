// The part of a response that can hold its answer, copied out: for a text that ends in a box some hundred bytes, however
// long the text is. What is left out could not have changed what `AnswerExtractor` finds.
import Domain

/// What extraction looks at of a response.
struct AnswerWindow: Sendable {
    /// The bytes behind the last `</think>` that matter: the last whole box with what is tied to it and what stands around
    /// it, or everything where there is no box.
    let bytes: [UInt8]
    /// Whether a box command stands in them.
    let holdsCommand: Bool

    init(of response: String) {
        var response = response
        (bytes, holdsCommand) = response.withUTF8 { buffer in
            let found = AnswerWindow.find(in: buffer.span)
            return (Array(buffer[found.range]), found.holdsCommand)
        }
    }

    private static func find(in bytes: Span<UInt8>) -> (range: Range<Int>, holdsCommand: Bool) {
        let end = bytes.count
        guard let command = BoxSearch.lastCommand(in: bytes, before: end) else { return (finalPart(of: bytes), false) }
        guard let mark = BoxSearch.lastThinkEnd(in: bytes, from: command, before: end) else {
            return around(command, in: bytes, mayHoldMark: true)
        }
        guard isBlank(bytes, mark.upperBound..<end) else { return (mark.upperBound..<end, false) }
        // Nothing follows the thinking: the answer is in it.
        let thinking = bytes.extracting(0..<mark.lowerBound)
        guard let earlier = BoxSearch.lastCommand(in: thinking, before: thinking.count) else {
            return (0..<thinking.count, false)
        }
        return around(earlier, in: thinking, mayHoldMark: false)
    }

    /// The surroundings of the last whole box, the last command standing at a place.
    private static func around(
        _ last: Int, in bytes: Span<UInt8>, mayHoldMark: Bool
    ) -> (range: Range<Int>, holdsCommand: Bool) {
        let box = BoxSearch.lastBox(in: bytes, before: bytes.count, tries: Limits.mathUnfinishedBoxesMax)
        var start = 0
        if let command = box?.whole.lowerBound {
            let reach = max(0, command - Limits.mathCandidateBytesMax)
            let hasEarlier = BoxSearch.lastCommand(in: bytes, from: reach, before: command) != nil
            start = max(0, command - (hasEarlier ? Limits.mathWindowBytesMax : contextBytes))
        }
        if mayHoldMark, let mark = BoxSearch.lastThinkEnd(in: bytes, from: start, before: last) {
            start = mark.upperBound
        }
        guard let box, box.whole.lowerBound >= start, box.isBalanced else { return (start..<bytes.count, true) }
        return (start..<min(bytes.count, box.whole.upperBound + contextBytes), true)
    }

    /// Bytes on both sides of a box in which its negation, percent sign or base may stand.
    private static let contextBytes = 512

    /// The part after the last `</think>`, if anything but white space stands there; else everything before it.
    private static func finalPart(of bytes: Span<UInt8>) -> Range<Int> {
        guard let mark = BoxSearch.lastThinkEnd(in: bytes, from: 0, before: bytes.count) else { return 0..<bytes.count }
        return isBlank(bytes, mark.upperBound..<bytes.count) ? 0..<mark.lowerBound : mark.upperBound..<bytes.count
    }

    private static func isBlank(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where !isSpaceByte(bytes[index]) { return false }
        return true
    }
}
