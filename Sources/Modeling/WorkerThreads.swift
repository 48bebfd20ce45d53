// Threads of our own for what burns CPU: never the cooperative pool, and at a lower priority than the service.
import Glibc
import Synchronization

/// Starts threads at low priority: a few short-lived ones for the same work, or one that stays.
enum WorkerThreads {
    /// Where `nice` puts the threads: request handling wins, idle time is still used in full.
    private static let niceness: Int32 = 10
    /// Most threads of one call.
    static let countMax = 256

    /// Calls `body` with 0 ..< count, each on a thread of its own; returns, or throws the error of the lowest index,
    /// when all have ended. If the system gives no thread, the caller's own does the work.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws(ModelError) -> Void) throws(ModelError) {
        let shared = Shared(body: body)
        var handles: [pthread_t] = []
        for index in 0..<min(max(count, 1), countMax) {
            let job = Unmanaged.passRetained(Job(index: index, shared: shared))
            var handle = pthread_t()
            if pthread_create(&handle, nil, workerThreadMain, job.toOpaque()) == 0 {
                handles.append(handle)
            } else {
                job.takeRetainedValue().run()
            }
        }
        for handle in handles { pthread_join(handle, nil) }
        if let first = shared.errors.withLock({ errors in errors.min { $0.key < $1.key } }) { throw first.value }
    }

    /// Calls `body` with 0 ..< count in no fixed order, on so many threads; on the caller's own when one is enough.
    static func forEach(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let workers = min(threads, count)
        guard workers > 1 else { return (0..<count).forEach(body) }
        let counter = Counter()
        // A body that throws nothing leaves nothing to report.
        try? run(workers) { (_) throws(ModelError) in
            while true {
                let index = counter.next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                body(index)
            }
        }
    }

    private final class Counter: Sendable {
        let next = Atomic(0)
    }

    /// Runs `body` on a thread of its own that nobody waits for; false when the system gives none.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let shared = Shared { (_) throws(ModelError) in body() }
        let job = Unmanaged.passRetained(Job(index: 0, shared: shared))
        var handle = pthread_t()
        guard pthread_create(&handle, nil, workerThreadMain, job.toOpaque()) == 0 else {
            job.release()
            return false
        }
        pthread_detach(handle)
        return true
    }

    /// Lowers the priority of the calling thread; on Linux `nice` belongs to the thread, not to the process.
    fileprivate static func lowerPriority() {
        #if os(Linux)
            _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
        #endif
    }

    fileprivate final class Shared: Sendable {
        let body: @Sendable (Int) throws(ModelError) -> Void
        let errors = Mutex<[Int: ModelError]>([:])

        init(body: @escaping @Sendable (Int) throws(ModelError) -> Void) { self.body = body }
    }

    fileprivate final class Job: Sendable {
        let index: Int
        let shared: Shared

        init(index: Int, shared: Shared) {
            self.index = index
            self.shared = shared
        }

        func run() {
            do throws(ModelError) {
                try shared.body(index)
            } catch {
                shared.errors.withLock { $0[index] = error }
            }
        }
    }
}

private func workerThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    WorkerThreads.lowerPriority()
    Unmanaged<WorkerThreads.Job>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
