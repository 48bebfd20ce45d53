// config.json both ways, and the shapes that are refused.
import Modeling
import Testing

@Suite struct ModelConfigurationTests {
    @Test func `a config.json of transformers is read`() throws {
        let bytes = try TensorFile.bytes("\(TransformerVectors.directory)/tied/config.json")
        let model = try ModelConfiguration(huggingFace: bytes)
        #expect(model.vocabularySize == 41)
        #expect(model.headDimension == 8)
        #expect(model.ropeTheta == 10_000)
        #expect(model.normEpsilon == 1e-6)
        #expect(model.tiesEmbeddings)
        #expect(model.parameterCount == 41 * 20 + 2 * (20 * (64 + 32) + 16 + 3 * 20 * 28 + 40) + 20)
        #expect(try ModelConfiguration(huggingFace: model.huggingFaceConfiguration()) == model)
    }

    @Test func `the parameters counted are the parameters there`() {
        for shape in SamplerAgreementTests.shapes {
            let weights = ModelWeights.random(shape, seed: 1)
            #expect(weights.tensors.reduce(0) { $0 + $1.count } == shape.parameterCount)
        }
    }

    @Test func `an older config.json with rope_theta on top is read`() throws {
        let text = """
            {"model_type":"qwen3","vocab_size":151936,"hidden_size":1024,"num_hidden_layers":28,"head_dim":128,
            "num_attention_heads":16,"num_key_value_heads":8,"intermediate_size":3072,"rope_theta":1000000,
            "rope_scaling":null,"rms_norm_eps":1e-06,"tie_word_embeddings":true,"max_position_embeddings":40960}
            """
        let model = try ModelConfiguration(huggingFace: Array(text.utf8))
        #expect(model.ropeTheta == 1_000_000)
        // What the model card of Qwen3-0.6B counts.
        #expect(model.parameterCount == 596_049_920)
    }

    @Test func `what would compute something else is refused by name`() throws {
        let good = String(decoding: SamplerAgreementTests.shapes[0].huggingFaceConfiguration(), as: UTF8.self)
        let replacements = [
            ("\"qwen3\"", "\"llama\""), ("\"silu\"", "\"gelu\""),
            ("\"attention_bias\":false", "\"attention_bias\":true"),
            ("\"use_sliding_window\":false", "\"use_sliding_window\":true"),
            ("\"rope_type\":\"default\"", "\"rope_type\":\"yarn\""),
            ("\"vocab_size\":37", "\"vocab_size\":0"), ("\"vocab_size\":37", "\"vocab_size\":1e9"),
            ("\"vocab_size\":37", "\"vocab_size\":9223372036854775807"), ("\"vocab_size\":37", "\"size\":37"),
            ("\"num_key_value_heads\":2", "\"num_key_value_heads\":3"), ("\"head_dim\":6", "\"head_dim\":7"),
            ("\"head_dim\":6", "\"head_dim\":512"), ("\"hidden_size\":20", "\"hidden_size\":-20"),
            ("\"rms_norm_eps\":1e-06", "\"rms_norm_eps\":\"x\""), ("\"rms_norm_eps\":1e-06", "\"rms_norm_eps\":-1"),
            ("{", "["), ("\"num_hidden_layers\":2", "\"num_hidden_layers\":99999999"),
        ]
        for (old, new) in replacements {
            let parts = good.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
            let changed = parts.joined(separator: new)
            #expect(changed != good, "\(old) is not in \(good)")
            #expect(throws: ModelError.self, "\(new)") { try ModelConfiguration(huggingFace: Array(changed.utf8)) }
        }
    }
}
