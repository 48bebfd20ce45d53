// Training that clients drive, step by step, on models of their own that begin as the policy (docs/adr/0019). Sessions, models,
// samplers and requests are in memory; what a client wants to keep it saves.
import Domain
import Logging
import Modeling

/// All sessions of clients that train, and their models.
package actor ClientTraining {
    struct Session {
        var lastSign: Timestamp
        var models: [ClientModelID] = []
        var samplers: [ClientSamplerID] = []
    }

    struct Model {
        let session: ClientSessionID
        let trainer: ClientModel
        var report: ClientModelReport
        /// Requests in the order in which they came, and whether one of them is being done.
        var queue: [(id: ClientRequestID, work: ClientWork)] = []
        var isBusy = false
        /// Samplers in memory, the oldest first.
        var samplers: [ClientSamplerID] = []
    }

    struct SamplerEntry {
        let session: ClientSessionID
        var report: ClientSamplerReport
        /// Nil when they were given back, for newer ones.
        var weights: ModelWeights?
    }

    let policies: PolicyStore
    let engine: Sampler
    let places: CompletionPlaces
    let switches: ServiceSwitches
    let files: ClientModelFiles
    let counters: Counters
    let threads: Int
    let clock: WallClock
    let identifiers: IdentifierSource
    let logger: Logger
    nonisolated let changes = ChangeSignal()

    var sessions: [ClientSessionID: Session] = [:]
    var models: [ClientModelID: Model] = [:]
    var samplers: [ClientSamplerID: SamplerEntry] = [:]
    var requests = ClientRequestLog()
    /// Models that are being made.
    var creating = 0
    var isStopping = false

    init(
        policies: PolicyStore, engine: Sampler, places: CompletionPlaces, switches: ServiceSwitches, directory: String,
        counters: Counters, threads: Int, clock: WallClock, identifiers: IdentifierSource, logger: Logger
    ) {
        self.policies = policies
        self.engine = engine
        self.places = places
        self.switches = switches
        files = ClientModelFiles(root: directory)
        self.counters = counters
        self.threads = threads
        self.clock = clock
        self.identifiers = identifiers
        self.logger = logger
    }

    // MARK: Sessions

    /// Opens a session, which lives as long as its client gives signs of life.
    package func openSession() throws -> ClientSessionID {
        try refuseWhenStopping()
        sweep()
        guard sessions.count < Limits.clientSessionsMax else {
            throw ServiceError(
                .overloaded, "\(sessions.count) sessions are open", hint: "end clients that are not needed",
                retryAfterSeconds: Limits.clientSessionSeconds)
        }
        let id = ClientSessionID(identifiers.make("session"))
        sessions[id] = Session(lastSign: clock.now())
        return id
    }

    /// Takes a session's sign of life.
    package func beat(_ id: ClientSessionID) throws { try touch(id) }

    /// What a session made, in order.
    package func session(_ id: ClientSessionID) throws -> (models: [ClientModelID], samplers: [ClientSamplerID]) {
        guard let session = sessions[id] else { throw Self.unknownSession(id) }
        return (session.models, session.samplers)
    }

    /// All open sessions.
    package func openSessions() -> [ClientSessionID] {
        sessions.sorted { ($0.value.lastSign, $0.key.text) < ($1.value.lastSign, $1.key.text) }.map(\.key)
    }

    func touch(_ id: ClientSessionID) throws {
        guard sessions[id] != nil else { throw Self.unknownSession(id) }
        sessions[id]?.lastSign = clock.now()
    }

    static func unknownSession(_ id: ClientSessionID) -> InputError {
        InputError(
            .notFound, "session \(id.text.prefix(80)) is not open", field: "session_id",
            hint:
                "it ends \(Int(Limits.clientSessionSeconds)) s after its client's last sign, and when the server starts anew"
        )
    }

    /// Ends sessions without a sign of life, and forgets answers that nobody fetched.
    func sweep() {
        let now = clock.now()
        let deadline = now.adding(seconds: -Limits.clientSessionSeconds)
        for (id, session) in sessions where session.lastSign < deadline { end(id, session) }
        requests.forget(now: now)
    }

    private func end(_ id: ClientSessionID, _ session: Session) {
        for model in session.models { unload(model, because: "its session is over") }
        for sampler in session.samplers { samplers[sampler] = nil }
        sessions[id] = nil
        logger.info("a client's training session is over", metadata: ["session": "\(id)"])
    }

    /// Refuses new work from now on.
    func stop() {
        isStopping = true
        changes.notify()
    }

    func refuseWhenStopping() throws {
        guard !isStopping else {
            throw ServiceError(.shuttingDown, "the service is stopping", retryAfterSeconds: 5)
        }
    }

    // MARK: Answers

    /// How far a request is; waits so many seconds for its end.
    package func progress(_ id: ClientRequestID, waitSeconds: Double) async throws -> ClientProgress {
        let end = ContinuousClock.now + .seconds(waitSeconds)
        while true {
            try refuseWhenStopping()
            let seen = changes.generation
            let progress = requests.progress(id)
            let rest = ContinuousClock.now.duration(to: end)
            guard progress == .waiting, rest > .zero else { return progress }
            await changes.wait(beyond: seen, seconds: rest.milliseconds / 1000)
            try Task.checkCancellation()
        }
    }

    func finish(_ id: ClientRequestID, _ result: Result<ClientAnswer, ClientFailure>) {
        requests.finish(id, result, now: clock.now())
        changes.notify()
    }

    /// An error as a client is told of it.
    func failure(_ error: any Error) -> ClientFailure {
        switch error {
        case let failure as ClientFailure: return failure
        case let fault as InputError: return ClientFailure(isClients: true, message: fault.description)
        case let error as ModelError where error.code == .invalidInput || error.code == .invalidConfiguration:
            return ClientFailure(isClients: true, message: "\(error)")
        default:
            logger.error("a client's training request failed", metadata: ["error": "\(error)"])
            return ClientFailure(isClients: false, message: "\(error)")
        }
    }
}
