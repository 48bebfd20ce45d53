// The long parts of an old rollout as Zstandard frames, bit for bit. docs/adr/0015 has the forms that were tried.
import Compressing
import Domain
import Foundation
import GRDB

/// Response, token ids and log-probabilities of one rollout, packed: a frame each, since their bytes have nothing in common.
struct PackedBody: Sendable {
    /// Level 9 is six times slower for 4 % less.
    static let level = 3

    let responseBytes: Int
    let tokens: Int
    let response: Data
    let tokenIDs: Data
    let logprobs: Data

    /// What it takes in the database.
    var bytes: Int { response.count + tokenIDs.count + logprobs.count }

    /// Packs a body; nil when that would not make it a tenth smaller. What is returned was unpacked and compared.
    init?(response: Data, tokenIDs: Data, logprobs: Data) throws {
        let before = response.count + tokenIDs.count + logprobs.count
        guard before >= Limits.compactionBodyBytesMin else { return nil }
        responseBytes = response.count
        tokens = tokenIDs.count / 4
        self.response = try Self.packed(response)
        self.tokenIDs = try Self.packed(tokenIDs)
        self.logprobs = try Self.packed(logprobs)
        guard bytes <= before / 10 * 9 else { return nil }
        guard try unpacked() == StoredBody(response: response, tokenIDs: tokenIDs, logprobs: logprobs) else {
            throw LedgerError.invariant("a packed body does not unpack to what it was")
        }
    }

    /// From a row with the columns of `packedBodyColumns`; nil when the body is not packed.
    init?(_ row: Row) {
        guard let tokens = row["packed_tokens"] as Int? else { return nil }
        self.tokens = tokens
        responseBytes = row["packed_response_bytes"]
        response = row["packed_response"]
        tokenIDs = row["packed_token_ids"]
        logprobs = row["packed_logprobs"]
    }

    /// The body as it was; throws `LedgerError.corrupt`.
    func unpacked() throws -> StoredBody {
        StoredBody(
            response: try Self.unpacked(response, responseBytes), tokenIDs: try Self.unpacked(tokenIDs, 4 * tokens),
            logprobs: try Self.unpacked(logprobs, 4 * tokens))
    }

    private static func packed(_ data: Data) throws -> Data {
        do {
            return Data(try data.withUnsafeBytes { try zstdCompressed($0, level: level) })
        } catch {
            throw LedgerError.inputOutput("a body cannot be packed: \(error)")
        }
    }

    private static func unpacked(_ data: Data, _ count: Int) throws -> Data {
        var output = Data(count: count)
        do {
            try data.withUnsafeBytes { input in
                try output.withUnsafeMutableBytes { try zstdDecompress(input, filling: $0) }
            }
        } catch {
            throw LedgerError.corrupt("packed_bodies holds a frame that cannot be read")
        }
        return output
    }
}

/// The long parts of a rollout as they were posted.
struct StoredBody: Sendable, Equatable {
    /// UTF-8.
    var response: Data
    /// Four bytes a token, as `TokenBlob` writes them.
    var tokenIDs: Data
    var logprobs: Data

    /// Bytes of all three.
    var bytes: Int { response.count + tokenIDs.count + logprobs.count }

    init(response: Data, tokenIDs: Data, logprobs: Data) {
        self.response = response
        self.tokenIDs = tokenIDs
        self.logprobs = logprobs
    }

    /// From a row with `response, token_ids, logprobs` of `rollout_bodies b` and with `packedBodyColumns`.
    init(_ row: Row) throws {
        if let packed = PackedBody(row) {
            self = try packed.unpacked()
        } else {
            self.init(response: row["response"], tokenIDs: row["token_ids"], logprobs: row["logprobs"])
        }
    }
}

/// The columns that `PackedBody` reads, of `packed_bodies k`; all NULL for a body that is not packed.
let packedBodyColumns = """
    k.tokens AS packed_tokens, k.response_bytes AS packed_response_bytes, k.response AS packed_response,
        k.token_ids AS packed_token_ids, k.logprobs AS packed_logprobs
    """

/// Joins `packed_bodies k` to `rollouts r`; rows that compaction has not seen are not looked up.
let packedBodyJoin = "LEFT JOIN packed_bodies k ON r.compacted = 1 AND k.rollout_seq = r.seq"
