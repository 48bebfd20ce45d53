// Checkpoint files: written whole and durable before the ledger names them, read back with their digest checked.
import Domain
import Foundation
import Glibc
import Learning
import Modeling
import Synchronization

/// The directory of checkpoints beside the database. A file that the ledger does not name does not exist for us.
package struct CheckpointDirectory: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// Checkpoints kept besides every hundredth: enough to compare with and to roll back to.
    package static let recentKept = Limits.recordedStalenessMax + 1
    /// Every checkpoint whose version is a multiple of this stays.
    package static let milestoneEvery = 100

    /// Makes the directory if it is missing.
    package func create() throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ServiceError(
                .unavailable, "the checkpoint directory \(path) cannot be made: \(error)",
                hint: "make it writable, or choose another place with --database")
        }
    }

    /// The file of a version.
    package func file(of version: PolicyVersion) -> String {
        let digits = String(version.number)
        return path + "/policy-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".safetensors"
    }

    /// Writes a model's parameters and optimiser state durably and describes the file for the ledger.
    package func write(
        _ model: TrainableModel, version: PolicyVersion, learnerState: String
    ) throws -> CheckpointManifest {
        let file = file(of: version)
        try model.save(to: file)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe)
        return CheckpointManifest(
            version: version, path: String(file.dropFirst(path.count + 1)), bytes: bytes.count,
            digest: contentDigest(bytes), learnerState: learnerState)
    }

    /// The whole path of a checkpoint whose bytes are as the ledger says.
    ///
    /// - Throws: `ServiceError.unavailable` when the file is missing, shorter or changed.
    package func verifiedFile(of manifest: CheckpointManifest) throws -> String {
        let file = path + "/" + manifest.path
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe) else {
            throw ServiceError(
                .unavailable, "checkpoint \(file) is missing",
                hint: "restore it from a backup, or remove the database to begin anew")
        }
        guard bytes.count == manifest.bytes, contentDigest(bytes) == manifest.digest else {
            throw ServiceError(
                .unavailable, "checkpoint \(file) is damaged: its content is not what the ledger recorded",
                hint: "restore it from a backup, or remove the database to begin anew")
        }
        return file
    }

    /// The weights of a checkpoint.
    package func weights(of manifest: CheckpointManifest) throws -> ModelWeights {
        try TrainableModel(restoring: verifiedFile(of: manifest)).snapshot()
    }

    /// The weights of the versions that updates after `version` may look back at: a function of the versions alone, so that
    /// a restart finds the same, whatever else lies in the directory.
    func recorded(_ kept: [CheckpointManifest], before version: PolicyVersion) -> RecordedWeights {
        let inReach = kept.filter {
            $0.version < version && version.number - $0.version.number <= Limits.recordedStalenessMax
        }
        let manifests = Dictionary(inReach.map { ($0.version, $0) }, uniquingKeysWith: { $1 })
        return { wanted in try manifests[wanted].map { try weights(of: $0) } }
    }

    /// A policy's weights in the Hugging Face format; `name` is a directory that exists only meanwhile.
    func export(_ policy: PublishedPolicy, name: String) throws -> PolicyWeights {
        let directory = path + "/" + name
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try policy.weights.save(directory: directory)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + ModelWeights.FileName.weights))
        let configuration = policy.weights.configuration.huggingFaceConfiguration()
        return PolicyWeights(
            version: policy.version, safetensors: Array(bytes),
            configuration: String(decoding: configuration, as: UTF8.self))
    }

    /// The versions that may be forgotten when `newest` is the last.
    package static func prunable(_ versions: [PolicyVersion], newest: PolicyVersion) -> [PolicyVersion] {
        versions.filter { $0.number % milestoneEvery != 0 && $0.number <= newest.number - recentKept }
    }

    /// Removes the files of versions that the ledger has forgotten; a file that is gone already is fine.
    package func remove(_ versions: [PolicyVersion]) {
        for version in versions { unlink(file(of: version)) }
    }
}

/// A 128-bit digest that finds torn and flipped bytes at memory speed; no defence against forgery.
///
/// Four lanes of multiply-rotate over little-endian 64-bit words (the structure of xxHash64), folded twice.
func contentDigest(_ data: Data) -> String {
    let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    var lanes: (UInt64, UInt64, UInt64, UInt64) = (prime1 &+ prime2, prime2, 0, 0 &- prime1)
    func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        let mixed = lane &+ (word &* prime2)
        return ((mixed << 31) | (mixed >> 33)) &* prime1
    }
    data.withUnsafeBytes { bytes in
        var offset = 0
        while offset + 32 <= bytes.count {
            lanes.0 = round(lanes.0, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            lanes.1 = round(
                lanes.1, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
            lanes.2 = round(
                lanes.2, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)))
            lanes.3 = round(
                lanes.3, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)))
            offset += 32
        }
        for byte in bytes[offset...] { lanes.0 = round(lanes.0, UInt64(byte)) }
    }
    let length = UInt64(data.count)
    var high = round(round(lanes.0 ^ length, lanes.1), lanes.2 ^ (lanes.3 >> 17))
    var low = round(round(lanes.2 &+ length, lanes.3), lanes.0 ^ (lanes.1 >> 29))
    high ^= high >> 32
    low ^= low >> 29
    return hexadecimal(high) + hexadecimal(low)
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
