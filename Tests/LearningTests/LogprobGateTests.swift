// The gate names what a generator probably did to its log-probs.
import Domain
import Learning
import Testing

struct LogprobGateTests {
    private let gate = LogprobGate(threshold: 0.05)

    private func logprobs(_ count: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in -Double.random(in: 0.01...4, using: &generator) }
    }

    @Test func `rounding in another engine is plausible`() {
        let own = logprobs(50, seed: 1)
        #expect(gate.objection(posted: own, own: own) == nil)
        #expect(gate.objection(posted: own.map { $0 - 0.04 }, own: own) == nil)
        #expect(gate.objection(posted: [], own: []) == nil)
    }

    @Test func `every known mistake is called by its name`() throws {
        let own = logprobs(50, seed: 2)
        let mistakes: [(String, [Double])] = [
            ("all of them are 0", own.map { _ in 0 }),
            ("base 10", own.map { $0 / 2.302_585_092_994_046 }),
            ("base 2", own.map { $0 / 0.693_147_180_559_945_3 }),
            ("shifted", Array(own.dropFirst()) + [-1]),
            ("shifted", [-1] + Array(own.dropLast())),
            ("temperature", own.map { $0 * 0.7 }),
            ("other weights", logprobs(50, seed: 3)),
        ]
        for (words, posted) in mistakes {
            let objection = try #require(gate.objection(posted: posted, own: own))
            #expect(objection.contains(words), "\(objection)")
        }
    }

    @Test func `numbers that are not finite are no excuse`() {
        #expect(gate.objection(posted: [.nan, -1], own: [-1, -1]) != nil)
    }
}
