// Pickles as Python makes them: plain data is read, everything else is refused by the name of its instruction.
import Datasets
import Domain
import Foundation
import StrictJSON
import Testing

@Suite struct PickleTests {
    @Test func `plain data of every protocol reads as Python reads it, and what calls or imports is refused`() throws {
        var refused = 0
        let rows = try Vectors.lines("pickles.jsonl")
        for row in rows {
            let name = row["name"]?.string ?? ""
            let bytes = Array(Data(base64Encoded: row["pickle"]?.string ?? "") ?? Data())
            if row["refused"] != nil {
                refused += 1
                let fault = #expect(throws: PickleFault.self, "\(name)") { try unpickled(bytes, byteLimit: 100_000) }
                guard case .refused? = fault else {
                    Issue.record("\(name): \(fault.map { "\($0)" } ?? "taken")")
                    continue
                }
            } else {
                let value = try unpickled(bytes, byteLimit: 100_000)
                #expect(value == row["value"], "\(name): \(value.text.prefix(200))")
            }
        }
        #expect(rows.count > 60 && refused > 20)
    }

    @Test(
        arguments: [
            ("cos\nsystem\n(S'true'\ntR.", "GLOBAL"), ("\u{8}", "0x8"), ("(ios\nsystem\n.", "INST"),
            ("Pabc\n.", "PERSID"),
            ("K\u{1}R.", "REDUCE"), ("}}b.", "BUILD"), ("(o.", "OBJ"), ("I1\n.", "INT"),
        ])
    func `hostile instructions are refused by name`(pickle: String, name: String) {
        let fault = #expect(throws: PickleFault.self) { try unpickled(Array(pickle.utf8), byteLimit: 1_000) }
        #expect(fault == .refused(name))
    }

    @Test func `a string that is named many times counts each time`() {
        // X 1000 bytes, memoized, then fetched ten thousand times into a list: 20 kB that would be 10 MB.
        var bytes: [UInt8] = [0x80, 4, 0x5D, 0x28, 0x58, 0xE8, 3, 0, 0]
        bytes += [UInt8](repeating: 0x61, count: 1_000) + [0x94]
        for _ in 0..<10_000 { bytes += [0x68, 0] }
        bytes += [0x65, 0x2E]
        #expect(throws: PickleFault.tooLarge) { try unpickled(bytes, byteLimit: 1_000_000) }
    }

    @Test func `a list that holds itself twice at each level is refused`() {
        // ] memo 0, then (get 0, get 0) 40 times: 2^40 values for Python.
        var bytes: [UInt8] = [0x80, 4]
        for level in 0..<40 {
            bytes += [0x5D, 0x94]
            if level > 0 { bytes += [0x28, 0x68, UInt8(level - 1), 0x68, UInt8(level - 1), 0x65] }
        }
        bytes += [0x2E]
        #expect(throws: PickleFault.refused("GET of a container")) { try unpickled(bytes, byteLimit: 1_000) }
    }

    @Test func `nesting, lengths and ends have bounds`() {
        let deep = [UInt8](repeating: 0x5D, count: 40) + [UInt8](repeating: 0x61, count: 39) + [0x2E]
        #expect(throws: PickleFault.tooLarge) { try unpickled(deep, byteLimit: 1_000) }
        let long: [UInt8] = [0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x2E]
        #expect(throws: PickleFault.tooLarge) { try unpickled(long, byteLimit: 1_000) }
        #expect(throws: PickleFault.malformed("it ends too early")) { try unpickled([0x80], byteLimit: 1_000) }
        #expect(throws: PickleFault.malformed("0 values at its end")) { try unpickled([0x2E], byteLimit: 1_000) }
    }
}
