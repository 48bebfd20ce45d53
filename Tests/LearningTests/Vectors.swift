// Reads the golden vectors of Tests/Vectors/gppo. Knows their shapes and no formula.
import Foundation

enum Vectors {
    /// Absolute; both sides compute in double.
    static let tolerance = 1e-9

    struct Token: Decodable {
        var method: String
        var advantage: Double
        var ratio: Double
        var loss: Double
        var slope: Double
        var weight: Double

        enum CodingKeys: String, CodingKey {
            case method, ratio, loss
            case advantage = "A"
            case slope = "dloss_dlogp"
            case weight = "w"
        }
    }

    struct Batch: Decodable {
        var loss: Double
        var grad: [[Double]]
    }

    struct Penalty: Decodable {
        var penalty: String
        var logprob: Double
        var reference: Double
        var value: Double
        var gradient: Double
    }

    struct Group: Decodable {
        var rewards: [Double]
        var estimates: [String: [Double]]

        init(from decoder: any Decoder) throws {
            var all = try decoder.singleValueContainer().decode([String: [Double]].self)
            rewards = all.removeValue(forKey: "rewards") ?? []
            estimates = all
        }
    }

    static func tokens() throws -> [Token] { try read("policy_objectives_tokens") }
    static func batches() throws -> [String: Batch] { try read("policy_objectives_batch") }
    static func penalties() throws -> [Penalty] { try read("kl_penalties") }
    static func groups() throws -> [Group] { try read("advantages") }

    private static func read<Content: Decodable>(_ name: String) throws -> Content {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Vectors/gppo/\(name).json")
        return try JSONDecoder().decode(Content.self, from: Data(contentsOf: file))
    }
}

/// Whether two numbers agree to the vectors' tolerance; a NaN never does.
func agree(_ a: Double, _ b: Double, within tolerance: Double = Vectors.tolerance) -> Bool {
    abs(a - b) <= tolerance
}
