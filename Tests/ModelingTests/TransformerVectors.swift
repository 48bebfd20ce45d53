// The PyTorch vectors under Tests/Vectors/transformer, and what comparing with them means.
import Modeling
import Testing

/// One model of the vectors: its weights and what PyTorch said about them.
struct TransformerVectors {
    /// The models: tied and untied, several head layouts, positions far beyond the others', stretched positions.
    static let names = ["tied", "untied", "mha", "mqa", "wide_heads", "long", "yarn"]

    let weights: ModelWeights
    private let expected: [String: [Float]]

    /// The directory of all transformer vectors.
    static let directory: String = {
        let file = #filePath
        let tests = file.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(tests)/Vectors/transformer"
    }()

    init(_ name: String) throws {
        weights = try ModelWeights.load(directory: "\(Self.directory)/\(name)")
        expected = try TensorFile.read("\(Self.directory)/\(name)/expected.safetensors")
    }

    var vocabularySize: Int { weights.configuration.vocabularySize }

    /// A tensor of the expectations.
    func values(_ name: String) throws -> [Float] { try #require(expected[name], "no \(name) in the vectors") }

    /// The ragged batch that the vectors were made with.
    func sequences() throws -> [TrainingSequence] {
        try values("prompts").enumerated().map { index, prompt in
            TrainingSequence(tokens: try values("tokens.\(index)").map { Int32($0) }, promptLength: Int(prompt))
        }
    }

    /// dLoss/dlogp of every response token: the loss of the vectors is -sum of weight * logp.
    func derivatives() throws -> [[Float]] {
        try values("prompts").indices.map { try values("weights.\($0)").map { -$0 } }
    }

    /// The loss of the vectors from our log-probabilities.
    func loss(_ statistics: [TokenStatistics]) throws -> Double {
        try zip(statistics, derivatives()).reduce(0) { sum, pair in
            zip(pair.0.logprobs, pair.1).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
        }
    }
}

/// The largest difference, relative to the largest expected magnitude: the tolerance of ORIGIN.md is on this.
func relativeError(_ actual: [Float], _ expected: [Float]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    let scale = expected.reduce(1e-6) { max($0, Double(abs($1))) }
    return zip(actual, expected).reduce(0) { max($0, abs(Double($1.0) - Double($1.1)) / scale) }
}

/// The length of the difference, relative to the length of the expectation.
func relativeDistance(_ actual: [Float], _ expected: [Float]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    let (difference, whole) = zip(actual, expected).reduce((0.0, 1e-30)) { sum, pair in
        let (a, e) = (Double(pair.0), Double(pair.1))
        return (sum.0 + (a - e) * (a - e), sum.1 + e * e)
    }
    return (difference / whole).squareRoot()
}
