// Low-rank adaptation (LoRA, Hu et al. 2021): what is adapted, and where the numbers of A and B lie.

/// Which matrices are adapted, and how strongly: W + alpha / rank B A, with A `[rank, inputs]` and B `[outputs, rank]`.
package struct AdapterSettings: Sendable, Equatable {
    /// The matrices of a layer under their names in Hugging Face's Qwen3.
    package enum Target: String, Sendable, CaseIterable {
        case query = "q_proj"
        case key = "k_proj"
        case value = "v_proj"
        case output = "o_proj"
        case gate = "gate_proj"
        case up = "up_proj"
        case down = "down_proj"
    }

    package let rank: Int
    package let alpha: Float
    /// In the order of `Target.allCases`, each once.
    package let targets: [Target]

    /// Throws `ModelError` on a rank, alpha or target that no adapter can have.
    package init(rank: Int, alpha: Float, targets: [Target] = Target.allCases) throws(ModelError) {
        guard (1...ModelBounds.adapterRankMax).contains(rank), alpha.isFinite, alpha > 0, !targets.isEmpty else {
            throw ModelError(
                .invalidConfiguration, "an adapter of rank \(rank), alpha \(alpha) and \(targets.count) targets",
                hint: "rank goes from 1 to \(ModelBounds.adapterRankMax), alpha is above 0, one target at least")
        }
        self.rank = rank
        self.alpha = alpha
        self.targets = Target.allCases.filter { targets.contains($0) }
    }

    /// Trained numbers of an adapter on a model of this shape.
    package func parameterCount(_ model: ModelConfiguration) -> Int {
        let widths: [Target: (Int, Int)] = [
            .query: (model.hiddenSize, model.queryWidth), .key: (model.hiddenSize, model.keyWidth),
            .value: (model.hiddenSize, model.keyWidth), .output: (model.queryWidth, model.hiddenSize),
            .gate: (model.hiddenSize, model.feedForwardSize), .up: (model.hiddenSize, model.feedForwardSize),
            .down: (model.feedForwardSize, model.hiddenSize),
        ]
        let each = targets.reduce(0) { $0 + (widths[$1].map { $0.0 + $0.1 } ?? 0) }
        return model.layerCount * rank * each
    }

    /// What B A is multiplied by.
    var scale: Float { alpha / Float(rank) }
}

/// One adapted matrix: where A and B lie in the adapter's buffer, and which rows of which matrix they adapt.
struct AdapterPair: Sendable {
    /// First number of A `[rank, inputs]`.
    let a: Int
    /// First number of B `[outputs, rank]`.
    let b: Int
    /// First number of the adapted rows in the model's flat buffer.
    let offset: Int
    /// First adapted output of the matrix: the gate and the up projection share one.
    let firstOutput: Int
    let outputs: Int
    let inputs: Int
}

/// The order of an adapter's tensors in its flat buffer, without gaps.
struct AdapterLayout: Sendable {
    /// Named as in PEFT without its prefix, such as `model.layers.0.mlp.up_proj.lora_A.weight`.
    private(set) var tensors: [TensorPlace] = []
    private(set) var count = 0
    /// The pairs of each matrix of the model's layout, by `MatrixPlace.index`.
    private(set) var pairs: [[AdapterPair]]
    /// All pairs.
    private(set) var all: [AdapterPair] = []
    let settings: AdapterSettings

    init(_ settings: AdapterSettings, _ layout: TensorLayout) {
        self.settings = settings
        pairs = Array(repeating: [], count: layout.matrices.count)
        let modules = Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.name, $0) })
        for (index, layer) in layout.layers.enumerated() {
            let groups: [(MatrixPlace, String, [AdapterSettings.Target])] = [
                (layer.query, "self_attn", [.query]), (layer.key, "self_attn", [.key]),
                (layer.value, "self_attn", [.value]), (layer.output, "self_attn", [.output]),
                (layer.gateUp, "mlp", [.gate, .up]), (layer.down, "mlp", [.down]),
            ]
            for (matrix, block, targets) in groups {
                for target in targets where settings.targets.contains(target) {
                    let module = "model.layers.\(index).\(block).\(target.rawValue)"
                    guard let tensor = modules[module + ".weight"] else { continue }
                    add(module, tensor, matrix)
                }
            }
        }
    }

    private mutating func add(_ module: String, _ tensor: TensorPlace, _ matrix: MatrixPlace) {
        let outputs = tensor.shape[0]
        let a = place(module + ".lora_A.weight", [settings.rank, matrix.inputs])
        let b = place(module + ".lora_B.weight", [outputs, settings.rank])
        let pair = AdapterPair(
            a: a, b: b, offset: tensor.offset, firstOutput: (tensor.offset - matrix.offset) / matrix.inputs,
            outputs: outputs, inputs: matrix.inputs)
        pairs[matrix.index].append(pair)
        all.append(pair)
    }

    private mutating func place(_ name: String, _ shape: [Int]) -> Int {
        let place = TensorPlace(name: name, shape: shape, offset: count)
        tensors.append(place)
        count += place.count
        return place.offset
    }

    /// Fresh numbers: A uniform with the bound of a Kaiming initialisation (as PEFT), B zero, so that nothing is changed yet.
    func initialValues(seed: UInt64) -> FloatBuffer {
        let values = FloatBuffer(count: count)
        let random = CounterRandom(seed: seed)
        for (stream, tensor) in tensors.enumerated() where tensor.name.hasSuffix("lora_A.weight") {
            // kaiming_uniform_ with a = sqrt(5) is uniform within 1 / sqrt(inputs).
            let bound = 1 / Double(tensor.shape[1]).squareRoot()
            for index in 0..<tensor.count {
                let uniform = random.uniform(stream: UInt64(stream), position: UInt64(index))
                values.base[tensor.offset + index] = Float((2 * uniform - 1) * bound)
            }
        }
        return values
    }
}
