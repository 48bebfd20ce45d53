// The part of a response that can hold its answer, copied out: for a text that ends in a box some hundred bytes, however
// long the text is. What is left out could not have changed what `AnswerExtractor` finds.
import Domain

/// Cuts a response down to what extraction looks at.
enum AnswerWindow {
    /// The bytes behind the last `</think>` that matter: the last whole box with what is tied to it and what stands around
    /// it, or everything where there is no box.
    static func bytes(of response: String) -> [UInt8] {
        var response = response
        return response.withUTF8 { buffer in
            let range = range(in: buffer.span)
            return Array(buffer[range])
        }
    }

    private static func range(in bytes: Span<UInt8>) -> Range<Int> {
        var end = bytes.count
        guard var command = BoxSearch.lastCommand(in: bytes, before: end) else { return finalPart(of: bytes) }
        if let mark = BoxSearch.lastThinkEnd(in: bytes, from: command, before: end) {
            guard isBlank(bytes, mark.upperBound..<end) else { return mark.upperBound..<end }
            // Nothing follows the thinking: the answer is in it.
            end = mark.lowerBound
            guard let earlier = BoxSearch.lastCommand(in: bytes, before: end) else { return 0..<end }
            command = earlier
            return around(command, in: bytes.extracting(0..<end), mayHoldMark: false)
        }
        return around(command, in: bytes, mayHoldMark: true)
    }

    /// The surroundings of the last whole box at or before a command.
    private static func around(_ last: Int, in bytes: Span<UInt8>, mayHoldMark: Bool) -> Range<Int> {
        var command = last
        var box = BoxSearch.box(in: bytes, at: command, before: bytes.count)
        for _ in 1..<Limits.mathUnfinishedBoxesMax where box == nil {
            guard let earlier = BoxSearch.lastCommand(in: bytes, before: command) else { break }
            command = earlier
            box = BoxSearch.box(in: bytes, at: command, before: bytes.count)
        }
        var start = 0
        if box != nil {
            let reach = max(0, command - Limits.mathCandidateBytesMax)
            let hasEarlier = BoxSearch.lastCommand(in: bytes, from: reach, before: command) != nil
            start = max(0, command - (hasEarlier ? Limits.mathWindowBytesMax : contextBytes))
        }
        let end = box.flatMap { $0.isBalanced ? min(bytes.count, $0.whole.upperBound + contextBytes) : nil }
        if mayHoldMark, let mark = BoxSearch.lastThinkEnd(in: bytes, from: start, before: last) {
            start = mark.upperBound
            // The box was in the thinking, and only unfinished ones came after it.
            if start > command { return start..<bytes.count }
        }
        return start..<(end ?? bytes.count)
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
