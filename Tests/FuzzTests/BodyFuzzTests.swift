// Bodies in binary and in gzip and zstd, damaged: refused or taken within their limits, never a crash.
import Compressing
import Domain
import TestSupport
import Testing

@Suite(.serialized) struct BodyFuzzTests {
    @Test func `rollouts in binary that are taken are within their limits`() {
        let header = Array(#"{"id":"a","prompt_id":"p","response":"4","policy_version":3,"metadata":{"k":[1]}}"#.utf8)
        let ids: [UInt8] = [5, 0, 0, 0, 0x10, 0x27, 0, 0]
        let logprobs: [UInt8] = [0, 0, 0x80, 0xBF, 0xCD, 0xCC, 0xCC, 0xBD]
        let frame = [UInt8(header.count), 0, 0, 0] + header + [2, 0, 0, 0] + ids + logprobs
        let corpus = [RolloutBinary.magic + frame, RolloutBinary.magic + frame + frame + frame, RolloutBinary.magic]
        let count = FuzzTime.feed(seed: 17, corpus: corpus) { bytes in
            guard let items = try? bytes.withUnsafeBytes({ try RolloutBinary.read($0, countMax: 8) }) else { return }
            #expect((1...8).contains(items.count))
            for case .success(let rollout) in items {
                #expect(rollout.tokenIDs.count == rollout.logprobs.count)
                #expect(rollout.tokenIDs.allSatisfy { (0...Int32(Limits.tokenIDMax)).contains($0) })
                #expect(rollout.logprobs.allSatisfy { $0 <= 0 && $0.isFinite })
            }
        }
        #expect(count > 100)
    }

    @Test func `compressed bytes give at most the limit, in memory that was asked for`() throws {
        // `printf 'rollouts\\n' | gzip -n9`, gzip 1.12.
        let gzip: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0x2B, 0xCA, 0xCF, 0xC9, 0xC9, 0x2F, 0x2D, 0x29, 0xE6, 2, 0, 0xCF, 0x17,
            0x0B,
            0xF2, 9, 0, 0, 0,
        ]
        let texts = [
            [UInt8](repeating: 0, count: 50_000), (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ ($0 >> 5)) },
        ]
        let packed = try texts.map { text in try text.withUnsafeBytes { try zstdCompressed($0) } }
        for coding in ContentCoding.allCases {
            let count = FuzzTime.feed(seed: 18, corpus: packed + [gzip, gzip + gzip]) { bytes in
                var reserved = 0
                let text = try? bytes.withUnsafeBytes {
                    try decompressed($0, from: coding, limit: 20_000) { more in
                        reserved += more
                        return true
                    }
                }
                #expect(reserved <= 20_000 && (text?.count ?? 0) <= reserved)
            }
            #expect(count > 100)
        }
    }
}
