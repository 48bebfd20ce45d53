// What the status page keeps of a long run: bounded, and still from its first update to its last.
import Domain
import Testing

@testable import Service

@Suite struct StatusBoardTests {
    @Test func `curves of a long run stay bounded, begin at the first update and have all of the newest`() {
        let board = StatusBoard(startedAt: Timestamp(milliseconds: 0), databasePath: "x.sqlite")
        for version in 1...9_000 {
            board.append(
                UpdateRecord(
                    version: PolicyVersion(version), createdAt: Timestamp(milliseconds: Int64(version)),
                    objective: "gppo", metrics: [.init("loss", 1)]))
            #expect(board.snapshot().updates.count <= StatusBoard.updatesKept)
        }
        let versions = board.snapshot().updates.map(\.version.number)
        #expect(versions.first == 1)
        #expect(
            Array(versions.suffix(StatusBoard.updatesKept / 4)) == Array((9_001 - StatusBoard.updatesKept / 4)...9_000))
        #expect(versions == versions.sorted() && Set(versions).count == versions.count)
        #expect(versions.count > StatusBoard.updatesKept / 2)
        #expect(board.snapshot().policyVersion == PolicyVersion(9_000))
    }
}
