// The names of rollouts that the learner samples itself.
import Domain
import Testing

@testable import Service

@Suite struct PlannedGroupTests {
    private func group(_ id: String) -> PlannedGroup {
        PlannedGroup(promptID: PromptID(id), prompt: .text("2+2?"), kind: nil, isCode: false, rollouts: 2)
    }

    @Test func `rollouts of a prompt with the longest identifier have identifiers of their own`() {
        let long = String(repeating: "p", count: Limits.identifierBytesMax - 1)
        let names = ["a", "b"].flatMap { group(long + $0).rolloutIDs(version: PolicyVersion(123_456)) }
        #expect(Set(names).count == 4)
        #expect(names.allSatisfy { isValidIdentifier($0.text) }, "\(names)")
        #expect(names == ["a", "b"].flatMap { group(long + $0).rolloutIDs(version: PolicyVersion(123_456)) })
    }

    @Test func `rollouts of a prompt with a short identifier are named after it`() {
        #expect(group("p").rolloutIDs(version: PolicyVersion(3)).map(\.text) == ["p@3#0", "p@3#1"])
    }
}
