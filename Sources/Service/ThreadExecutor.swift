// An actor's own thread: CPU-bound actors (the model's owner) run here and never in the cooperative pool.
import Foundation
import Glibc
import Synchronization

/// Runs an actor's jobs one after the other on one thread of lower priority.
final class ThreadExecutor: SerialExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let available = DispatchSemaphore(value: 0)
    private let isStopped = Atomic<Bool>(false)

    /// Served requests come first, as in `ComputeThread`.
    private static let niceness: Int32 = 10
    /// Kernels keep their tiles on the stack.
    private static let stackBytes = 8 << 20

    init(name: String) {
        // The thread holds the executor until `stop`, so that no job is ever left without a thread.
        let thread = Thread { [self] in
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            runJobs()
        }
        thread.name = name
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    func enqueue(_ job: UnownedJob) {
        jobs.withLock { $0.append(job) }
        available.signal()
    }

    /// Ends the thread after the jobs that are queued.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        available.signal()
    }

    private func runJobs() {
        while true {
            available.wait()
            let next = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let next {
                next.runSynchronously(on: asUnownedSerialExecutor())
            } else if isStopped.load(ordering: .acquiring) {
                return
            }
        }
    }
}
