// The curriculum: a pure rule from accuracies to weights.
import BuiltinData
import Domain
import Testing

@Suite struct CurriculumTests {
    private let curriculum = Curriculum(floor: 0.1, codeShare: 0.25, groupSize: 8)

    @Test func `weights sum to one and code keeps its share`() {
        let weights = curriculum.weights(accuracy: [.addition: 0.9, .branching: 0.1])
        #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
        let code = zip(BuiltinKind.allCases, weights).filter { $0.0.family == .code }.reduce(0) { $0 + $1.1 }
        #expect(abs(code - 0.25) < 1e-12)
    }

    @Test func `no kind sleeps, not even one that is never right or always right`() {
        let weights = curriculum.weights(accuracy: [.addition: 0, .subtraction: 1, .multiplication: 0.5])
        #expect(weights.allSatisfy { $0 > 0.01 })
    }

    @Test func `a kind that can still learn is preferred to one that is nearly right or never right`() {
        let weights = Dictionary(
            zip(
                BuiltinKind.allCases,
                curriculum.weights(accuracy: [.addition: 0.4, .subtraction: 0.97, .multiplication: 0])),
            uniquingKeysWith: { first, _ in first })
        #expect((weights[.addition] ?? 0) > 3 * (weights[.subtraction] ?? 1))
        #expect((weights[.addition] ?? 0) > 3 * (weights[.multiplication] ?? 1))
    }

    @Test func `accuracies out of range and not a number do no harm`() {
        let weights = curriculum.weights(accuracy: [.addition: 7, .subtraction: -3])
        #expect(weights.allSatisfy { $0.isFinite && $0 > 0 })
    }

    @Test func `the drawn kinds have the asked number and come near the weights`() {
        var generator = SeededGenerator(seed: 4)
        let accuracy: [BuiltinKind: Double] = [.addition: 0.2]
        let weights = curriculum.weights(accuracy: accuracy)
        for count in [1, 7, 32, 48] {
            let kinds = curriculum.kinds(count: count, accuracy: accuracy, using: &generator)
            #expect(kinds.count == count)
            for (kind, weight) in zip(BuiltinKind.allCases, weights) {
                let share = weight * Double(count)
                #expect(abs(Double(kinds.count { $0 == kind }) - share) <= 1.000_001)
            }
        }
        #expect(curriculum.kinds(count: 0, accuracy: accuracy, using: &generator).isEmpty)
    }

    @Test func `a running accuracy begins with the first group and forgets slowly`() {
        var running = RunningAccuracy(memory: 80)
        running.record(.addition, right: 8, of: 8)
        #expect(running.byKind[.addition] == 1)
        running.record(.addition, right: 0, of: 8)
        #expect(abs((running.byKind[.addition] ?? 0) - 0.9) < 1e-12)
        running.record(.addition, right: 0, of: 0)
        #expect(abs((running.byKind[.addition] ?? 0) - 0.9) < 1e-12)
        #expect(running.byKind[.branching] == nil)
    }
}
