// The signal wakes who waits, and loses no change that came between looking and waiting.
import Testing

@testable import Service

@Suite struct ChangeSignalTests {
    @Test(.timeLimit(.minutes(1))) func `a change before the wait is not lost`() async {
        let signal = ChangeSignal()
        let seen = signal.generation
        signal.notify()
        await signal.wait(beyond: seen, seconds: 50)
        #expect(signal.generation == seen + 1)
    }

    @Test(.timeLimit(.minutes(1))) func `all waiters wake for one change`() async {
        let signal = ChangeSignal()
        let seen = signal.generation
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { await signal.wait(beyond: seen, seconds: 50) } }
            try? await Task.sleep(for: .milliseconds(20))
            signal.notify()
            await group.waitForAll()
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a cancelled waiter returns`() async {
        let signal = ChangeSignal()
        let task = Task { await signal.wait(beyond: signal.generation, seconds: 50) }
        task.cancel()
        await task.value
    }
}
