// Keys in memory: who is let in, what a quota leaves, and what failures cost.
import Domain
import Storage
import Synchronization
import Testing

@testable import Service

/// A clock of both kinds that moves only when it is told to.
private final class Clock: Sendable {
    private let seconds = Mutex(0.0)
    private let start = ContinuousClock.now
    func advance(_ amount: Double) { seconds.withLock { $0 += amount } }
    var wall: WallClock { WallClock { [self] in Timestamp(milliseconds: 0).adding(seconds: seconds.withLock { $0 }) } }
    var instant: @Sendable () -> ContinuousClock.Instant {
        { [self] in start + .seconds(seconds.withLock { $0 }) }
    }
}

private func key(_ byte: UInt8) -> AccessKeyText { AccessKeyText(SecretSource { Array(repeating: byte, count: $0) }) }

private func stored(
    _ byte: UInt8, roles: Set<KeyRole> = [.generate], expiresAt: Timestamp? = nil, revokedAt: Timestamp? = nil,
    _ quotas: KeyQuotas = .init()
) -> StoredKey {
    let text = key(byte)
    return StoredKey(
        record: KeyRecord(
            seq: Int64(byte), id: text.id, name: "k", roles: roles, createdAt: Timestamp(milliseconds: 0),
            expiresAt: expiresAt, revokedAt: revokedAt, quotas: quotas), hash: SecretHash(of: text.secret))
}

@Suite struct AccessControlTests {
    @Test func `a key opens what it may until it is revoked or over, and another's secret never does`() {
        let clock = Clock()
        let access = AccessControl(clock: clock.wall, instant: clock.instant)
        #expect(!access.hasKeys && access.holder(of: key(1)) == nil)
        access.replace([
            stored(1, expiresAt: Timestamp(milliseconds: 10_000)), stored(2, revokedAt: Timestamp(milliseconds: 0)),
        ])
        #expect(access.holder(of: key(1))?.actor == "010101010101")
        #expect(access.holder(of: key(2)) == nil)
        #expect(access.holder(of: key(3)) == nil)
        let stolen = AccessKeyText("rld_010101010101_" + key(2).secret)
        #expect(stolen != nil && stolen.flatMap { access.holder(of: $0) } == nil)
        #expect(access.takeUses() == [1: Timestamp(milliseconds: 0)] && access.takeUses().isEmpty)
        clock.advance(10)
        #expect(access.holder(of: key(1)) == nil && !access.hasLiveKeys)
        #expect(access.hasKeys, "the end of the last key must not open the server")
    }

    @Test func `requests come in bursts of two seconds' worth and refill evenly`() throws {
        let clock = Clock()
        let access = AccessControl(clock: clock.wall, instant: clock.instant)
        access.replace([stored(1, KeyQuotas(requestsPerSecond: 2)), stored(2)])
        let caller = try #require(access.holder(of: key(1)))
        for _ in 0..<4 { try access.admitRequest(caller) }
        let refusal = #expect(throws: ServiceError.self) { try access.admitRequest(caller) }
        #expect(refusal?.code == .quotaExceeded && refusal?.quota?.name == .requests)
        #expect(refusal?.quota?.used == 4 && refusal?.quota?.limit == 4 && refusal?.quota?.availableInSeconds == 0.5)
        #expect(refusal?.retryAfterSeconds == 1)
        let other = try #require(access.holder(of: key(2)))
        for _ in 0..<99 { try access.admitRequest(other) }
        #expect(access.rates(of: other).isEmpty && access.rates(of: caller).first?.used == 4)
        clock.advance(0.5)
        try access.admitRequest(caller)
        #expect(throws: ServiceError.self) { try access.admitRequest(caller) }
    }

    @Test func `a body larger than a day's bytes passes once, and is paid for`() throws {
        let clock = Clock()
        let access = AccessControl(clock: clock.wall, instant: clock.instant)
        access.replace([stored(1, KeyQuotas(bodyBytesPerDay: 864))])
        let caller = try #require(access.holder(of: key(1)))
        try access.admitBody(1_000, caller)
        #expect(throws: ServiceError.self) { try access.admitBody(1, caller) }
        clock.advance(13_650)
        #expect(throws: ServiceError.self) { try access.admitBody(1, caller) }
        clock.advance(100)
        try access.admitBody(1, caller)
        // A body whose length was not announced is charged when it was read.
        access.chargeBody(500, caller)
        #expect(throws: ServiceError.self) { try access.admitBody(0, caller) }
    }

    @Test func `judging is charged to the key whose rollout it was, and holds it back until it is paid`() throws {
        let clock = Clock()
        let access = AccessControl(clock: clock.wall, instant: clock.instant)
        access.replace([
            stored(1, KeyQuotas(scoringSecondsPerHour: 36)), stored(2, KeyQuotas(scoringSecondsPerHour: 36)),
        ])
        let caller = try #require(access.holder(of: key(1)))
        try access.admitScoring(caller)
        access.chargeScoring(46, lane: 1)
        access.chargeScoring(46, lane: 0)
        let refusal = #expect(throws: ServiceError.self) { try access.admitScoring(caller) }
        #expect(refusal?.quota?.name == .scoringSeconds && refusal?.quota?.used == 46)
        #expect((1_000...1_001).contains(refusal?.quota?.availableInSeconds ?? 0))
        try access.admitScoring(try #require(access.holder(of: key(2))))
        clock.advance(1_001)
        try access.admitScoring(caller)
    }

    @Test func `an address that guesses has to wait, and no number of addresses fills the memory`() {
        let clock = Clock()
        let access = AccessControl(clock: clock.wall, instant: clock.instant)
        for _ in 0..<Limits.failedAttemptsMax {
            #expect(access.failureWait("192.0.2.1") == 0)
            access.noteFailure("192.0.2.1")
        }
        #expect(access.failureWait("192.0.2.1") > 5 && access.failureWait("192.0.2.2") == 0)
        clock.advance(Limits.failedAttemptSeconds)
        #expect(access.failureWait("192.0.2.1") == 0)
        let summary = access.takeFailures()
        #expect(summary?.count == 10 && summary?.addresses == ["192.0.2.1"])
        #expect(access.takeFailures() == nil)
        var failures = FailedAttempts()
        for index in 0..<(Limits.failedAddressesMax + 500) { failures.note("a\(index)", now: ContinuousClock.now) }
        #expect(
            Mirror(reflecting: failures).children.contains {
                ($0.value as? any Collection)?.count == Limits.failedAddressesMax
            })
        #expect(access.failureCount == 10)
    }

    @Test func `only what the tests took is charged for a verdict, and nothing for a remembered one`() {
        var verdict = Verdict.failed(
            "no",
            tests: TestSummary(
                passed: 0, total: 2,
                cases: [
                    .init(outcome: .accepted, timeMilliseconds: 500),
                    .init(outcome: .wrongAnswer, timeMilliseconds: 250),
                ]))
        #expect(Judgement(verdict: verdict, elapsedMilliseconds: 9_000).computeSeconds == 0.75)
        var use = SandboxUse(tier: "A", queueMilliseconds: 1)
        use.isRemembered = true
        verdict.sandbox = use
        #expect(Judgement(verdict: verdict, elapsedMilliseconds: 9_000).computeSeconds == 0)
        #expect(Judgement(verdict: .passed("equal"), elapsedMilliseconds: 2).computeSeconds == 0.002)
    }
}
