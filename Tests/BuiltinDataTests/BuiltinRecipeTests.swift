// The recipe's rules: when the cold start ends, and numbers that fit one another and the data.
import BuiltinData
import Testing

@Suite struct BuiltinRecipeTests {
    private let coldStart = BuiltinRecipe.coldStart

    @Test func `the cold start goes on while one kind's pass at k is low`() {
        var pass = Dictionary(uniqueKeysWithValues: BuiltinKind.allCases.map { ($0, 0.95) })
        let greedy = Dictionary(uniqueKeysWithValues: BuiltinKind.allCases.map { ($0, 0.5) })
        #expect(coldStart.isDone(greedy: greedy, passAtK: pass))
        pass[.subtraction] = 0
        #expect(!coldStart.isDone(greedy: greedy, passAtK: pass))
        pass[.subtraction] = 0.95
        pass[.branching] = 0.1
        #expect(!coldStart.isDone(greedy: greedy, passAtK: pass))
    }

    @Test func `the cold start goes on while too little is right, or nothing is known`() {
        let pass = Dictionary(uniqueKeysWithValues: BuiltinKind.allCases.map { ($0, 1.0) })
        #expect(!coldStart.isDone(greedy: pass.mapValues { _ in 0.1 }, passAtK: pass))
        #expect(!coldStart.isDone(greedy: [:], passAtK: [:]))
        #expect(!coldStart.isDone(greedy: pass, passAtK: [:]))
    }

    @Test func `code that nobody could judge does not hold the cold start up`() {
        let math = Dictionary(uniqueKeysWithValues: BuiltinKind.kinds(of: .math).map { ($0, 0.9) })
        #expect(coldStart.isDone(greedy: math, passAtK: math))
    }

    @Test func `the learning rate rises, falls, and never leaves its bounds`() {
        let rates = (0..<coldStart.stepsMax * 2).map { coldStart.learningRate(at: $0) }
        #expect(rates.allSatisfy { $0 > 0 && $0 <= coldStart.learningRate })
        #expect(rates[0] < rates[coldStart.warmupSteps])
        #expect(rates[coldStart.decaySteps] < rates[coldStart.decaySteps / 2])
        #expect(abs((rates.last ?? 0) - coldStart.learningRate * coldStart.learningRateFloor) < 1e-12)
    }

    @Test func `every kind is drawn and the limits hold the data`() {
        #expect(BuiltinKind.allCases.allSatisfy { coldStart.weight(of: $0) > 0 })
        let longest = BuiltinKind.allCases.flatMap { kind in
            (0..<200).map { BuiltinDataset.training(seed: 1).problem(kind, index: $0).workedSolution.utf8.count }
        }.max()
        // A token is at least a byte, except that each digit is one; code is longer in bytes and shorter in tokens.
        let limit = BuiltinRecipe.learnerSettings["response_tokens_max"] ?? 0
        #expect(Double(longest ?? 0) <= limit * 1.5)
        #expect(BuiltinRecipe.model.headCount % BuiltinRecipe.model.keyValueHeadCount == 0)
        #expect(BuiltinRecipe.curriculum(groupSize: 8).groupSize == 8)
    }
}
