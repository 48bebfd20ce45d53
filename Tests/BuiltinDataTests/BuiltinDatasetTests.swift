// The data set as a whole: disjoint splits, the same problems for the same seed, and bounds.
import BuiltinData
import Domain
import Testing

@Suite struct BuiltinDatasetTests {
    @Test func `no problem is in two splits, whatever the seeds`() {
        for kind in BuiltinKind.allCases {
            let learned = Set((0..<400).map { BuiltinDataset.training(seed: 1).problem(kind, index: $0).key })
            let validated = Set(
                (0..<100).map { BuiltinDataset(split: .validation, seed: 2).problem(kind, index: $0).key })
            let held = Set((0..<100).map { BuiltinDataset(split: .heldOut, seed: 3).problem(kind, index: $0).key })
            #expect(learned.isDisjoint(with: validated))
            #expect(learned.isDisjoint(with: held))
            #expect(validated.isDisjoint(with: held))
        }
    }

    @Test func `the held-out list has its size, every kind, and no problem twice`() {
        let problems = BuiltinDataset.heldOut(seed: 7)
        #expect(Set(problems.map(\.key)).count == problems.count)
        for kind in BuiltinKind.allCases {
            let expected =
                kind.family == .math ? BuiltinDataset.heldOutPerMathKind : BuiltinDataset.heldOutPerCodeKind
            #expect(problems.count { $0.kind == kind } == expected)
        }
    }

    @Test func `the same seed gives the same problems and another seed gives others`() {
        #expect(BuiltinDataset.heldOut(seed: 5) == BuiltinDataset.heldOut(seed: 5))
        #expect(BuiltinDataset.heldOut(seed: 5) != BuiltinDataset.heldOut(seed: 6))
        let first = (0..<20).map { BuiltinDataset.training(seed: 5).problem(.addition, index: $0).key }
        let second = (0..<20).map { BuiltinDataset.training(seed: 6).problem(.addition, index: $0).key }
        #expect(first != second)
    }

    @Test func `a problem does not depend on which were drawn before it`() {
        let dataset = BuiltinDataset.training(seed: 11)
        let alone = dataset.problem(.branching, index: 40)
        _ = dataset.problem(.branching, index: 39)
        #expect(dataset.problem(.branching, index: 40) == alone)
    }

    @Test func `one known problem of a seed stays the same from version to version`() {
        // The splits and the measured curves hold only for these very problems.
        let problem = BuiltinDataset.training(seed: 1).problem(.addition, index: 0)
        #expect(BuiltinSplit.of(key: problem.key) == .training)
        #expect(BuiltinSplit.of(key: "addition 347 586") == .training)
        #expect(BuiltinSplit.of(key: "") == BuiltinSplit.of(key: ""))
    }

    @Test func `about one key in eight is held out and one is for validation`() {
        let splits = (0..<8000).map { BuiltinSplit.of(key: "key \($0)") }
        #expect((900...1100).contains(splits.count { $0 == .heldOut }))
        #expect((900...1100).contains(splits.count { $0 == .validation }))
    }

    @Test func `prompts and worked solutions are short, plain and bounded`() {
        for kind in BuiltinKind.allCases {
            for index in 0..<300 {
                let problem = BuiltinDataset.training(seed: 9).problem(kind, index: index)
                #expect(problem.kind == kind)
                #expect((10...200).contains(problem.prompt.utf8.count))
                #expect((10...160).contains(problem.workedSolution.utf8.count))
                #expect(problem.prompt.utf8.allSatisfy { (32..<127).contains($0) })
                #expect(problem.workedSolution.utf8.allSatisfy { (32..<127).contains($0) || $0 == 10 })
                #expect(BuiltinPromptFormat.modelInput(problem.prompt) == problem.prompt + "\n")
            }
        }
    }

    @Test func `the family of a kind is the type of its tasks`() {
        for kind in BuiltinKind.allCases {
            let problem = BuiltinDataset.training(seed: 2).problem(kind, index: 0)
            #expect(problem.task.type == kind.family.rawValue)
            #expect(problem.family == kind.family)
        }
        #expect(
            BuiltinKind.kinds(of: .math).count + BuiltinKind.kinds(of: .code).count == BuiltinKind.allCases.count)
    }
}
