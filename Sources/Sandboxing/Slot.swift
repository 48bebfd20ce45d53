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
    /// Where precompiled headers come from, nil for none.
    let headers: String?
    /// The interpreter's version, as `3.11.2`.
    private(set) var interpreterVersion = ""

    private init(
        tier: SandboxTier, configuration: SandboxConfiguration, groups: ControlGroups?, launcher: pid_t,
        lifeline: Int32, channel: consuming Channel, memoryLimit: Int, headers: String?
    ) {
        self.tier = tier
        self.configuration = configuration
        self.groups = groups
        self.launcher = launcher
        self.lifeline = lifeline
        self.channel = channel
        self.memoryLimit = memoryLimit
        self.headers = headers
    }

    /// Builds a jail and waits until its interpreter is warm. `headers` is the directory of precompiled ones.
    static func build(
        number: Int, tier: SandboxTier, landlockABI: Int, configuration: SandboxConfiguration, headers: String? = nil
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
            number: number, tier: tier, configuration: configuration, groups: groups, memoryLimit: memoryLimit,
            headers: headers)
        var process: pid_t = 0
        let error = spawn(arguments, lifeline: pipe[0], control: pair[1], process: &process)
        close(pipe[0])
        close(pair[1])
        var slot = Slot(
            tier: tier, configuration: configuration, groups: groups, launcher: error == 0 ? process : 0,
            lifeline: pipe[1],
            channel: Channel(
                descriptor: pair[0], frameBytesMax: max(configuration.outputBytesMax, programBytesMax) + (1 << 20)),
            memoryLimit: memoryLimit, headers: headers)
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

    /// A compiled program comes in one frame, no larger than this.
    private static let programBytesMax = 16 << 20

    /// Memory beyond the job's own: the base interpreter, the harness and the job's inputs.
    private static let slackMegabytes = 64

    private static func arguments(
        number: Int, tier: SandboxTier, configuration: SandboxConfiguration, groups: ControlGroups?, memoryLimit: Int,
        headers: String?
    ) -> [String] {
        var options = [
            "--version": String(CSANDBOX_LAUNCHER_VERSION),
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
        options["--headers"] = headers
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
                throw SlotFailure(obstacle: message.hasPrefix("fault version") ? .version : .launcher, message: message)
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
        _ job: SandboxJob, nonce: String, programs: CompiledPrograms? = nil,
        goOn: (@Sendable (Int, SandboxCase) -> Bool)? = nil
    ) throws(SlotFailure) -> SandboxReport {
        let source = Array(job.source.utf8)
        let program = job.language == .cpp ? programs?.program(for: source) : nil
        try adjustMemory(job, compiling: job.language == .cpp && program == nil)
        var conversation = Conversation(nonce: nonce, memoryKills: groups?.memoryKills ?? 0)
        do {
            let request = Request(
                job: job, nonce: nonce, interactive: goOn != nil, compiled: program != nil,
                configuration: configuration)
            let deadline = try send(request, program: program)
            while conversation.report == nil {
                let frame = try channel.receive(deadline: deadline)
                let new = conversation.take(frame, kills: { groups?.memoryKills ?? 0 })
                if frame.words.first == "statements", case .assertions(let text) = job.work {
                    try channel.sendRaw(lengthPrefix(text.utf8.count) + Array(text.utf8))
                }
                if conversation.report == nil { try answer(frame, about: job, source: source, programs: programs) }
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

    /// Sends the job, with its program if it was compiled before; returns the deadline of the conversation.
    private func send(_ request: Request, program: SealedProgram? = nil) throws(ChannelFailure) -> Int64 {
        try channel.send(request.words, blobs: request.blobs)
        if let program { try channel.sendDescriptor(program.descriptor) }
        return monotonicMilliseconds() + request.deadlineMilliseconds + 5_000
    }

    /// What a compiled job's frames ask of the server: to keep the program, and to set the tests' memory limit.
    private mutating func answer(
        _ frame: Frame, about job: SandboxJob, source: [UInt8], programs: CompiledPrograms?
    ) throws {
        guard job.language == .cpp else { return }
        if frame.words.first == "program", let bytes = frame.blobs.first { programs?.keep(bytes, for: source) }
        if frame.words.first == "compiled" {
            try adjustMemory(job, compiling: false)
            try channel.sendRaw([UInt8(ascii: "+")])
        }
    }

    /// Precompiles the compiler's headers, each part of them going to `write`. Throws why there are none.
    mutating func precompileHeaders(nonce: String, write: (ArraySlice<UInt8>) -> Bool) throws(SlotFailure) {
        let request = Request(
            headersFor: nonce, memoryMegabytes: Self.compilingMegabytes, configuration: configuration)
        do {
            let deadline = try send(request)
            while true {
                let frame = try channel.receive(deadline: deadline)
                guard frame.words.count >= 2, frame.words[1] == nonce else { throw ChannelFailure.malformed }
                switch frame.words[0] {
                case "part":
                    guard let part = frame.blobs.first, write(part) else { throw ChannelFailure.closed }
                case "done" where frame.words.count == 6 && frame.words[2...4].allSatisfy { $0 == "0" }: return
                default: throw ChannelFailure.malformed
                }
            }
        } catch {
            throw SlotFailure(obstacle: .fault, message: "no precompiled headers (\(error))")
        }
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
