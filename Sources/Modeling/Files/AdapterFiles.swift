// An adapter as PEFT (Hugging Face) stores it: adapter_config.json and adapter_model.safetensors.
import StrictJSON

extension ModelWeights {
    /// The file names inside an adapter's directory, and the prefix that PEFT gives to names.
    package enum AdapterFileName {
        package static let configuration = "adapter_config.json"
        package static let weights = "adapter_model.safetensors"
        static let prefix = "base_model.model."
    }

    /// Whether these are the weights of a base with an adapter merged in, which `saveAdapter` can write alone.
    package var isAdapted: Bool { parameters is AdaptedParameters }

    /// Writes the adapter to a directory, made if absent, so that `PeftModel.from_pretrained(base, directory)` gives this model.
    ///
    /// Throws `ModelError` `.unsupported` when there is no adapter.
    package func saveAdapter(directory: String) throws(ModelError) {
        guard let adapted = parameters as? AdaptedParameters else {
            throw ModelError(
                .unsupported, "all parameters of this model were trained; it has no adapter",
                hint: "write the whole model, or train with --lora-rank")
        }
        try ModelFileIO.makeDirectory(directory)
        try ModelFileIO.writeAtomically(
            "\(directory)/\(AdapterFileName.configuration)", bytes: adapted.peftConfiguration())
        let tensors = adapted.layout.tensors.map {
            SafetensorsTensor($0, prefix: AdapterFileName.prefix, in: adapted.values)
        }
        try SafetensorsWriter.write(
            "\(directory)/\(AdapterFileName.weights)", tensors, metadata: [("format", "pt")])
    }
}

extension AdaptedParameters {
    /// The bytes of an adapter_config.json.
    fileprivate func peftConfiguration() -> [UInt8] {
        let settings = layout.settings
        let json = JSONValue.members([
            "base_model_name_or_path": origin.map { .string($0.directory) } ?? .null,
            "bias": .string("none"),
            "fan_in_fan_out": .bool(false),
            "inference_mode": .bool(true),
            "init_lora_weights": .bool(true),
            // PEFT reads this as a number; whole ones are written so by PEFT itself.
            "lora_alpha": settings.alpha == settings.alpha.rounded()
                ? .integer(Int64(settings.alpha)) : .double(Double(settings.alpha)),
            "lora_dropout": .double(0),
            "modules_to_save": .null,
            "peft_type": .string("LORA"),
            "r": .integer(Int64(settings.rank)),
            "target_modules": .array(settings.targets.map { .string($0.rawValue) }),
            "task_type": .string("CAUSAL_LM"),
        ])
        return json.serialized() + [UInt8(ascii: "\n")]
    }
}
