// Rows of a file on their way into the ledger: read, gathered into batches, stored, counted; faults are listed by row.
import Datasets
import Domain
import Foundation
import StrictJSON

/// What became of the rows of a file.
struct ImportCounts {
    var created = 0
    var known = 0
    /// Rows that are not of the days that are wanted.
    var passedOver = 0
    var faults = 0
}

/// Takes rows one by one and stores what they become together.
struct RowImport<Item> {
    /// Bytes of rows that are stored together, so that long ones do not pile up.
    private static var batchBytesMax: Int { 16_777_216 }

    private let read: (JSONValue) throws -> Item?
    /// Stores a batch and says of each item whether it was new.
    private let submit: ([Item]) async throws -> [Result<Bool, InputError>]
    private let batchMax: Int
    private var counts = ImportCounts()
    private var progress = ImportProgress()
    private var batch: [(number: Int, item: Item)] = []
    private var bytes = 0

    init(
        read: @escaping (JSONValue) throws -> Item?,
        submit: @escaping ([Item]) async throws -> [Result<Bool, InputError>],
        batchMax: Int = Limits.promptsPerRequestMax
    ) {
        self.batchMax = batchMax
        self.read = read
        self.submit = submit
    }

    /// Stores the rows, or the first `limit` of them. Throws what the ledger throws; a file that cannot be read on is a fault.
    ///
    /// - Parameter fraction: How much of the file was read after so many rows, for the bar.
    mutating func run(
        _ rows: any DatasetRows, limit: Int? = nil, fraction: (Int) -> Double?
    ) async throws -> ImportCounts {
        var taken = 0
        do {
            while taken < limit ?? Int.max, let row = try rows.next() {
                taken += 1
                take(row, unit: rows.unit)
                progress.show(fraction(taken), rows: taken)
                if batch.count >= batchMax || bytes >= Self.batchBytesMax { try await flush(rows.unit) }
            }
        } catch let fault as DatasetFault {
            complain("\(fault)")
        }
        try await flush(rows.unit)
        progress.clear()
        if counts.faults > Limits.datasetFaultsListed {
            note("\(counts.faults - Limits.datasetFaultsListed) more are not listed")
        }
        return counts
    }

    private mutating func take(_ row: DatasetRow, unit: String) {
        do {
            let value = try row.content.get()
            guard let item = try read(value) else {
                counts.passedOver += 1
                return
            }
            batch.append((row.number, item))
            bytes += roughSize(value)
        } catch {
            complain("\(unit) \(row.number): \(error)")
        }
    }

    private mutating func flush(_ unit: String) async throws {
        let answers = try await submit(batch.map(\.item))
        for (place, answer) in zip(batch, answers) {
            switch answer {
            case .success(let isNew): if isNew { counts.created += 1 } else { counts.known += 1 }
            case .failure(let error): complain("\(unit) \(place.number): \(error)")
            }
        }
        batch = []
        bytes = 0
    }

    private mutating func complain(_ message: String) {
        counts.faults += 1
        guard counts.faults <= Limits.datasetFaultsListed else { return }
        note(message)
    }

    private mutating func note(_ message: String) {
        progress.clear()
        FileHandle.standardError.write(Data("\(message)\n".utf8))
    }
}

/// About how many bytes a value takes: its texts and arrays, without writing it out.
private func roughSize(_ value: JSONValue) -> Int {
    switch value {
    case .string(let text): text.utf8.count
    case .integers(let values): 8 * values.count
    case .doubles(let values): 8 * values.count
    case .array(let values): values.reduce(16) { $0 + roughSize($1) }
    case .object(let members): members.reduce(16) { $0 + $1.name.utf8.count + roughSize($1.value) }
    default: 8
    }
}
