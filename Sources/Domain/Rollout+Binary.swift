// Rollouts in bytes: what POST /v1/rollouts takes and the export gives beside JSON. Four bytes a number in place of up to 22
// digits, and nothing to parse. openapi.yaml has the form byte by byte.
import StrictJSON

/// The binary form of a list of rollouts: the bytes "RLO1", then rollouts until the end.
///
/// Each rollout is the length of a JSON object, the object (all fields of the JSON form but `token_ids` and `logprobs`), the
/// number of tokens T, T token ids, T log-probabilities. Lengths are unsigned, ids signed 32-bit integers, log-probabilities
/// IEEE 754 binary32; all little-endian, nothing aligned.
package enum RolloutBinary {
    /// How every list begins; the last character is the version.
    package static let magic = Array("RLO1".utf8)

    /// Reads 1 to `countMax` posted rollouts; a fault inside one is its own, one of the framing is everybody's.
    package static func read(
        _ bytes: UnsafeRawBufferPointer, countMax: Int
    ) throws(InputError) -> [Result<RolloutSubmission, InputError>] {
        var cursor = Cursor(bytes)
        guard try cursor.take(4, "the four bytes \"RLO1\"").elementsEqual(magic) else {
            throw InputError(.malformedBody, "the body does not begin with \"RLO1\"", hint: Cursor.hint)
        }
        var items: [Result<RolloutSubmission, InputError>] = []
        while !cursor.isAtEnd {
            guard items.count < countMax else {
                throw InputError(
                    .tooLarge, "more than \(countMax) rollouts", hint: "send at most \(countMax) a request")
            }
            let item: Result<RolloutSubmission, InputError>
            do throws(InputError) {
                let frame = try Frame(&cursor)
                do throws(InputError) { item = .success(try frame.submission()) } catch {
                    item = .failure(error.inside("rollouts[\(items.count)]"))
                }
            } catch { throw InputError(error.code, "rollout \(items.count): \(error.message)", hint: error.hint) }
            items.append(item)
        }
        guard !items.isEmpty else {
            throw InputError(.invalidValue, "no rollouts", hint: "send 1 to \(countMax)")
        }
        return items
    }
}

extension Rollout {
    /// Appends the rollout in binary, without the list's first four bytes; the object has everything that is known of it.
    package func appendBinary(to bytes: inout [UInt8]) {
        let header = headerJSON.serialized()
        bytes.reserveCapacity(bytes.count + 8 + header.count + 8 * tokenIDs.count)
        bytes.append(word: UInt32(header.count))
        bytes += header
        bytes.append(word: UInt32(tokenIDs.count))
        for id in tokenIDs { bytes.append(word: UInt32(bitPattern: id)) }
        for logprob in logprobs { bytes.append(word: logprob.bitPattern) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(word: UInt32) {
        Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
    }
}

/// One rollout as it lies in the body.
private struct Frame {
    let header: UnsafeRawBufferPointer
    let tokenCount: Int
    let tokenIDs: UnsafeRawBufferPointer
    let logprobs: UnsafeRawBufferPointer

    init(_ cursor: inout Cursor) throws(InputError) {
        header = try cursor.take(try cursor.length("the length of its JSON object"), "its JSON object")
        tokenCount = try cursor.length("its number of tokens")
        tokenIDs = try cursor.take(4 * tokenCount, "its token ids")
        logprobs = try cursor.take(4 * tokenCount, "its log-probabilities")
    }

    func submission() throws(InputError) -> RolloutSubmission {
        guard tokenCount <= Limits.tokensMax else {
            throw InputError(
                .tooLarge, "\(tokenCount) tokens", field: "token_ids", hint: "the limit is \(Limits.tokensMax) tokens")
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(
                header, limits: JSONLimits(depth: Limits.jsonDepthMax, bytes: Limits.bodyBytesMax))
        } catch { throw InputError(error) }
        return try RolloutSubmission(
            header: json, tokenIDs: values(tokenIDs) { Int32(bitPattern: $0) },
            logprobs: values(logprobs) { Float(bitPattern: $0) })
    }

    private func values<Value>(_ bytes: UnsafeRawBufferPointer, _ value: (UInt32) -> Value) -> [Value] {
        [Value](unsafeUninitializedCapacity: tokenCount) { buffer, count in
            for index in 0..<tokenCount {
                let word = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                buffer.initializeElement(at: index, to: value(UInt32(littleEndian: word)))
            }
            count = tokenCount
        }
    }
}

/// Walks over the body and never beyond its end.
private struct Cursor {
    static let hint = "openapi.yaml has application/vnd.rolloutd.rollouts byte by byte"
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ count: Int, _ what: String) throws(InputError) -> UnsafeRawBufferPointer {
        guard count <= bytes.count - position else {
            throw InputError(
                .malformedBody, "the body ends at byte \(bytes.count) inside \(what), which begins at byte \(position)",
                hint: Cursor.hint)
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }

    mutating func length(_ what: String) throws(InputError) -> Int {
        Int(UInt32(littleEndian: try take(4, what).loadUnaligned(as: UInt32.self)))
    }
}
