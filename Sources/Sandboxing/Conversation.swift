// What the harness says about one job, frame by frame, until the report is complete. Pure but for the question how
// often the memory limit has killed.

/// Collects the frames of one job.
struct Conversation {
    private let nonce: String
    /// How often the memory limit had killed when the last case came.
    private(set) var memoryKills: Int
    private var cases: [SandboxCase] = []
    private var total: Int?
    private var uncompiled: String?
    private var trouble: (SandboxReport.Obstacle, String)?
    /// The report, once the harness has said that it is done.
    private(set) var report: SandboxReport?

    init(nonce: String, memoryKills: Int) {
        self.nonce = nonce
        self.memoryKills = memoryKills
    }

    /// Takes one frame; returns the test it reports on, if it is one.
    mutating func take(_ frame: Frame, kills: () -> Int) -> (index: Int, outcome: SandboxCase)? {
        guard let kind = frame.words.first else {
            report = .undecided(.fault, "an empty frame")
            return nil
        }
        if kind == "fault" && frame.blobs.isEmpty {
            report = .undecided(.fault, frame.words.joined(separator: " "))
            return nil
        }
        guard frame.words.count >= 2, frame.words[1] == nonce else {
            report = .undecided(.fault, "a frame of another job")
            return nil
        }
        switch kind {
        case "compiled": total = frame.words.count > 2 ? Int(frame.words[2]) : nil
        // The harness asks for the assertions; the slot sends them.
        case "statements": break
        // For the slot, which gives it to all the others.
        case "program": break
        case "uncompiled": uncompiled = text(frame.blobs.first)
        case "fault": trouble = (.fault, text(frame.blobs.first))
        case "unreadable": trouble = (.unreadable, text(frame.blobs.first))
        case "missing": trouble = (.toolchainMissing, text(frame.blobs.first))
        case "case": return takeCase(frame, kills: kills)
        case "done": finish(frame, kills: kills())
        default: report = .undecided(.fault, "an unknown frame")
        }
        return nil
    }

    private mutating func takeCase(_ frame: Frame, kills: () -> Int) -> (index: Int, outcome: SandboxCase)? {
        let numbers = frame.words.dropFirst(4).map { Int($0) }
        guard frame.words.count == 8, let index = Int(frame.words[2]), index == cases.count, frame.blobs.count == 2,
            let status = SandboxCase.Status(rawValue: String(frame.words[3])), let exitCode = numbers[0],
            let signal = numbers[1], let microseconds = numbers[2], let peak = numbers[3]
        else {
            report = .undecided(.fault, "a frame that does not follow")
            return nil
        }
        var outcome = SandboxCase(
            status: status, exitCode: exitCode, signal: signal, cpuSeconds: Double(microseconds) / 1e6,
            peakKilobytes: peak, output: Array(frame.blobs[0]), note: text(frame.blobs[1]))
        if signal == 9 && status != .late {
            // Nobody but the kernel sends SIGKILL in the jail; only the memory limit makes it count.
            let now = kills()
            if now > memoryKills { outcome.status = .memory }
            memoryKills = now
        }
        cases.append(outcome)
        return (index, outcome)
    }

    private mutating func finish(_ frame: Frame, kills: Int) {
        let words = frame.words
        if let trouble {
            report = .undecided(trouble.0, trouble.1)
        } else if let uncompiled {
            report = .uncompiled(uncompiled)
        } else if let total {
            let clean = words.count == 6 && words[2] == "0" && words[3] == "0"
            report =
                clean
                ? .ran(cases, total: total)
                : .undecided(.fault, "the harness ended early: \(words.joined(separator: " "))")
        } else if words.count == 6, words[3] != "0" || words[4] != "0" {
            // The process died while it read the program: a bomb for the compiler, which is no program.
            report = .uncompiled(
                kills > memoryKills ? "compiling needs too much memory" : "the compiler gave up (signal \(words[3]))")
        } else {
            report = .undecided(.fault, "the harness ended without a report")
        }
    }

    /// The report when the memory limit ended the whole jail, harness included.
    var endedByMemory: SandboxReport {
        guard let total else { return .uncompiled("compiling needs too much memory") }
        let last = SandboxCase(
            status: .memory, exitCode: 0, signal: 9, cpuSeconds: 0, peakKilobytes: 0, output: [], note: "")
        return .ran(cases + (cases.count < total ? [last] : []), total: total)
    }

    private func text(_ blob: ArraySlice<UInt8>?) -> String {
        String(decoding: (blob ?? []).suffix(2_048), as: UTF8.self)
    }
}
