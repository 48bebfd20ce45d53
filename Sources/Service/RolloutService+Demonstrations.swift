// Demonstrations in, and reading them back.
import Domain
import Storage

extension RolloutService {
    /// Stores demonstrations and returns once they are durable; one answer for each, in order.
    package func submit(
        demonstrations: [DemonstrationSubmission]
    ) async throws -> [Result<DemonstrationReceipt, InputError>] {
        try refuseWhenStopping()
        try refuseWhenPaused(.intake)
        let receipts = try await inLedger { try await $0.submit(demonstrations: demonstrations) }
        changes.notify()
        return receipts
    }

    /// A page of demonstrations in the order in which they came.
    package func demonstrations(
        dataset: String?, after: DemonstrationID?, limit: Int
    ) async throws -> [Demonstration] {
        try await inLedger { try await $0.demonstrations(dataset: dataset, after: after, limit: limit) }
    }

    /// How many demonstrations there are, of one data set or of all.
    package func demonstrationCount(dataset: String?) async throws -> Int {
        try await inLedger { try await $0.demonstrationCount(dataset: dataset) }
    }
}
