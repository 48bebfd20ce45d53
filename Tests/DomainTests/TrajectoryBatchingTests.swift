// Batches of groups of sequences, against what atroposlib's own functions answered (Tests/Vectors/atropos).
import Domain
import Foundation
import StrictJSON
import Testing

@Suite struct TrajectoryBatchingTests {
    private let vectors: JSONValue

    init() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        vectors = try JSONValue.parse(Data(contentsOf: tests.appendingPathComponent("Vectors/atropos/batching.json")))
    }

    private func numbers(_ json: JSONValue?) -> [Int]? { json?.elements?.compactMap { $0.integer.map { Int($0) } } }

    private func cases(_ name: String) -> [JSONValue] { vectors[name]?.elements ?? [] }

    private func queue(_ sizes: [(environment: Int64?, sequences: Int)]) -> [QueuedTrajectories] {
        sizes.enumerated().map {
            QueuedTrajectories(
                seq: Int64($0.offset), environment: $0.element.environment, sequences: $0.element.sequences)
        }
    }

    @Test func `groups that sum to a size are those that Atropos finds`() throws {
        #expect(cases("sums").count == 400)
        for entry in cases("sums") {
            let target = Int(try #require(entry["target"]?.integer))
            #expect(
                indicesSumming(to: target, sizes: numbers(entry["sizes"]) ?? []) == numbers(entry["indices"]),
                "\(entry.text)")
        }
    }

    @Test func `batches of an exact size are those that Atropos grabs`() throws {
        #expect(cases("exact").count == 400)
        for entry in cases("exact") {
            let sizes = (numbers(entry["sizes"]) ?? []).map { (environment: nil as Int64?, sequences: $0) }
            let size = Int(try #require(entry["size"]?.integer))
            #expect(exactBatch(of: queue(sizes), size: size) == numbers(entry["batch"]), "\(entry.text)")
        }
    }

    @Test func `batches that meet environments' shares are those that Atropos grabs`() throws {
        #expect(cases("minimums").count == 600)
        for entry in cases("minimums") {
            let groups = (entry["queue"]?.elements ?? []).compactMap(\.elements).map {
                (environment: $0[0].integer, sequences: Int($0[1].integer ?? 0))
            }
            let minimums = (entry["minimums"]?.elements ?? []).compactMap(\.elements).map {
                BatchMinimum(environment: $0[0].wholeNumber ?? -1, share: $0[1].number ?? -1)
            }
            let size = Int(try #require(entry["size"]?.integer))
            #expect(
                exactBatch(of: queue(groups), size: size, minimums: minimums) == numbers(entry["batch"]),
                "\(entry.text)")
        }
    }
}
