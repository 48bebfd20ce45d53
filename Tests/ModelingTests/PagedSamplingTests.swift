// Pages of keys and values: shared, copied before they are written, bounded, and taken once.
import CAllocations
import Testing

@testable import Modeling

@Suite struct PagedSamplingTests {
    private let weights: ModelWeights
    private var model: ModelConfiguration { weights.configuration }
    private var shape: PageShape { PageShape(model, weights.precision) }
    private var pageBytes: Int { shape.bytes }

    init() throws {
        weights = try Self.weights(.float32)
    }

    private static func weights(_ precision: Precision) throws -> ModelWeights {
        .random(try #require(SamplerEngineTests.shape), seed: 4, standardDeviation: 0.4, precision: precision)
    }

    /// Groups of six that share prompts of up to 150 tokens.
    private func requests(_ count: Int) -> [SamplingRequest] {
        (0..<count).map { index in
            let group = index / 6
            return SamplingRequest(
                prompt: (0..<1 + group * 37).map { Int32(($0 * 5 + group) % 53) }, maximumTokens: 10 + index * 29 % 140,
                repetitionPenalty: index % 5 == 0 ? 1.2 : 1, seed: 3, stream: UInt64(index), topLogprobs: index % 3)
        }
    }

    @Test(arguments: Precision.allCases)
    func `when pages run out sequences wait and are run again, with the same bits`(_ precision: Precision) throws {
        let weights = try Self.weights(precision)
        let pageBytes = PageShape(model, precision).bytes
        let requests = requests(30)
        let once = try Sampler(threads: 1).sample(requests, weights: weights)
        let longest = requests.map { $0.prompt.count + $0.maximumTokens }.max() ?? 0
        for pages in [PageShape.pages(for: longest - 1), 7, 12] {
            let bounds = Sampler.Bounds(sequences: 9, prefillTokens: 50, cacheBytes: pages * pageBytes)
            for threads in [1, 2] {
                #expect(try Sampler(threads: threads, bounds: bounds).sample(requests, weights: weights) == once)
            }
        }
    }

    @Test(arguments: Precision.allCases)
    func `and the bits are the learner's, however often a sequence was run again`(_ precision: Precision) throws {
        let weights = try Self.weights(precision)
        var requests = requests(30)
        for index in requests.indices { requests[index].repetitionPenalty = 1 }
        let longest = requests.map { $0.prompt.count + $0.maximumTokens }.max() ?? 0
        let pages = PageShape.pages(for: longest - 1) + 2
        let bounds = Sampler.Bounds(cacheBytes: pages * PageShape(model, precision).bytes)
        let samples = try Sampler(threads: 2, bounds: bounds).sample(requests, weights: weights)
        let sequences = zip(requests, samples).map {
            TrainingSequence(tokens: $0.prompt + $1.tokens, promptLength: $0.prompt.count)
        }
        let statistics = try TrainableModel(weights: weights).forward(sequences)
        #expect(samples.map { $0.logprobs.map(\.bitPattern) } == statistics.map { $0.logprobs.map(\.bitPattern) })
    }

    @Test func `a page of bf16 takes half the bytes, and a sampler of both gives each its own`() async throws {
        #expect(2 * PageShape(model, .bfloat16).bytes == pageBytes)
        let half = try Self.weights(.bfloat16)
        let requests = requests(12)
        let sampler = Sampler(threads: 1, bounds: .init(cacheBytes: 40 * pageBytes))
        let alone = try [weights, half].map { try sampler.sample(requests, weights: $0) }
        #expect(alone[0] != alone[1])
        // Two calls in one thread's steps.
        async let first = sampler.sample(requests, weights: weights)
        async let second = sampler.sample(requests, weights: half)
        #expect(try await [first, second] == alone)
        // A call that follows a policy does not follow it into another precision: its pages would not fit.
        let options = Sampler.Options(newest: { (1, half) })
        #expect(
            try await sampler.sample(requests, weights: weights, options: options).map(\.tokens)
                == alone[0].map(\.tokens))
    }

    @Test func `what can never fit is refused with what it needs`() throws {
        let bounds = Sampler.Bounds(cacheBytes: 2 * pageBytes)
        let sampler = Sampler(threads: 1, bounds: bounds)
        let fits = SamplingRequest(prompt: [1, 2], maximumTokens: 127)
        #expect(try sampler.sample([fits], weights: weights)[0].tokens.count == 127)
        #expect {
            try sampler.sample([fits, SamplingRequest(prompt: [1, 2], maximumTokens: 128)], weights: weights)
        } throws: {
            let error = $0 as? ModelError
            return error?.code == .invalidInput && error?.message.contains("\(3 * pageBytes) bytes") == true
        }
        #expect(sampler.sequences == 0)
    }

    @Test func `a group holds its prompt's pages once`() throws {
        let pool = PagePool(shape, bytes: 10 * pageBytes)
        let prompt = PageTable(pool, positions: 150)
        #expect(prompt.reserve(150))
        #expect(pool.available == 7)
        let members = (0..<4).map { _ in PageTable(pool, positions: 200) }
        for member in members { member.share(prompt, positions: 150) }
        prompt.releaseAll()
        #expect(pool.available == 7)
        // Three members copy the last page, the fourth has it for itself then.
        for member in members { #expect(member.prepare(150)) }
        #expect(pool.available == 4)
        #expect(Set(members.map { $0.view[0] }).count == 1)
        #expect(Set(members.map { $0.view[2] }).count == 4)
        for member in members { #expect(member.prepare(192)) }
        #expect(pool.available == 0)
        #expect(!members[0].prepare(256))
        for member in members { member.releaseAll() }
        #expect(pool.available == 10)
        #expect(!PageTable(pool, positions: 10_000).reserve(641))
        #expect(pool.available == 10)
    }

    @Test func `a page is copied before one of its owners writes`() throws {
        let pool = PagePool(shape, bytes: 4 * pageBytes)
        let first = PageTable(pool, positions: 64)
        #expect(first.reserve(10))
        func numbers(_ table: PageTable) -> UnsafeMutablePointer<Float> {
            table.view[0].assumingMemoryBound(to: Float.self)
        }
        let count = pool.shape.bytes / 4
        for index in 0..<count { numbers(first)[index] = Float(index) }
        let second = PageTable(pool, positions: 64)
        second.share(first, positions: 10)
        #expect(second.prepare(10))
        numbers(second)[7] = -1
        #expect(numbers(first)[7] == 7)
        #expect(numbers(second)[8] == 8)
        #expect(numbers(second)[count - 1] == Float(count - 1))
    }

    @Test(.enabled(if: allocations_of_this_thread() >= 0), arguments: Precision.allCases)
    func `decoding more tokens asks for no more memory`(_ precision: Precision) throws {
        let weights = try Self.weights(precision)
        let queue = SamplerQueue(workers: 1, .init())
        let worker = SamplerWorker(0, queue, .init())
        var requests = (0..<8).map {
            SamplingRequest(prompt: [1, 2, 3], maximumTokens: 400, seed: 1, stream: UInt64($0))
        }
        requests[1].temperature = 0
        requests[2].topP = 0.9
        requests[3].topK = 5
        requests[4].repetitionPenalty = 1.1
        requests[5].minP = 0.05
        requests[6].topLogprobs = 3
        requests[7].stopStrings = ["never there"]
        let call = SamplingCall(
            requests, weights, .init(tokenBytes: OneByte()), isCancelled: { false }, onEnd: { _ in })
        worker.admit(SamplingUnit(call: call, requests: 0..<8))
        for _ in 0..<40 { worker.step() }
        let before = allocations_of_this_thread()
        for _ in 0..<100 { worker.step() }
        #expect(allocations_of_this_thread() - before == 0)
    }

    private struct OneByte: TokenBytes {
        private let table = (0..<53).map { [UInt8($0)] }

        func bytes(of token: Int32) -> [UInt8] { table[Int(token)] }
    }
}
