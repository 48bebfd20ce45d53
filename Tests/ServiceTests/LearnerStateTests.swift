// What the learner remembers, how it plans, and which checkpoints it keeps.
import BuiltinData
import Domain
import Foundation
import Testing
import TestSupport

@testable import Service

@Suite struct LearnerStateTests {
    private func someState() -> LearnerState {
        var state = LearnerState()
        state.learningSeconds = 12.5
        state.nextProblem = [.addition: 7, .branching: 2]
        state.accuracy.record(.addition, right: 3, of: 8)
        state.updatesWithoutReward = [.branching: 20, .addition: 0]
        return state
    }

    @Test func `the state survives being written and read`() throws {
        let state = someState()
        #expect(try LearnerState(text: state.text) == state)
    }

    @Test func `a kind without any right rollout for twenty updates is asleep, others are not`() {
        #expect(someState().sleepingKinds == [.branching])
    }

    @Test func `the plan of an update is a function of seed, version and state`() throws {
        let source = BuiltinSource(seed: 5)
        func plan(_ version: Int, _ source: BuiltinSource) -> [String] {
            source.plan(
                making: PolicyVersion(version), groups: 24, groupSize: 8,
                curriculum: Curriculum(floor: 0.1, codeShare: 0.25, groupSize: 8), state: someState()
            ).groups.map(\.promptID.text)
        }
        #expect(plan(3, source) == plan(3, source))
        #expect(plan(3, source) != plan(4, source))
        #expect(plan(3, source) != plan(3, BuiltinSource(seed: 6)))
        #expect(Set(plan(3, source)).count == 24, "a prompt was planned twice in one update")
        let valid = plan(3, source).allSatisfy { isValidIdentifier($0 + "@3#7") }
        #expect(valid)
    }

    @Test func `recent checkpoints and every hundredth are kept`() {
        let versions = (0...250).map { PolicyVersion($0) }
        let prunable = Set(CheckpointDirectory.prunable(versions, newest: PolicyVersion(250)).map(\.number))
        #expect(prunable.isDisjoint(with: [0, 100, 200]))
        #expect(prunable.isDisjoint(with: Set(243...250)))
        #expect(prunable.contains(242))
        #expect(prunable.contains(1))
    }

    @Test func `a changed byte or a missing tail changes a checkpoint's digest`() {
        var bytes = [UInt8](0...255) + [UInt8](0...200)
        let digest = contentDigest(Data(bytes))
        #expect(digest.count == 32)
        #expect(contentDigest(Data(bytes)) == digest)
        for index in bytes.indices {
            bytes[index] ^= 1
            #expect(contentDigest(Data(bytes)) != digest, "byte \(index)")
            bytes[index] ^= 1
        }
        #expect(contentDigest(Data(bytes.dropLast())) != digest)
        #expect(contentDigest(Data(bytes + [0])) != digest)
    }

    @Test func `a damaged checkpoint is refused with what to do`() throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path)
        let file = directory.file(of: PolicyVersion(3))
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
        let manifest = CheckpointManifest(
            version: PolicyVersion(3), path: "policy-00000003.safetensors", bytes: 3, digest: "0", learnerState: "{}")
        let error = #expect(throws: ServiceError.self) { _ = try directory.verifiedFile(of: manifest) }
        #expect(error?.hint?.contains("backup") == true)
    }
}
