// Groups of sequences as they are stored: a Zstandard frame each, and one digest over all of a request.
import Compressing
import Domain
import Foundation

/// The groups of one post, ready to be stored.
struct PackedTrajectories: Sendable {
    struct Group: Sendable {
        let environment: Int64?
        let sequences: Int
        let textBytes: Int
        let body: Data
    }

    /// Token ids and log-probs as decimal digits: level 1 halves them at the speed of the disk, the next levels gain a tenth.
    private static let level = 1

    let groups: [Group]
    /// Of the packed texts, half as long and the same for the same text; white space and compression on the wire make no
    /// difference.
    let digest: ContentHash
    let key: String?
    /// What the groups take in the database.
    var bytes: Int { groups.reduce(0) { $0 + $1.body.count } }

    /// Packs and hashes: milliseconds a megabyte.
    init(_ post: TrajectoryPost) throws {
        var hasher = Blake2b()
        groups = try post.groups.map { group in
            let body: [UInt8]
            do {
                body = try group.text.withUnsafeBytes { try zstdCompressed($0, level: Self.level) }
            } catch {
                throw LedgerError.inputOutput("a group cannot be packed: \(error)")
            }
            body.withUnsafeBytes { hasher.absorb(field: $0) }
            return Group(
                environment: group.environment, sequences: group.sequences, textBytes: group.text.count,
                body: Data(body))
        }
        digest = ContentHash(bytes: hasher.digest())
        key = post.key
    }

    /// The text of a stored group; throws `LedgerError.corrupt`.
    static func text(_ body: Data, bytes: Int) throws -> [UInt8] {
        guard (0...Limits.trajectoryTextBytesMax).contains(bytes) else {
            throw LedgerError.corrupt("trajectory_bodies holds a length of \(bytes)")
        }
        var text = [UInt8](repeating: 0, count: bytes)
        do {
            try body.withUnsafeBytes { input in
                try text.withUnsafeMutableBytes { try zstdDecompress(input, filling: $0) }
            }
        } catch {
            throw LedgerError.corrupt("trajectory_bodies holds a frame that cannot be read")
        }
        return text
    }
}
