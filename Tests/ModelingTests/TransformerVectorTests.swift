// The transformer against PyTorch: logits, log-probabilities, every gradient, ten optimiser steps, greedy decoding.
import Modeling
import StrictJSON
import Testing

@Suite struct TransformerVectorTests {
    static let tolerance = 1e-4

    @Test(arguments: TransformerVectors.names) func `log-probabilities and entropies are PyTorch's`(_ name: String)
        throws
    {
        let vectors = try TransformerVectors(name)
        let statistics = try TrainableModel(weights: vectors.weights).forward(vectors.sequences())
        for (index, one) in statistics.enumerated() {
            #expect(relativeError(one.logprobs, try vectors.values("logprobs.\(index)")) < Self.tolerance)
            #expect(relativeError(one.entropies, try vectors.values("entropies.\(index)")) < Self.tolerance)
        }
        let expected = Double(try vectors.values("loss")[0])
        #expect(abs(try vectors.loss(statistics) - expected) < Self.tolerance * abs(expected))
    }

    @Test(arguments: TransformerVectors.names) func `every gradient is PyTorch's`(_ name: String) throws {
        let vectors = try TransformerVectors(name)
        let model = TrainableModel(weights: vectors.weights)
        let derivatives = try vectors.derivatives()
        _ = try model.forwardBackward(vectors.sequences()) { index, _ in derivatives[index] }
        for tensor in vectors.weights.tensors {
            let gradient = try #require(model.gradient(named: tensor.name))
            let expected = try vectors.values("grad." + tensor.name)
            let (error, distance) = (relativeError(gradient, expected), relativeDistance(gradient, expected))
            #expect(error < Self.tolerance, "\(tensor.name) is off by \(error)")
            #expect(distance < Self.tolerance, "\(tensor.name) is off by \(distance)")
        }
    }

    @Test(arguments: TransformerVectors.names) func `ten AdamW steps follow PyTorch's losses and end at its weights`(
        _ name: String
    ) throws {
        let vectors = try TransformerVectors(name)
        let model = TrainableModel(weights: vectors.weights)
        let derivatives = try vectors.derivatives()
        let (losses, norms) = (try vectors.values("adamw.losses"), try vectors.values("adamw.norms"))
        let settings = AdamWSettings(
            learningRate: 1e-2, beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, maximumGradientNorm: 1)
        for step in 0..<10 {
            let statistics = try model.forwardBackward(vectors.sequences()) { index, _ in derivatives[index] }
            let loss = try vectors.loss(statistics)
            #expect(
                abs(loss - Double(losses[step])) < Self.tolerance * max(1, abs(Double(losses[step]))), "step \(step)")
            let result = try model.step(settings)
            #expect(
                abs(result.gradientNorm - Double(norms[step])) < Self.tolerance * Double(norms[step]), "step \(step)")
            #expect(result.applied)
            #expect(result.clipped == (norms[step] > 1))
        }
        for tensor in vectors.weights.tensors {
            let weights = try #require(model.snapshot().tensor(named: tensor.name))
            let error = relativeDistance(weights, try vectors.values("final." + tensor.name))
            #expect(error < Self.tolerance, "\(tensor.name) is off by \(error)")
        }
    }

    @Test(arguments: TransformerVectors.names) func `greedy decoding gives the tokens of generate`(_ name: String)
        throws
    {
        let vectors = try TransformerVectors(name)
        let json = try JSONValue.parse(TensorFile.bytes("\(TransformerVectors.directory)/\(name)/greedy.json"))
        let (prompt, tokens) = (json["prompt"]?.int32s ?? [], json["tokens"]?.int32s ?? [])
        let request = SamplingRequest(prompt: prompt, maximumTokens: tokens.count, temperature: 0)
        let result = try Sampler(threads: 1).sample([request], weights: vectors.weights)
        #expect(result.map(\.tokens) == [tokens])
        #expect(result.map(\.finishReason) == [.length])
    }
}

extension JSONValue {
    /// An array of integers as token ids.
    var int32s: [Int32]? {
        guard case .integers(let values) = self else { return nil }
        return values.map { Int32($0) }
    }
}
