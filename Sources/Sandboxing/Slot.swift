// One jail with its base interpreter, as the server sees it: started, used for one job at a time, rebuilt after
// anything odd. Used only on its own queue.
import CSandbox
import Glibc

/// Why a slot could not do a job.
struct SlotFailure: Error {
    var obstacle: SandboxReport.Obstacle
    var message: String
    /// What can be said about the program all the same: that its memory ended the jail.
    var report: SandboxReport?
}

/// A live jail: its launcher and the two descriptors that hold it.
struct Slot: ~Copyable {
    let configuration: SandboxConfiguration
    let tier: SandboxTier
    let groups: ControlGroups?
    let launcher: pid_t
    private let lifeline: Int32
    private let channel: Channel
    private var memoryLimit: Int
    /// The interpreter's version, as `3.11.2`.
    private(set) var interpreterVersion = ""

    private init(
        tier: SandboxTier, configuration: SandboxConfiguration, groups: ControlGroups?, launcher: pid_t,
        lifeline: Int32, channel: consuming Channel, memoryLimit: Int
    ) {
        self.tier = tier
        self.configuration = configuration
        self.groups = groups
        self.launcher = launcher
        self.lifeline = lifeline
        self.channel = channel
        self.memoryLimit = memoryLimit
    }

    /// Builds a jail and waits until its interpreter is warm.
    static func build(
        number: Int, tier: SandboxTier, landlockABI: Int, configuration: SandboxConfiguration
    ) throws(SlotFailure) -> Slot {
        let groups = tier == .full ? ControlGroups.place(slot: number) : nil
        let memoryLimit = (configuration.memoryMegabytesMax + slackMegabytes) << 20
        var pipe: [Int32] = [-1, -1]
        var pair: [Int32] = [-1, -1]
        guard csandbox_pipe(&pipe) == 0 else { throw SlotFailure(obstacle: .fault, message: "no descriptors left") }
        guard csandbox_socket_pair(&pair) == 0 else {
            close(pipe[0])
            close(pipe[1])
            throw SlotFailure(obstacle: .fault, message: "no descriptors left")
        }
        let arguments = arguments(
            number: number, tier: tier, configuration: configuration, groups: groups, memoryLimit: memoryLimit)
        var process: pid_t = 0
        let error = spawn(arguments, lifeline: pipe[0], control: pair[1], process: &process)
        close(pipe[0])
        close(pair[1])
        var slot = Slot(
            tier: tier, configuration: configuration, groups: groups, launcher: error == 0 ? process : 0,
            lifeline: pipe[1],
            channel: Channel(descriptor: pair[0], frameBytesMax: configuration.outputBytesMax + (1 << 20)),
            memoryLimit: memoryLimit)
        guard error == 0 else {
            let reason = String(cString: strerror(error))
            throw SlotFailure(obstacle: .launcher, message: "start \(configuration.launcher): \(reason)")
        }
        slot.interpreterVersion = try slot.greet(landlockABI: landlockABI)
        return slot
    }

    deinit {
        // The launcher sees the end of its lifeline, kills the jail, removes the groups and ends.
        close(lifeline)
        if launcher > 0 {
            var status: Int32 = 0
            while waitpid(launcher, &status, 0) < 0 && errno == EINTR {}
        }
        groups?.removeAll()
    }

    /// Memory beyond the job's own: the base interpreter, the harness and the job's inputs.
    private static let slackMegabytes = 64

    private static func arguments(
        number: Int, tier: SandboxTier, configuration: SandboxConfiguration, groups: ControlGroups?, memoryLimit: Int
    ) -> [String] {
        var options = [
            "--build": String(csandbox_build()),
            "--namespaces": tier.hasNamespaces ? "1" : "0",
            "--interpreter": configuration.interpreter,
            "--memory-bytes": String(memoryLimit),
            // Threads reserve as much address space, which only a memory group leaves free.
            "--stack-bytes": String(tier == .full ? 512 << 20 : 64 << 20),
            "--file-bytes": String(max(configuration.outputBytesMax, configuration.directoryBytesMax) + 1),
            "--processes": String(configuration.processesMax),
            "--limit-as": tier == .full ? "0" : "1",
        ]
        if getuid() == 0 { options["--uid"] = String(configuration.firstUserID + number) }
        options["--memory-cgroup"] = groups?.memory
        options["--pids-cgroup"] = groups?.pids
        options["--cpu-cgroup"] = groups?.cpu
        return [configuration.launcher] + options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    }

    private func greet(landlockABI: Int) throws(SlotFailure) -> String {
        do {
            let harness = Array(String(cString: csandbox_harness()).utf8)
            try channel.sendRaw(lengthPrefix(harness.count) + harness)
            try channel.send(
                "setup \(tier.hasNamespaces ? 1 : 0) \(landlockABI) \(tier == .full ? 0 : 1)",
                blobs: (0..<4).map { filter(profile: $0) })
            let frame = try channel.receive(deadline: monotonicMilliseconds() + 30_000)
            guard frame.words.first == "ready", let version = frame.words.last else {
                let message = frame.words.joined(separator: " ")
                throw SlotFailure(obstacle: message.hasPrefix("fault build") ? .version : .launcher, message: message)
            }
            return String(version)
        } catch let failure as SlotFailure {
            throw failure
        } catch {
            throw SlotFailure(obstacle: .launcher, message: "the jail did not start: \(error)")
        }
    }

    /// Runs one job. `goOn` is asked after each test when the job is interactive. Throws when the slot must be rebuilt.
    mutating func run(
        _ job: SandboxJob, nonce: String, goOn: (@Sendable (Int, SandboxCase) -> Bool)?
    ) throws(SlotFailure) -> SandboxReport {
        try adjustMemory(job, compiling: job.language == .cpp)
        let killsBefore = groups?.memoryKills ?? 0
        var conversation = Conversation(nonce: nonce, memoryKills: killsBefore)
        do {
            let request = Request(job: job, nonce: nonce, interactive: goOn != nil, configuration: configuration)
            try channel.send(request.words, blobs: request.blobs)
            let deadline = monotonicMilliseconds() + request.deadlineMilliseconds + 5_000
            while conversation.report == nil {
                let frame = try channel.receive(deadline: deadline)
                let new = conversation.take(frame, kills: { groups?.memoryKills ?? 0 })
                if frame.words.first == "statements", case .assertions(let text) = job.work {
                    try channel.sendRaw(lengthPrefix(text.utf8.count) + Array(text.utf8))
                }
                if job.language == .cpp && frame.words.first == "compiled" {
                    try adjustMemory(job, compiling: false)
                    try channel.sendRaw([UInt8(ascii: "+")])
                }
                if let new, let goOn { try channel.sendRaw([UInt8(ascii: goOn(new.index, new.outcome) ? "+" : "-")]) }
            }
        } catch let failure as SlotFailure {
            throw failure
        } catch {
            let byMemory = (groups?.memoryKills ?? 0) > conversation.memoryKills
            throw SlotFailure(
                obstacle: error as? ChannelFailure == .closed ? .lost : .fault, message: "the jail was lost (\(error))",
                report: byMemory ? conversation.endedByMemory : nil)
        }
        guard let report = conversation.report else {
            throw SlotFailure(obstacle: .fault, message: "the jail gave no report")
        }
        if case .undecided(let obstacle, let message) = report, obstacle == .fault {
            throw SlotFailure(obstacle: obstacle, message: message)
        }
        return report
    }

    /// Compilers need more than most programs: templates of the standard library take about 300 MiB.
    private static let compilingMegabytes = 1_024

    private mutating func adjustMemory(_ job: SandboxJob, compiling: Bool) throws(SlotFailure) {
        guard let groups else { return }
        let inputs = Request.inputBytes(job)
        let megabytes = compiling ? max(job.memoryMegabytes, Self.compilingMegabytes) : job.memoryMegabytes
        let bytes = ((megabytes + Self.slackMegabytes) << 20) + inputs * 2
        guard bytes != memoryLimit else { return }
        guard groups.limitMemory(bytes: bytes) else {
            throw SlotFailure(obstacle: .fault, message: "the memory limit could not be set")
        }
        memoryLimit = bytes
    }
}

private func filter(profile: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = csandbox_filter(Int32(profile), &bytes, bytes.count)
    return Array(bytes[..<count])
}

private func spawn(_ arguments: [String], lifeline: Int32, control: Int32, process: inout pid_t) -> Int32 {
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return csandbox_spawn(pointers, lifeline, control, &process)
}
