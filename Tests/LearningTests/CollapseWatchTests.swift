// Alarms from histories of metrics: each when it should, and silence otherwise.
import Domain
import Learning
import Testing

struct CollapseWatchTests {
    private func history(
        _ count: Int, _ metrics: (Int) -> [(String, Double)]
    ) -> [UpdateRecord] {
        (0..<count).map { index in
            let usual: [(String, Double)] = [
                ("accuracy", 0.5), ("entropy", 0.4), ("gradient_norm", 0.5), ("steps", 4), ("skipped_steps", 0),
                ("groups_trained", 20), ("groups_zero_variance", 28),
            ]
            let own = metrics(index)
            let merged = usual.filter { name, _ in !own.contains { $0.0 == name } } + own
            return UpdateRecord(
                version: PolicyVersion(index + 1), createdAt: Timestamp(milliseconds: 0), objective: "gppo",
                metrics: merged.map { .init($0.0, $0.1) })
        }
    }

    private func kinds(_ updates: [UpdateRecord]) -> [LearnerAlarm.Kind] { CollapseWatch().alarms(updates).map(\.kind) }

    @Test func `a steady run, a rising run and no run give no alarm`() {
        #expect(kinds([]).isEmpty)
        #expect(kinds(history(50) { _ in [] }).isEmpty)
        #expect(
            kinds(history(50) { [("accuracy", 0.4 + Double($0) / 100), ("entropy", 0.4 - Double($0) / 150)] }).isEmpty)
    }

    @Test func `a collapse of accuracy pauses`() throws {
        let updates = history(20) { [("accuracy", $0 < 12 ? 0.6 : 0)] }
        let alarm = try #require(CollapseWatch().alarms(updates).first)
        #expect(alarm.kind == .rewardCollapse && alarm.pauses)
        #expect(alarm.message.contains("60.0 %"))
    }

    @Test func `a policy that its first updates ruin is noticed by what it was before`() {
        let updates = history(6) { [("accuracy", $0 == 0 ? 0.4 : 0)] }
        #expect(kinds(updates).isEmpty)
        #expect(CollapseWatch().alarms(updates, baseline: 0.41).map(\.kind) == [.rewardCollapse])
    }

    @Test func `one bad update is no collapse, and what never was cannot collapse`() {
        #expect(kinds(history(20) { [("accuracy", $0 == 19 ? 0 : 0.6)] }).isEmpty)
        #expect(kinds(history(20) { [("accuracy", $0 < 5 ? 0.05 : 0)] }).isEmpty)
    }

    @Test func `low entropy is an alarm while answers are wrong, and success when they are right`() {
        #expect(kinds(history(30) { [("entropy", $0 < 15 ? 0.4 : 0.01)] }) == [.entropyCollapse])
        #expect(kinds(history(30) { [("entropy", $0 < 15 ? 0.4 : 0.01), ("accuracy", 0.96)] }).isEmpty)
        #expect(kinds(history(30) { [("entropy", $0 < 15 ? 0.4 : 2)] }) == [.entropyExplosion])
    }

    @Test func `a gradient far above its median is an alarm`() {
        #expect(kinds(history(30) { [("gradient_norm", $0 == 29 ? 50 : 0.5)] }) == [.gradientExplosion])
        #expect(kinds(history(5) { [("gradient_norm", $0 == 4 ? 50 : 0.5)] }).isEmpty)
    }

    @Test func `steps left out are an alarm, and pause when all are`() throws {
        let some = try #require(CollapseWatch().alarms(history(3) { [("skipped_steps", $0 == 2 ? 1 : 0)] }).first)
        #expect(some.kind == .notFinite && !some.pauses)
        let all = try #require(
            CollapseWatch().alarms(history(3) { $0 == 2 ? [("skipped_steps", 4), ("steps", 0)] : [] }).first)
        #expect(all.pauses)
    }

    @Test func `groups without differences are an alarm`() {
        #expect(kinds(history(12) { _ in [("groups_trained", 1), ("groups_zero_variance", 47)] }) == [.noSignal])
    }
}
