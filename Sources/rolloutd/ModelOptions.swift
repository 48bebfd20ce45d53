// Flags that say how the model in the process is held: precision, and LoRA.
import ArgumentParser
import Modeling
import Service

/// Flags of the model, read into `ModelSettings`.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "fp32, or bf16: matrices in bf16 with fp32 sums, less memory and faster where the CPU has AVX512-BF16. "
                + "[ROLLOUTD_PRECISION]", valueName: "fp32|bf16"))
    var precision: String?

    @Option(
        help: "Train a LoRA adapter of this rank instead of all parameters; needs --model. [ROLLOUTD_LORA_RANK]")
    var loraRank: Int?

    @Option(help: "The adapter's alpha; it is scaled by alpha / rank (default: twice the rank). [ROLLOUTD_LORA_ALPHA]")
    var loraAlpha: Double?

    @Option(
        help: ArgumentHelp(
            "What it adapts, all by default: \(AdapterSettings.Target.allCases.map(\.rawValue).joined(separator: ",")). "
                + "[ROLLOUTD_LORA_TARGETS]", valueName: "q_proj,..."))
    var loraTargets: String?

    /// The flags as settings by name; nil where one was not given.
    var values: [String: String?] {
        [
            "precision": precision, "lora_rank": loraRank.map(String.init), "lora_alpha": loraAlpha.map { "\($0)" },
            "lora_targets": loraTargets,
        ]
    }

    /// The settings behind the flags, the environment and the file.
    static func settings(_ values: RunSettings) throws -> ModelSettings {
        var settings = ModelSettings()
        if let text = values["precision"] {
            guard let precision = Precision(rawValue: text) else {
                throw ValidationError("precision must be fp32 or bf16, not \(text)")
            }
            settings.precision = precision
        }
        guard values["lora_rank"] != nil else {
            guard values["lora_alpha"] == nil, values["lora_targets"] == nil else {
                throw ValidationError("lora_alpha and lora_targets need lora_rank, as --lora-rank 16")
            }
            return settings
        }
        let rank = try values.integer("lora_rank", 1...ModelBounds.adapterRankMax, default: 16)
        guard let alpha = Float(values["lora_alpha"] ?? String(2 * rank)), alpha.isFinite, alpha > 0 else {
            throw ValidationError("lora_alpha must be a number above 0, not \(values["lora_alpha"] ?? "")")
        }
        settings.adapter = try AdapterSettings(rank: rank, alpha: alpha, targets: targets(values["lora_targets"]))
        return settings
    }

    private static func targets(_ text: String?) throws -> [AdapterSettings.Target] {
        guard let text else { return AdapterSettings.Target.allCases }
        return try text.split(separator: ",").map { name in
            guard let target = AdapterSettings.Target(rawValue: String(name)) else {
                let known = AdapterSettings.Target.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("lora_targets must be some of \(known), not \(name)")
            }
            return target
        }
    }
}
