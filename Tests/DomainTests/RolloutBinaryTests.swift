// The binary form of rollouts: the same rollouts as JSON gives, faults by item where they can be, and nothing beyond the end.
import Domain
import StrictJSON
import Testing

/// Puts one rollout into the binary form, as a client does.
private func frame(_ header: String, _ ids: [Int32] = [], _ logprobs: [Float] = [], count: UInt32? = nil) -> [UInt8] {
    var bytes = word(UInt32(header.utf8.count)) + Array(header.utf8) + word(count ?? UInt32(ids.count))
    for id in ids { bytes += word(UInt32(bitPattern: id)) }
    for logprob in logprobs { bytes += word(logprob.bitPattern) }
    return bytes
}

private func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

private let magic = Array("RLO1".utf8)

private func read(_ bytes: [UInt8], countMax: Int = 256) throws -> [Result<RolloutSubmission, InputError>] {
    try bytes.withUnsafeBytes { try RolloutBinary.read($0, countMax: countMax) }
}

@Suite struct RolloutBinaryTests {
    private static let header =
        #"{"id":"r","prompt_id":"p","group_id":"g","group_size":2,"response":"4","policy_version":3,"metadata":{"a":1}}"#

    @Test func `a rollout in binary is the same value as in JSON`() throws {
        let ids: [Int32] = [0, 1, 149_999, 1_000_000]
        let logprobs: [Float] = [-0.1, -0.0, -1e-30, -17.25]
        let arrays = #","token_ids":[0,1,149999,1000000],"logprobs":[-0.1,-0.0,-1e-30,-17.25]}"#
        let json = try RolloutSubmission(json: JSONValue.parse(text: Self.header.dropLast() + arrays))
        let items = try read(magic + frame(Self.header, ids, logprobs) + frame(Self.header))
        #expect(try items.map { try $0.get().tokenIDs.count } == [4, 0])
        let item = try #require(try items.first?.get())
        #expect(item == json)
        #expect(item.logprobs.map(\.bitPattern) == logprobs.map(\.bitPattern))
        #expect(item.groupSize == 2)
    }

    @Test(
        arguments: [
            (#"{"prompt_id":"p","response":"4"}"#, [], [], InputError.Code.missingField, "rollouts[1].policy_version"),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0,"token_ids":[1]}"#, [1], [-1], .unknownField,
                "rollouts[1].token_ids"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0,"policy_version":0}"#, [], [], .malformedJSON,
                "rollouts[1]"
            ),
            (#"{"prompt_id":"p","response":"4","policy_version":0"#, [], [], .malformedJSON, "rollouts[1]"),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0}"#, [-1], [-1], .invalidValue,
                "rollouts[1].token_ids"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0}"#, [1_000_001], [-1], .invalidValue,
                "rollouts[1].token_ids"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0}"#, [1], [0.5], .invalidValue,
                "rollouts[1].logprobs"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0}"#, [1], [.nan], .invalidValue,
                "rollouts[1].logprobs"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0}"#, [1], [-.infinity], .invalidValue,
                "rollouts[1].logprobs"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0,"group_size":4}"#, [], [], .missingField,
                "rollouts[1].group_id"
            ),
            (
                #"{"prompt_id":"p","response":"4","policy_version":0,"group_id":"g","group_size":65}"#, [], [],
                .invalidValue, "rollouts[1].group_size"
            ),
        ] as [(String, [Int32], [Float], InputError.Code, String)])
    func `a fault inside a rollout is its own`(
        header: String, ids: [Int32], logprobs: [Float], code: InputError.Code, field: String
    ) throws {
        let good = frame(Self.header, [7], [-1])
        let items = try read(magic + good + frame(header, ids, logprobs) + good)
        #expect(items.count == 3)
        #expect(try items[0].get().tokenIDs == [7] && items[2].get().tokenIDs == [7])
        #expect { try items[1].get() } throws: {
            ($0 as? InputError)?.code == code && ($0 as? InputError)?.field == field
        }
    }

    @Test func `a body cut short anywhere but between rollouts is refused as a whole`() throws {
        let whole = magic + frame(Self.header, [1, 2], [-1, -2]) + frame(Self.header)
        let between = [magic.count + frame(Self.header, [1, 2], [-1, -2]).count, whole.count]
        for count in 0..<whole.count where !between.contains(count) && count != magic.count {
            #expect { try read(Array(whole.prefix(count))) } throws: { ($0 as? InputError)?.code == .malformedBody }
        }
        #expect(try read(Array(whole.prefix(between[0]))).count == 1)
        #expect { try read(magic) } throws: { ($0 as? InputError)?.code == .invalidValue }
    }

    @Test func `lengths that lie about what follows take no memory`() throws {
        let header = #"{"prompt_id":"p","response":"4","policy_version":0}"#
        for body in [
            Array("RLO2".utf8), magic + word(.max), magic + frame(header, count: .max),
            magic + frame(header, [1], [-1], count: 2), magic + frame(header, [1], [-1], count: 0),
        ] {
            #expect { try read(body) } throws: { ($0 as? InputError)?.code == .malformedBody }
        }
        let many = magic + Array(repeating: frame(header), count: 3).flatMap { $0 }
        #expect { try read(many, countMax: 2) } throws: { ($0 as? InputError)?.code == .tooLarge }
    }

    @Test func `more tokens than a rollout may have are refused, and the next rollout is still found`() throws {
        let long = Limits.tokensMax + 1
        let items = try read(
            magic + frame(Self.header, Array(repeating: 1, count: long), Array(repeating: -1, count: long))
                + frame(Self.header))
        #expect { try items[0].get() } throws: { ($0 as? InputError)?.code == .tooLarge }
        #expect(try items[1].get().response == "4")
    }
}
