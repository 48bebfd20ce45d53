// Cuts the elements out of one JSON array that comes in pieces: finds where each ends, and leaves the reading to the parser.

/// Where it is in the array. Knows strings and nesting, nothing else of JSON, so a broken element is found when it is read.
struct ElementCutter {
    /// What the bytes that were taken came to.
    enum Step {
        /// The element goes on in the next piece.
        case goesOn
        /// The element is whole; another one follows.
        case element
        /// The element is whole, or empty where the array is or where it ends with a comma; the array is over.
        case last
    }

    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var isBegun = false

    /// Takes bytes from the front of `piece` up to the end of the element and appends them to `element` while that has at most
    /// `most`; `count` is raised by all of them. The array's own bracket and commas belong to no element.
    mutating func take(
        from piece: inout ArraySlice<UInt8>, to element: inout [UInt8], most: Int, count: inout Int
    ) -> Step {
        if !isBegun { begin(&piece) }
        var step = Step.goesOn
        let taken = piece.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                if let found = look(at: bytes[index]) {
                    step = found
                    break
                }
                index += 1
            }
            count += index
            if count <= most { element += bytes[..<index] } else { element = [] }
            return index
        }
        piece = piece.dropFirst(step == .goesOn ? taken : taken + 1)
        return step
    }

    /// The opening bracket, behind blanks and a byte order mark.
    private mutating func begin(_ piece: inout ArraySlice<UInt8>) {
        guard let bracket = piece.firstIndex(of: UInt8(ascii: "[")) else { return }
        piece = piece[(bracket + 1)...]
        isBegun = true
    }

    /// What a byte ends; nil when it belongs to the element.
    private mutating func look(at byte: UInt8) -> Step? {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return nil
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "]") where depth == 0: return .last
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
        case UInt8(ascii: ",") where depth == 0: return .element
        default: break
        }
        return nil
    }
}
