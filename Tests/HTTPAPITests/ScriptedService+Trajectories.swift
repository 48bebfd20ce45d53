// The scripted service's trajectories: as the wire needs them. AtroposTests has the real ones.
import Domain
import HTTPAPI

extension ScriptedService {
    func register(trainer: TrainerRegistration) async throws -> UInt128 {
        try await enter()
        return UInt128.max
    }

    func trajectoryRun() async throws -> TrajectoryRun? {
        try await enter()
        return nil
    }

    func register(environment: EnvironmentRegistration) async throws -> EnvironmentReceipt? {
        try await enter()
        return nil
    }

    func disconnect(environment id: Int64) async throws -> Bool {
        try await enter()
        return id == 0
    }

    func environmentQueue(of id: Int64) async throws -> EnvironmentQueue? {
        try await enter()
        let environment = TrajectoryEnvironment(
            id: id,
            registration: EnvironmentRegistration(
                name: "e", tokensMax: 8, weight: 1, groupSize: 1, batchShare: nil), isConnected: true)
        return EnvironmentQueue(of: environment, among: [environment], loads: [], run: nil)
    }

    func post(
        trajectories: TrajectoryPost
    ) async throws -> (receipt: TrajectoryReceipt, taken: @Sendable () -> Void) {
        try await enter()
        return (TrajectoryReceipt(buffered: 0, bufferSize: nil, isRepeat: false), {})
    }

    func takeBatch(
        acknowledging acknowledgement: BatchAcknowledgement, seconds: Double
    ) async throws -> (offer: BatchOffer, taken: @Sendable () async throws -> Void) {
        try await enter()
        return (.nothing, {})
    }

    func trajectoryText(_ seq: Int64) async throws -> [UInt8]? { nil }
    func latestTrajectory() async throws -> [UInt8]? { nil }
    func clearTrajectories() async throws { try await enter() }
}
