// Updates on demonstrations: which are drawn, and what the steps do.
import Domain
import Learning
import Modeling
import Testing

struct SupervisedUpdateTests {
    @Test(arguments: [1, 2, 7, 64, 100])
    func `each pass draws every demonstration once, in another order`(count: Int) {
        let size = 5
        let updates = 3 * count
        let drawn = (0..<updates).flatMap {
            DemonstrationDeal.places(count: count, position: $0, size: size, seed: 11)
        }
        #expect(drawn.count == updates * size)
        for pass in 0..<3 * size {
            let places = drawn[(pass * count)..<((pass + 1) * count)]
            #expect(places.sorted() == Array(0..<count), "pass \(pass)")
        }
        if count >= 64 {
            #expect(Array(drawn[0..<count]) != Array(drawn[count..<(2 * count)]))
            #expect(Array(drawn[0..<count]) != Array(0..<count))
        }
    }

    @Test func `drawing is a function of position and seed, and an empty pool gives nothing`() {
        let first = DemonstrationDeal.places(count: 50, position: 3, size: 8, seed: 1)
        #expect(DemonstrationDeal.places(count: 50, position: 3, size: 8, seed: 1) == first)
        #expect(DemonstrationDeal.places(count: 50, position: 3, size: 8, seed: 2) != first)
        #expect(DemonstrationDeal.places(count: 0, position: 3, size: 8, seed: 1) == [])
    }

    @Test func `an update takes one step a mini-batch, lowers the loss, and repeats to the last bit`() throws {
        let sequences = (0..<6).map { TrainingSequence(tokens: [1, Int32($0 + 2), 9, 3], promptLength: 2) }
        let settings = try LearnerSettings().applying([
            "mode": .text("sft"), "mini_batches": .number(3), "learning_rate": .number(0.01),
        ])
        let models = [try TrainingFixture.model(), try TrainingFixture.model()]
        var losses: [Double] = []
        for version in 0..<10 {
            let outcomes = try models.map {
                try SupervisedUpdate(settings).run(sequences, model: $0, version: PolicyVersion(version))
            }
            #expect(outcomes[0] == outcomes[1])
            #expect(outcomes[0].steps == 3)
            losses.append(outcomes[0].metrics.first { $0.name == "loss" }?.value ?? 0)
        }
        #expect(TrainingFixture.parameters(models[0]) == TrainingFixture.parameters(models[1]))
        #expect((losses.last ?? 0) < (losses.first ?? 0) / 2)
    }

    @Test func `warm-up and schedule count from where they start`() throws {
        let settings = try LearnerSettings().applying([
            "warmup_updates": .number(4), "schedule": .text("linear"), "schedule_updates": .number(14),
            "schedule_floor": .number(0), "learning_rate": .number(1),
        ])
        let later = try settings.applying(["schedule_start": .number(100)])
        for update in 1...20 {
            #expect(later.learningRate(update: 100 + update) == settings.learningRate(update: update))
        }
        #expect(!settings.beginsAnew(making: PolicyVersion(1)), "the first update of a run begins anew by itself")
        #expect(later.beginsAnew(making: PolicyVersion(101)))
        #expect(!later.beginsAnew(making: PolicyVersion(102)))
    }
}
