// Moments as texts: what is written reads back, and what is no moment is refused.
import Domain
import Testing

struct MomentTests {
    @Test(arguments: [0, 1, 951_782_400_000, 1_700_000_000_123, -1, 4_102_444_800_000] as [Int64])
    func `what is written reads back`(milliseconds: Int64) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(Timestamp(rfc3339: moment.rfc3339) == moment)
    }

    @Test(arguments: [
        ("2026-11-22", 1_795_305_600_000), ("2026-11-22T13:55:39Z", 1_795_355_739_000),
        ("2026-11-22T13:55:39.1239Z", 1_795_355_739_123), ("2026-11-22T15:55:39.5+02:00", 1_795_355_739_500),
        ("2026-11-22t08:55:39-05:00", 1_795_355_739_000),
    ])
    func `offsets, fractions and days alone are read`(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "yesterday", "2026-13-01", "2026-11-22T25:00:00Z", "2026-11-22T13:55:39", "2026-11-22 13:55:39Z",
        "2026-11-22T13:55:39.Z", "2026-11-22Zx",
    ])
    func `what is no moment is refused`(text: String) { #expect(Timestamp(rfc3339: text) == nil) }
}
