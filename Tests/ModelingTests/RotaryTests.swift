// Rotary tables and their settings against transformers, for every kind of scaling.
import StrictJSON
import Testing

@testable import Modeling

@Suite struct RotaryTests {
    static let kinds = ["default", "narrow", "linear", "yarn", "yarn_bounds", "yarn_mscale", "yarn_attention"]

    private static func configuration(_ kind: String) throws -> ModelConfiguration {
        try ModelConfiguration(
            huggingFace: TensorFile.bytes("\(TransformerVectors.directory)/rotary/\(kind).json"))
    }

    @Test(arguments: kinds) func `cosines and sines are transformers', up to the last position`(_ kind: String) throws {
        let configuration = try Self.configuration(kind)
        let expected = try TensorFile.read("\(TransformerVectors.directory)/rotary/expected.safetensors")
        let table = RotaryTable(configuration)
        let half = configuration.headDimension / 2
        let positions = try #require(expected["\(kind).positions"]).map { Int($0) }
        #expect(positions.last == configuration.maximumPositions - 1 || positions.last == 40_959)
        for (name, values) in [("cos", table.cosines), ("sin", table.sines)] {
            let rows = try #require(expected["\(kind).\(name)"])
            for (row, position) in positions.enumerated() {
                for index in 0..<half {
                    let difference = abs(values[position * half + index] - rows[row * half + index])
                    // PyTorch's own fp32 power may be one bit off, which position 40,960 makes 8e-5.
                    #expect(difference < 1e-4, "\(name) of \(position), \(index) is off by \(difference)")
                }
            }
        }
    }

    @Test(arguments: kinds) func `a written configuration reads back with its scaling`(_ kind: String) throws {
        let configuration = try Self.configuration(kind)
        #expect(try ModelConfiguration(huggingFace: configuration.huggingFaceConfiguration()) == configuration)
    }

    @Test func `both spellings of a scaling mean the same`() throws {
        let yarn = #"{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":32768}"#
        let older = try read(#""rope_theta":1000000,"rope_scaling":\#(yarn)"#)
        let newer = try read(#""rope_parameters":{"rope_theta":1000000,\#(yarn.dropFirst())"#)
        let oldest = try read(
            #""rope_theta":1e6,"rope_scaling":{"type":"yarn","factor":4.0,"original_max_position_embeddings":32768}"#)
        #expect(older == newer && oldest == newer)
        guard case .yarn(let settings) = newer.rotaryScaling else { throw ModelError(.invalidInput, "no YaRN") }
        #expect(settings == YarnScaling(factor: 4, originalMaximumPositions: 32_768))
        #expect(abs(settings.amplitude - 1.138_629) < 1e-6)
    }

    @Test func `what is absent from YaRN's settings is filled in as transformers does`() throws {
        let plain = try read(#""rope_scaling":{"rope_type":"yarn","factor":null,"beta_fast":0}"#)
        #expect(plain.rotaryScaling == .yarn(YarnScaling(factor: 1, originalMaximumPositions: 65_536)))
        let beside = try read(
            #""original_max_position_embeddings":16384,"rope_scaling":{"rope_type":"yarn","factor":null}"#)
        #expect(beside.rotaryScaling == .yarn(YarnScaling(factor: 4, originalMaximumPositions: 16_384)))
    }

    @Test(arguments: [
        (#""rope_scaling":{"rope_type":"dynamic","factor":2}"#, "dynamic"),
        (#""rope_scaling":{"rope_type":"llama3","factor":2}"#, "llama3"),
        (#""rope_parameters":{"rope_type":"longrope"}"#, "longrope"),
        (#""rope_scaling":{"rope_type":"yarn"}"#, "factor"), (#""rope_scaling":{"rope_type":"linear"}"#, "factor"),
        (#""rope_scaling":{"rope_type":"linear","factor":0.5}"#, "factor"),
        (#""rope_scaling":{"rope_type":"yarn","factor":"x"}"#, "factor"),
        (#""rope_scaling":{"rope_type":"yarn","factor":2,"original_max_position_embeddings":0}"#, "original"),
        (#""rope_scaling":{"rope_type":"yarn","factor":2,"original_max_position_embeddings":1.5}"#, "original"),
        (#""rope_scaling":{"rope_type":"yarn","factor":2,"beta_fast":1,"beta_slow":2}"#, "beta_fast"),
        (#""rope_scaling":{"rope_type":"yarn","factor":2,"attention_factor":-1}"#, "attention_factor"),
        (#""rope_scaling":{"rope_type":"yarn","factor":2,"truncate":1}"#, "truncate"),
        (#""rope_theta":1,"rope_scaling":{"rope_type":"yarn","factor":2}"#, "rope_theta"),
        (#""rope_theta":1e4,"rope_parameters":{"rope_theta":1e6}"#, "rope_theta"),
        (#""rope_scaling":{"rope_type":"linear","factor":2},"rope_parameters":{"rope_type":"default"}"#, "disagree"),
        (#""rope_parameters":{"full_attention":{"rope_type":"yarn","factor":2}}"#, "full_attention"),
        (#""rope_parameters":{"partial_rotary_factor":0.5}"#, "partial_rotary_factor"),
        (#""rope_scaling":[2]"#, "rope_scaling"), (#""rope_scaling":{"rope_type":7}"#, "rope_type"),
    ]) func `other and impossible scalings are refused by name`(_ members: String, _ word: String) {
        let error = #expect(throws: ModelError.self) { try read(members) }
        #expect(error.map { $0.description.contains(word) } == true, "\(error.debugDescription)")
    }

    private func read(_ members: String) throws -> ModelConfiguration {
        let text = """
            {"model_type":"qwen3","vocab_size":64,"hidden_size":32,"num_hidden_layers":1,"head_dim":16,
            "num_attention_heads":2,"intermediate_size":32,"max_position_embeddings":65536,\(members)}
            """
        return try ModelConfiguration(huggingFace: Array(text.utf8))
    }
}
