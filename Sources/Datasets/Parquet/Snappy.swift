// Snappy's block format, decompressed. Format: google/snappy, format_description.txt.

/// The bytes behind one block of Snappy; nil when it is malformed or longer than `limit`.
///
/// Memory grows with what comes out, not with what the block claims.
package func snappyDecompressed(_ input: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
    var reader = SnappyReader(input: input, position: input.startIndex)
    guard let claimed = reader.length(), claimed <= limit else { return nil }
    // A copy of two bytes gives at most 64: a claim beyond that is a lie, and nothing is reserved for it.
    guard claimed <= 64 * input.count else { return nil }
    reader.output.reserveCapacity(claimed)
    while reader.position < input.endIndex {
        guard reader.element(upTo: claimed) else { return nil }
    }
    return reader.output.count == claimed ? reader.output : nil
}

private struct SnappyReader {
    let input: ArraySlice<UInt8>
    var position: Int
    var output: [UInt8] = []

    /// The length of the whole output, a varint of 32 bits.
    mutating func length() -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard position < input.endIndex else { return nil }
            let next = input[position]
            position += 1
            value |= Int(next & 0x7F) << shift
            if next < 0x80 { return value }
        }
        return nil
    }

    /// One literal or copy; false when it is malformed or passes the length.
    mutating func element(upTo length: Int) -> Bool {
        let tag = Int(input[position])
        position += 1
        switch tag & 3 {
        case 0:
            var count = tag >> 2
            if count >= 60 {
                guard let long = number(count - 59) else { return false }
                count = long
            }
            count += 1
            guard count <= input.endIndex - position, count <= length - output.count else { return false }
            output += input[position..<(position + count)]
            position += count
            return true
        case 1:
            guard let low = number(1) else { return false }
            return copy(count: 4 + (tag >> 2 & 7), from: (tag >> 5) << 8 | low, upTo: length)
        case 2:
            guard let distance = number(2) else { return false }
            return copy(count: 1 + tag >> 2, from: distance, upTo: length)
        default:
            guard let distance = number(4) else { return false }
            return copy(count: 1 + tag >> 2, from: distance, upTo: length)
        }
    }

    /// A little-endian number of so many bytes.
    private mutating func number(_ count: Int) -> Int? {
        guard count <= input.endIndex - position else { return nil }
        defer { position += count }
        return input[position..<(position + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Repeats what stands `distance` bytes before the end; the two may overlap.
    private mutating func copy(count: Int, from distance: Int, upTo length: Int) -> Bool {
        guard distance > 0, distance <= output.count, count <= length - output.count else { return false }
        let start = output.count - distance
        if distance >= count {
            output += output[start..<(start + count)]
        } else {
            for index in start..<(start + count) { output.append(output[index]) }
        }
        return true
    }
}
