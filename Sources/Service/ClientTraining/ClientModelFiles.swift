// Where the checkpoints of clients' models lie: beside the database, apart from the policy's. A checkpoint exists when its
// description does, which is written last.
import Domain
import Foundation
import Modeling
import StrictJSON

/// One checkpoint as listings show it.
package struct ClientCheckpoint: Sendable, Equatable {
    package var path: ClientCheckpointPath
    package var createdAt: Timestamp
    package var bytes: Int
    /// The policy that its model began as.
    package var base: String
    package var adapter: ClientAdapter?
}

/// The directory of clients' checkpoints.
struct ClientModelFiles: Sendable {
    let root: String

    /// The directory is named whole, because an adapter's checkpoint names its base, and may be read from another place.
    init(root: String) { self.root = URL(fileURLWithPath: root).standardizedFileURL.path }

    /// A model that begins as this policy. An adapter's base is kept in a directory, because its checkpoints name that.
    func begin(
        _ weights: ModelWeights, adapter: ClientAdapter?, threads: Int
    ) throws -> TrainableModel {
        let partition = TrainableModel.Partition()
        let settings = try adapter.map { try AdapterSettings($0) }
        try MemoryPlan.training(
            weights.configuration, precision: weights.precision,
            trainedCount: settings.map { $0.parameterCount(weights.configuration) }, partition: partition,
            isSampled: true
        ).check("a model of a client")
        guard let settings else { return TrainableModel(weights: weights, partition: partition) }
        let directory = "\(root)/bases/\(weights.fingerprint(threads: threads))"
        if !FileManager.default.fileExists(atPath: "\(directory)/\(ModelWeights.FileName.weights)") {
            try FileManager.default.createDirectory(atPath: "\(root)/bases", withIntermediateDirectories: true)
            try weights.save(directory: directory)
        }
        let base = try ModelWeights.load(directory: directory, precision: weights.precision, threads: threads)
        return TrainableModel(weights: base, adapter: settings, seed: adapter?.seed ?? 0, partition: partition)
    }

    /// Where a checkpoint's content lies: a file for training, a directory for sampling.
    func content(of path: ClientCheckpointPath) -> String {
        "\(root)/\(path.model)/\(path.id)" + (path.kind == .training ? ".safetensors" : "")
    }

    private func description(of path: ClientCheckpointPath) -> String { "\(root)/\(path.model)/\(path.id).json" }

    /// Makes the directory in which a checkpoint is to lie.
    func prepare(_ path: ClientCheckpointPath) throws {
        try FileManager.default.createDirectory(
            atPath: "\(root)/\(path.model)/\(path.kind.rawValue)", withIntermediateDirectories: true)
    }

    /// Makes a checkpoint whose content is written exist.
    func describe(_ path: ClientCheckpointPath, base: String, adapter: ClientAdapter?, now: Timestamp) throws {
        let shape = adapter.map { adapter -> JSONValue in
            .members([
                "rank": .integer(Int64(adapter.rank)), "attention": .bool(adapter.trainsAttention),
                "feed_forward": .bool(adapter.trainsFeedForward),
            ])
        }
        let json = JSONValue.members([
            "base": .string(base), "created_ms": .integer(now.milliseconds), "adapter": shape ?? .null,
        ])
        let file = description(of: path)
        try Data(json.serialized()).write(to: URL(fileURLWithPath: file), options: .atomic)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        try handle.synchronize()
        try handle.close()
    }

    /// A checkpoint, or nil when there is none under the path.
    func checkpoint(_ path: ClientCheckpointPath) -> ClientCheckpoint? {
        guard let data = FileManager.default.contents(atPath: description(of: path)),
            let json = try? JSONValue.parse(Array(data)), let base = json["base"]?.string,
            let created = json["created_ms"]?.integer
        else { return nil }
        var adapter: ClientAdapter?
        if let shape = json["adapter"], let rank = shape["rank"]?.integer {
            adapter = ClientAdapter(
                rank: Int(clamping: rank), trainsAttention: shape["attention"]?.bool ?? true,
                trainsFeedForward: shape["feed_forward"]?.bool ?? true)
        }
        return ClientCheckpoint(
            path: path, createdAt: Timestamp(milliseconds: created), bytes: bytes(at: content(of: path)), base: base,
            adapter: adapter)
    }

    /// All checkpoints, oldest first; of one model when it is named.
    func checkpoints(of model: ClientModelID? = nil) -> [ClientCheckpoint] {
        let models = model.map { [$0.text] } ?? names(in: root).filter { isModelName($0) && $0 != "bases" }
        let paths = models.flatMap { model in
            ClientCheckpointPath.Kind.allCases.flatMap { kind in
                names(in: "\(root)/\(model)/\(kind.rawValue)").filter { $0.hasSuffix(".json") }.compactMap {
                    try? ClientCheckpointPath(ClientModelID(model), kind, name: String($0.dropLast(5)))
                }
            }
        }
        return paths.compactMap(checkpoint).sorted {
            ($0.createdAt, $0.path.description) < ($1.createdAt, $1.path.description)
        }
    }

    /// Removes a checkpoint; false when there is none.
    func remove(_ path: ClientCheckpointPath) throws -> Bool {
        guard checkpoint(path) != nil else { return false }
        // Without its description it is gone, whatever happens to the rest.
        try FileManager.default.removeItem(atPath: description(of: path))
        try? FileManager.default.removeItem(atPath: content(of: path))
        return true
    }

    private func names(in directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    private func bytes(at path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard attributes?[.type] as? FileAttributeType == .typeDirectory else {
            return (attributes?[.size] as? NSNumber)?.intValue ?? 0
        }
        return names(in: path).reduce(0) { $0 + bytes(at: "\(path)/\($1)") }
    }
}

extension AdapterSettings {
    /// What LoRA's alpha is with Tinker, whatever the rank ("LoRA Without Regret", 2025).
    private static let clientAlpha: Float = 32

    /// An adapter as a client asks for it.
    init(_ adapter: ClientAdapter) throws(ModelError) {
        let attention: [Target] = adapter.trainsAttention ? [.query, .key, .value, .output] : []
        let feedForward: [Target] = adapter.trainsFeedForward ? [.gate, .up, .down] : []
        try self.init(rank: adapter.rank, alpha: Self.clientAlpha, targets: attention + feedForward)
    }
}
