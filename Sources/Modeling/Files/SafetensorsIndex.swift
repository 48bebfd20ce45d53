// model.safetensors.index.json: which file of a sharded model holds which tensor. No I/O here.
import StrictJSON

/// The index of a model in several safetensors files, as transformers writes it.
package struct SafetensorsIndex: Sendable, Equatable {
    /// The file of each tensor: names inside the index's own directory.
    package let fileOfTensor: [String: String]
    /// Bytes of all tensors as the index claims; nil when it does not say.
    package let totalSize: Int?

    /// The names of all files, sorted.
    package var files: [String] { Set(fileOfTensor.values).sorted() }

    /// What an index file is called in a model's directory.
    static let fileName = "model.safetensors.index.json"
    /// Files of one model, all open at once; the largest Qwen3 has 118.
    private static let filesMax = 256
    private static let tensorsMax = 65_536

    /// An index of these tensors, which must be in files of the same directory.
    init(fileOfTensor: [String: String], totalSize: Int) {
        self.fileOfTensor = fileOfTensor
        self.totalSize = totalSize
    }

    /// Reads the text of an index. Throws `ModelError` `.invalidFile` for a file name that leads elsewhere.
    package init(_ bytes: [UInt8]) throws(ModelError) {
        let limits = JSONLimits(depth: 8, bytes: ModelBounds.safetensorsHeaderBytesMax, values: 4 * Self.tensorsMax)
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(bytes, limits: limits) } catch {
            throw Self.broken("it is not JSON: \(error)")
        }
        guard case .object(let members) = json["weight_map"] else { throw Self.broken("it has no object weight_map") }
        guard (1...Self.tensorsMax).contains(members.count) else {
            throw Self.broken("weight_map has \(members.count) tensors")
        }
        var fileOfTensor: [String: String] = [:]
        for member in members {
            guard let file = member.value.string else {
                throw Self.broken("the file of tensor \(member.name.prefix(100)) is \(member.value.kind)")
            }
            guard file.hasSuffix(".safetensors"), !file.utf8.contains(where: { $0 == 0x2F || $0 == 0 }) else {
                throw Self.broken(
                    "tensor \(member.name.prefix(100)) is said to be in \"\(file.prefix(100))\", which is not the name of "
                        + "a .safetensors file beside the index")
            }
            fileOfTensor[member.name] = file
        }
        let size = json["metadata"]?["total_size"]
        if let size, size != .null {
            // Some writers put the sum of floating-point sizes there.
            guard let number = size.number, let whole = Int(exactly: number), whole >= 0 else {
                throw Self.broken("total_size is \(size.number.map { "\($0)" } ?? size.kind)")
            }
            totalSize = whole
        } else {
            totalSize = nil
        }
        self.fileOfTensor = fileOfTensor
        guard files.count <= Self.filesMax else {
            throw Self.broken("it names \(files.count) files; the limit is \(Self.filesMax)")
        }
    }

    /// The text of the index.
    func serialized() -> [UInt8] {
        let map = fileOfTensor.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) }
        let json = JSONValue.members([
            "metadata": .members(["total_size": .integer(Int64(totalSize ?? 0))]), "weight_map": .object(map),
        ])
        return json.serialized() + [UInt8(ascii: "\n")]
    }

    private static func broken(_ what: String) -> ModelError {
        ModelError(.invalidFile, "not the index of a sharded model: \(what)", hint: "copy or export the model again")
    }
}
