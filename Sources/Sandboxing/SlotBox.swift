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
    private let content: Mutex<Content>
    /// The launcher of the live jail, 0 when there is none; for `interrupt`.
    private let launcher = Atomic<Int32>(0)

    init(number: Int) {
        self.number = number
        content = Mutex(Content())
    }

    /// Runs a job, building the jail first if there is none.
    func run(
        _ job: SandboxJob, goOn: (@Sendable (Int, SandboxCase) -> Bool)?, tier: SandboxTier, landlockABI: Int,
        configuration: SandboxConfiguration
    ) throws(SlotFailure) -> SandboxReport {
        let result: Result<SandboxReport, SlotFailure> = content.withLock { content in
            do throws(SlotFailure) {
                if content.slot == nil {
                    let slot = try Slot.build(
                        number: number, tier: tier, landlockABI: landlockABI,
                        configuration: configuration)
                    launcher.store(slot.launcher, ordering: .releasing)
                    content.slot = consume slot
                }
                content.jobs += 1
                let nonce = String(UInt64.random(in: .min ... .max), radix: 36) + "-" + String(content.jobs)
                guard let report = try content.slot?.run(job, nonce: nonce, goOn: goOn) else {
                    return .failure(SlotFailure(obstacle: .fault, message: "no jail"))
                }
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
