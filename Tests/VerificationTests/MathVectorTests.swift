// Every labelled answer of Tests/Vectors/math gets the verdict that its label asks for.
import Domain
import Testing
import Verification

@Suite struct MathVectorTests {
    @Test func `the vectors are there, in more than twenty categories`() throws {
        #expect(MathVector.categories.count > 20)
        let total = try MathVector.categories.reduce(0) { try $0 + MathVector.read($1).count }
        #expect(total >= 1_000)
        let hostile = try MathVector.read("hostile")
        #expect(hostile.count >= 150)
    }

    @Test(arguments: MathVector.categories)
    func `each labelled answer gets its verdict`(category: String) throws {
        let verifier = MathVerifier()
        let vectors = try MathVector.read(category)
        #expect(!vectors.isEmpty)
        for vector in vectors {
            let verdict = verifier.verify(response: vector.response, task: MathTask(answers: [vector.answer]))
            let note = "\(vector.answer) / \(vector.response): \(verdict.reason) (\(vector.why))"
            if vector.expected == "passed" {
                #expect(verdict.outcome == .passed, "\(note)")
            } else {
                #expect(verdict.outcome != .passed, "\(note)")
            }
            #expect(!verdict.reason.isEmpty)
            #expect(verdict.steps.isEmpty)
        }
    }

    @Test func `a gold passes for itself in every category`() throws {
        let verifier = MathVerifier()
        for category in MathVector.categories {
            for answer in Set(try MathVector.read(category).map(\.answer))
            where !answer.contains("boxed") && !answer.hasPrefix("\\[") && !answer.hasPrefix("\\(") {
                let verdict = verifier.verify(response: answer.boxed, task: MathTask(answers: [answer]))
                #expect(verdict.outcome == .passed, "\(answer): \(verdict.reason)")
            }
        }
    }

    @Test func `every category has near misses beside its positives`() throws {
        for category in MathVector.categories {
            let vectors = try MathVector.read(category)
            let negatives = vectors.count { $0.expected == "failed" }
            #expect(vectors.count >= 25, "\(category)")
            #expect(negatives * 3 >= vectors.count * 29 / 30, "\(category): \(negatives) of \(vectors.count)")
        }
    }

    /// Two rules ask which side is the reference: it may be unsolved, or name its constants C.
    private static let oneSided: Set<String> = [
        "equations", "families", "sets_and_lists", "extraction", "hostile", "choices",
    ]

    @Test(arguments: MathVector.categories.filter { !oneSided.contains($0) })
    func `reference and answer may change places`(category: String) throws {
        let verifier = MathVerifier()
        for vector in try MathVector.read(category) {
            guard let boxed = vector.boxedAnswer, !boxed.isEmpty, !vector.answer.contains("boxed") else { continue }
            let verdict = verifier.verify(response: vector.answer.boxed, task: MathTask(answers: [boxed]))
            let isPassed = verdict.outcome == .passed
            #expect(isPassed == (vector.expected == "passed"), "\(boxed) / \(vector.answer): \(verdict.reason)")
        }
    }
}
