// One job as the frame that the harness reads.

/// Words, blobs and the deadline of one job.
struct Request {
    let words: String
    let blobs: [[UInt8]]
    /// Wall milliseconds after which the harness itself gives the submission up.
    let deadlineMilliseconds: Int64

    /// `compiled` says that the program follows, compiled before.
    init(job: SandboxJob, nonce: String, interactive: Bool, compiled: Bool, configuration: SandboxConfiguration) {
        let kind: String
        let name: String
        let inputs: [[UInt8]]
        switch job.work {
        case .streams(let texts): (kind, name, inputs) = ("streams", "", texts)
        case .calls(let entry, let arguments): (kind, name, inputs) = ("calls", entry, arguments)
        // The statements follow when the harness asks for them: not before the program is a process of its own.
        case .assertions: (kind, name, inputs) = ("assertions", "", [])
        }
        self.init(
            kind: kind, job: job, blobs: [Array(job.source.utf8), Array(name.utf8)] + inputs, nonce: nonce,
            interactive: interactive, compiled: compiled, configuration: configuration)
    }

    /// The compiler's own headers, precompiled; no program at all.
    init(headersFor nonce: String, memoryMegabytes: Int, configuration: SandboxConfiguration) {
        let job = SandboxJob(
            language: .cpp, source: "", work: .streams([]), cpuSeconds: 1, memoryMegabytes: memoryMegabytes)
        self.init(
            kind: "headers", job: job, blobs: [[], []], nonce: nonce, interactive: false, compiled: false,
            configuration: configuration)
    }

    private init(
        kind: String, job: SandboxJob, blobs: [[UInt8]], nonce: String, interactive: Bool, compiled: Bool,
        configuration: SandboxConfiguration
    ) {
        let wall = job.cpuSeconds * 2 + 2
        // Assertions are counted only in the jail; 64 stands for any honest number.
        let count = max(blobs.count - 2, kind == "assertions" ? 64 : 1)
        let tests = min(wall * Double(count), configuration.programSecondsMax + wall)
        deadlineMilliseconds = Int64((tests + configuration.compileSecondsMax * 3 + 10) * 1000)
        words = [
            "run", nonce, kind, job.language.rawValue, job.contestPrelude ? "contest" : "none",
            String(Int(job.cpuSeconds * 1000)), String(Int(wall * 1000)), String(deadlineMilliseconds),
            String(Int(configuration.compileSecondsMax * 1000)), String(configuration.outputBytesMax),
            String(job.memoryMegabytes), String(configuration.directoryBytesMax), interactive ? "1" : "0",
            configuration.compiler, String(Int(configuration.lateSecondsMax * 1000)),
            String(Int(configuration.programSecondsMax * 1000)), compiled ? "1" : "0",
        ].joined(separator: " ")
        self.blobs = blobs
    }

    /// Bytes of a job's source and inputs, which the harness holds while it runs.
    static func inputBytes(_ job: SandboxJob) -> Int {
        switch job.work {
        case .streams(let inputs): inputs.reduce(job.source.utf8.count) { $0 + $1.count }
        case .calls(_, let arguments): arguments.reduce(job.source.utf8.count) { $0 + $1.count }
        case .assertions(let text): job.source.utf8.count + text.utf8.count
        }
    }
}
