// The table of named settings: complete, bounded, all or nothing.
import Domain
import Learning
import Testing

struct LearnerSettingsTests {
    @Test(arguments: LearnerPreset.allCases)
    func `every field takes back the value it gives`(preset: LearnerPreset) throws {
        let settings = LearnerSettings(preset)
        var changes: [String: SettingValue] = [:]
        for field in LearnerSettings.fields { changes[field.name] = field.get(settings) }
        #expect(changes.count == LearnerSettings.fields.count, "two fields have one name")
        #expect(try LearnerSettings().applying(changes) == settings)
        let texts = changes.mapValues { SettingValue(parsing: $0.description) }
        #expect(try LearnerSettings().applying(texts) == settings)
    }

    @Test func `every field refuses what it cannot be, by its name`() {
        let settings = LearnerSettings()
        for field in LearnerSettings.fields {
            #expect(!field.summary.isEmpty && !field.allowed.isEmpty)
            // Any word can name a data set, but not none.
            let text = field.name == "dataset" ? "" : "no such word"
            let wrong: [SettingValue] = [.number(-1e12), .number(.nan), .text(text), .number(.infinity)]
            for value in wrong {
                let error = #expect(throws: InputError.self, "\(field.name) took \(value)") {
                    try settings.applying([field.name: value])
                }
                #expect(error?.field == field.name)
            }
        }
    }

    @Test func `an unknown field is answered with the list, and nothing is changed`() {
        let error = #expect(throws: InputError.self) {
            try LearnerSettings().applying(["learning_rate": .number(0.1), "lerning_rate": .number(0.1)])
        }
        #expect(error?.code == .unknownField)
        #expect(error?.hint?.contains("learning_rate") == true)
    }

    @Test func `naming an objective resets its constants, and constants given with it hold`() throws {
        var settings = try LearnerSettings().applying(["epsilon_low": .number(0.1)])
        #expect(settings.objective.epsilonLow == 0.1)
        settings = try settings.applying(["objective": .text("clip"), "epsilon_high": .number(0.3)])
        #expect(settings.objective == Objective(.clip).with { $0.epsilonHigh = 0.3 })
        settings = try settings.applying(["objective": .text("gppo"), "dual_clip": .none])
        #expect(settings.objective == Objective(.gppo).with { $0.dualClip = nil })
    }

    @Test func `settings that contradict each other are refused`() throws {
        let error = #expect(throws: InputError.self) { try LearnerSettings().applying(["tis": .text("token")]) }
        #expect(error?.field == "tis")
        #expect(throws: Never.self) {
            try LearnerSettings().applying(["tis": .text("token"), "behaviour_logprobs": .text("recomputed")])
        }
    }

    @Test func `the presets hold the paper's table`() {
        let math = LearnerSettings(.klear)
        #expect(math == LearnerSettings(.klearMath))
        #expect(math.objective == Objective(.gppo))
        #expect((math.objective.epsilonLow, math.objective.epsilonHigh) == (0.2, 0.28))
        #expect(math.objective.dualClip == 10)
        #expect((math.learningRate, math.warmupUpdates, math.miniBatches) == (1e-6, 10, 8))
        #expect((math.groupsPerUpdate, math.groupSize, math.oversampling) == (128, 8, 2))
        #expect((math.positiveLossAlpha, math.weightDecay, math.maxGradientNorm) == (0.1, 0.1, 1))
        #expect((math.promptTokensMax, math.responseTokensMax) == (4_096, 32_768))
        #expect((math.evaluationTemperature, math.evaluationTopP, math.evaluationEveryUpdates) == (0.6, 0.95, 5))
        let code = LearnerSettings(.klearCode)
        #expect((code.learningRate, code.miniBatches) == (5e-7, 4))
        let sft = LearnerSettings(.klearSFT)
        #expect((sft.mode, sft.learningRate, sft.schedule) == (.supervised, 8e-5, .cosine))
        #expect(sft.learningRate * sft.scheduleFloor == 4e-5, "cosine from 8e-5 to 4e-5")
        #expect(throws: Never.self) { try math.validated() }
    }

    @Test func `a method is adopted with the habits of its paper`() {
        let settings = LearnerSettings().adopting(Objective(.drGRPO))
        #expect(settings.advantage == .centred && settings.aggregation == .sumOverScale)
        #expect(LearnerSettings().adopting(Objective(.gspo)).aggregation == .sequenceMeanOfTokenMeans)
        #expect(LearnerSettings().adopting(Objective(.gppo)) == LearnerSettings())
    }

    @Test func `the learning rate warms up, stays or falls`() {
        var settings = LearnerSettings(.klear)
        #expect(agree(settings.learningRate(update: 1), 1e-7))
        #expect(agree(settings.learningRate(update: 5), 5e-7))
        #expect(settings.learningRate(update: 10) == 1e-6)
        #expect(settings.learningRate(update: 100_000) == 1e-6)
        #expect(settings.learningRate(update: 0) > 0)
        settings.scheduleUpdates = 110
        for schedule in [Schedule.linear, .cosine] {
            settings.schedule = schedule
            #expect(settings.learningRate(update: 10) == 1e-6)
            #expect(agree(settings.learningRate(update: 60), 0.55e-6, within: 1e-15))
            #expect(agree(settings.learningRate(update: 110), 1e-7, within: 1e-15))
            #expect(agree(settings.learningRate(update: 9_999), 1e-7, within: 1e-15))
        }
    }
}
