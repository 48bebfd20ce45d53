// `rolloutd bench`: how fast this machine trains and samples a model, before anybody waits for a run.
import ArgumentParser
import Foundation
import Modeling
import Service

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure training, sampling and decoding of a model on this machine.",
        discussion: """
            Prints tokens a second, floating-point operations a second, and the memory taken. Without --model the weights \
            are random, of the shape that --shape names: 5m (4.85 M parameters), 50m (51.8 M) or qwen3-0.6b.

            Examples:
              rolloutd bench
              rolloutd bench --shape 50m --precision bf16 --tasks train,sample
              rolloutd bench --model Qwen3-0.6B --tasks decode --repeats 1
              rolloutd bench --shape qwen3-0.6b --tasks train --sequences 2 --repeats 1 --lora-rank 16
              rolloutd bench --shape qwen3-0.6b --write qwen3-random       (writes random weights in bf16, measures nothing)
            """)

    @Option(help: "5m, 50m or qwen3-0.6b.") var shape = "5m"
    @Option(help: "A Hugging Face directory to measure instead.") var model: String?
    @OptionGroup var modelOptions: ModelOptions
    @Option(help: "Threads that compute.") var threads = 2
    @Option(help: "What to measure: train, sample, decode.") var tasks = "train,sample,decode"
    @Option(help: "Readings of each, after one to warm up; the best and the median are shown.") var repeats = 3
    @Option(help: "Sequences of a training step, of 256 tokens each.") var sequences = 32
    @Option(help: "Write the random weights to this directory, in bf16, and stop.") var write: String?

    func validate() throws {
        for name in names where ModelBenchmark.Task(rawValue: name) == nil {
            throw ValidationError("--tasks: \(name) is not train, sample or decode")
        }
        guard (1...256).contains(threads), (0...1_000).contains(repeats), (1...1_024).contains(sequences) else {
            throw ValidationError("--threads is 1 to 256, --repeats 0 to 1000, --sequences 1 to 1024")
        }
    }

    private var names: [String] { tasks.split(separator: ",").map { String($0) } }

    func run() async throws {
        let settings = try ModelOptions.settings(
            RunSettings(RunOptions.parse([]), flags: modelOptions.values, environment: [:]))
        let clock = ContinuousClock()
        func seconds(_ body: () throws -> Void) rethrows -> Double { try clock.measure(body) / .seconds(1) }
        var loaded: ModelWeights?
        let loading = try seconds { loaded = try weights(settings.precision) }
        guard let weights = loaded else { return }
        loaded = nil
        let count = weights.configuration.parameterCount
        print(
            "\(model ?? shape): \(count) parameters, \(settings.precision.rawValue), \(threads) threads, "
                + "ready in \(Self.text(loading)) s")
        if let write {
            try weights.save(directory: write, as: .bfloat16)
            return print("wrote \(write)")
        }
        let bench = ModelBenchmark(
            weights, threads: threads, sequences: sequences, adapter: settings.adapter, seconds: seconds)
        for task in names.compactMap({ ModelBenchmark.Task(rawValue: $0) }) {
            var readings: [ModelBenchmark.Reading] = []
            try bench.readings(task, repeats: repeats) { readings.append($0) }
            if let line = Self.line(task, readings) { print(line) }
        }
        if let peak = Self.peakMegabytes() { print("peak resident memory: \(peak) MB") }
    }

    private func weights(_ precision: Precision) throws -> ModelWeights {
        if let model { return try ModelWeights.load(directory: model, precision: precision, threads: threads) }
        let shape = try ModelBenchmark.shape(shape)
        try precision.check()
        try MemoryPlan.sampling(shape, precision: precision, cacheBytes: 0).check("random weights of \(self.shape)")
        return ModelWeights.random(shape, seed: 1, precision: precision, threads: threads)
    }

    /// The best and the median of a task's readings.
    private static func line(_ task: ModelBenchmark.Task, _ readings: [ModelBenchmark.Reading]) -> String? {
        let sorted = readings.sorted { $0.tokensPerSecond < $1.tokensPerSecond }
        guard let best = sorted.last else { return nil }
        let median = sorted[sorted.count / 2]
        let loss = readings.last?.loss.map { ", loss \(text($0))" } ?? ""
        return "\(task.rawValue) \(text(best.tokensPerSecond)) tokens/s best, \(text(median.tokensPerSecond)) median, "
            + "\(text(best.operationsPerSecond / 1e9)) GFLOP/s\(loss)"
    }

    private static func text(_ value: Double) -> String {
        value >= 100 ? String(Int(value.rounded())) : String((value * 100).rounded() / 100)
    }

    /// The most memory this process has had, from the system; nil where it does not tell.
    private static func peakMegabytes() -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropLast().last.flatMap({ Int($0) })
        else { return nil }
        return kilobytes / 1_000
    }
}
