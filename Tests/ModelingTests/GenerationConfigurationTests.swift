// generation_config.json both ways, and what is refused.
import Modeling
import Testing

@Suite struct GenerationConfigurationTests {
    private func read(_ text: String) throws -> GenerationConfiguration {
        try GenerationConfiguration(huggingFace: Array(text.utf8))
    }

    @Test func `Qwen3's own settings are read and written`() throws {
        let text = """
            {"bos_token_id":151643,"do_sample":true,"eos_token_id":[151645,151643],"pad_token_id":151643,
            "temperature":0.6,"top_k":20,"top_p":0.95,"transformers_version":"4.51.0"}
            """
        let settings = try read(text)
        #expect(settings.endTokens == [151_645, 151_643])
        #expect(settings.beginToken == 151_643 && settings.paddingToken == 151_643 && settings.samples == true)
        #expect(settings.temperature == 0.6 && settings.topK == 20 && settings.topP == 0.95)
        #expect(settings.minP == nil && settings.repetitionPenalty == nil && settings.maximumNewTokens == nil)
        #expect(try GenerationConfiguration(huggingFace: settings.huggingFaceConfiguration()) == settings)
        let directory = try TemporaryDirectory()
        #expect(try GenerationConfiguration.load(directory: directory.path) == nil)
        try settings.save(directory: directory.path)
        #expect(try GenerationConfiguration.load(directory: directory.path) == settings)
    }

    @Test func `one end token may stand alone, and null is absent`() throws {
        let settings = try read(#"{"eos_token_id":7,"top_p":null,"max_new_tokens":3,"min_p":0.1}"#)
        #expect(settings.endTokens == [7] && settings.topP == nil && settings.maximumNewTokens == 3)
        #expect(settings.minP == 0.1)
        #expect(try GenerationConfiguration(huggingFace: settings.huggingFaceConfiguration()) == settings)
        #expect(try read("{}") == GenerationConfiguration())
    }

    @Test(arguments: [
        (#"{"eos_token_id":"7"}"#, "eos_token_id"), (#"{"eos_token_id":[7,-1]}"#, "eos_token_id"),
        (#"{"eos_token_id":[7,2.5]}"#, "eos_token_id"), (#"{"eos_token_id":99999999999}"#, "eos_token_id"),
        (#"{"bos_token_id":-1}"#, "bos_token_id"), (#"{"pad_token_id":true}"#, "pad_token_id"),
        (#"{"temperature":-1}"#, "temperature"), (#"{"temperature":"hot"}"#, "temperature"),
        (#"{"top_p":0}"#, "top_p"), (#"{"top_p":1.5}"#, "top_p"), (#"{"top_k":-1}"#, "top_k"),
        (#"{"top_k":1.5}"#, "top_k"), (#"{"min_p":2}"#, "min_p"), (#"{"repetition_penalty":0}"#, "repetition_penalty"),
        (#"{"max_new_tokens":0}"#, "max_new_tokens"), (#"{"do_sample":1}"#, "do_sample"), ("[]", "object"),
        ("{", "JSON"),
    ])
    func `what makes no sense is refused by name`(_ text: String, _ word: String) {
        let error = #expect(throws: ModelError.self) { try read(text) }
        #expect(error?.description.contains(word) == true && error?.description.contains("generation_config") == true)
    }

    @Test func `a tokenizer ends texts where its model's settings say, and keeps them when it is saved`() throws {
        let directory = try TemporaryDirectory()
        var tokenizer = try Tokenizer.byteLevel(merges: [])
        #expect(tokenizer.endTokens == Set(["<|endoftext|>", "<|im_end|>"].compactMap { tokenizer.specialToken($0) }))
        tokenizer.generation.endTokens = [7, 9]
        tokenizer.generation.temperature = 0.6
        try tokenizer.save(directory: directory.path)
        let read = try Tokenizer.load(directory: directory.path)
        #expect(read.endTokens == [7, 9] && read.generation.temperature == 0.6)
        try Tokenizer.byteLevel(merges: []).save(directory: directory.path)
        #expect(try GenerationConfiguration.load(directory: directory.path)?.endTokens.count == 2)
    }
}
