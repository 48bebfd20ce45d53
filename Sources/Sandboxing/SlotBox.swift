// Where a slot lives between jobs: built when first needed, thrown away after anything odd, interruptible from outside.
import Glibc
import Synchronization

/// Holds at most one jail. `run` and `discard` are called on the slot's own queue only; `interrupt` from anywhere.
final class SlotBox: Sendable {
    private struct Content: ~Copyable {
        var slot: Slot?
        var jobs: UInt64 = 0
    }

    private let number: Int
    private let workshop: Workshop
    private let content: Mutex<Content>
    /// The launcher of the live jail, 0 when there is none; for `interrupt`.
    private let launcher = Atomic<Int32>(0)

    init(number: Int, workshop: Workshop) {
        self.number = number
        self.workshop = workshop
        content = Mutex(Content())
    }

    /// Builds the jail ahead of its first job; one that fails is tried again, and explained, at that job.
    func warm() {
        content.withLock { content in
            guard content.slot == nil else { return }
            content.slot = try? workshop.build(number: number, headers: nil)
            launcher.store(content.slot?.launcher ?? 0, ordering: .releasing)
        }
    }

    /// Runs a job, building the jail first if there is none.
    func run(
        _ job: SandboxJob, goOn: (@Sendable (Int, SandboxCase) -> Bool)?
    ) throws(SlotFailure) -> SandboxReport {
        let result: Result<SandboxReport, SlotFailure> = content.withLock { content in
            do throws(SlotFailure) {
                let headers = job.language == .cpp ? workshop.headers.directory() : nil
                // A jail shows what was there when it was built.
                if let headers, content.slot?.headers != headers { content.slot = nil }
                if content.slot == nil {
                    let slot = try workshop.build(number: number, headers: headers)
                    launcher.store(slot.launcher, ordering: .releasing)
                    content.slot = consume slot
                }
                content.jobs += 1
                let nonce = String(UInt64.random(in: .min ... .max), radix: 36) + "-" + String(content.jobs)
                guard
                    let report = try content.slot?.run(job, nonce: nonce, programs: workshop.programs, goOn: goOn)
                else { return .failure(SlotFailure(obstacle: .fault, message: "no jail")) }
                return .success(report)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Ends the jail, if there is one, and waits until nothing of it is left.
    func discard() {
        content.withLock { content in
            launcher.store(0, ordering: .releasing)
            content.slot = nil
        }
    }

    /// Ends the jail's processes under a running job, which then fails.
    func interrupt() {
        let process = launcher.load(ordering: .acquiring)
        if process > 0 { kill(process, SIGTERM) }
    }
}
