// What the harness may say and what is made of it; anything odd is a fault of the sandbox, never a verdict.
import Testing

@testable import Sandboxing

@Suite struct ConversationTests {
    private func frame(_ words: String, _ blobs: String...) -> Frame {
        Frame(words: words.split(separator: " "), blobs: blobs.map { ArraySlice(Array($0.utf8)) })
    }

    private func report(_ frames: [Frame], kills: Int = 0) -> SandboxReport? {
        var conversation = Conversation(nonce: "n", memoryKills: 0)
        for frame in frames where conversation.report == nil { _ = conversation.take(frame, kills: { kills }) }
        return conversation.report
    }

    private func isFault(_ report: SandboxReport?) -> Bool {
        guard case .undecided(.fault, _) = report else { return false }
        return true
    }

    @Test func `a whole conversation gives a report`() {
        let result = report([
            frame("compiled n 1"), frame("case n 0 ended 0 0 1500 9000", "out", "err"), frame("done n 0 0 0 9"),
        ])
        guard case .ran(let cases, total: 1) = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(cases.first?.output == Array("out".utf8))
        #expect(cases.first?.note == "err")
        #expect(cases.first?.cpuSeconds == 0.0015)
    }

    @Test func `frames of another job are not believed`() {
        #expect(isFault(report([frame("compiled m 1")])))
        #expect(isFault(report([frame("case m 0 ended 0 0 1 1", "", "")])))
    }

    @Test(arguments: [
        "case n 1 ended 0 0 1 1", "case n 0 splendid 0 0 1 1", "case n 0 ended x 0 1 1", "case n 0 ended 0 0 1",
        "case n", "passed n", "done", "done n", "", "fault launcher: no", "case n -1 ended 0 0 1 1",
        "case n 0 ended 99999999999999999999 0 1 1",
    ])
    func `a malformed frame is a fault`(_ words: String) {
        #expect(isFault(report([frame(words, "", "")])) || isFault(report([frame(words)])))
    }

    @Test func `a program that ends the harness while it compiles does not compile`() {
        guard case .uncompiled = report([frame("done n 0 11 0 9")]) else {
            Issue.record("a compile bomb is not named")
            return
        }
    }

    @Test func `a harness that ends early after it compiled is a fault`() {
        #expect(isFault(report([frame("compiled n 2"), frame("done n 0 9 0 9")])))
        #expect(isFault(report([frame("done n 0 0 0 9")])))
    }

    @Test func `a kill counts as memory only when the memory limit killed`() {
        let frames = [frame("compiled n 1"), frame("case n 0 ended 0 9 1 1", "", ""), frame("done n 0 0 0 9")]
        guard case .ran(let killed, total: 1) = report(frames, kills: 1),
            case .ran(let other, total: 1) = report(frames, kills: 0)
        else {
            Issue.record("no report")
            return
        }
        #expect(killed.first?.status == .memory)
        #expect(other.first?.status == .ended)
    }

    @Test func `the harness's own faults and obstacles are told apart`() {
        #expect(isFault(report([frame("fault n", "mount: no"), frame("done n 70 0 0 9")])))
        guard case .undecided(.toolchainMissing, _) = report([frame("missing n", "g++"), frame("done n 0 0 0 9")]),
            case .undecided(.unreadable, _) = report([frame("unreadable n", "x"), frame("done n 0 0 0 9")])
        else {
            Issue.record("an obstacle has the wrong class")
            return
        }
    }
}
