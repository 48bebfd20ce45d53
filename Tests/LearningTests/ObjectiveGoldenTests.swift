// Every method against PyTorch's autograd, token by token.
import Domain
import Learning
import Testing

struct ObjectiveGoldenTests {
    /// The vectors' names of methods, with the constants they stand for.
    static let methods: [String: Objective] = [
        "PPO/GRPO clip .2/.2": Objective(.clip),
        "DAPO .2/.28": Objective(.clipHigher),
        "DAPO+dual c=3": Objective(.dualClip).with { $0.dualClip = 3 },
        "DAPO+dual c=10": Objective(.dualClip),
        "GPPO paper (no dual)": Objective(.gppo).with { $0.dualClip = nil },
        "GPPO code c=10": Objective(.gppo),
        "CE-GPPO b=(.5,1) .2/.2 c=10": ceGPPO(0.5, 1),
        "CE-GPPO b=(.75,1) .2/.2 c=10": ceGPPO(0.75, 1),
        "CE-GPPO b=(0,0) .2/.2 c=10": ceGPPO(0, 0),
        "CISPO .2/.28": Objective(.cispo),
        "CISPO upper-only 0/5": Objective(.cispo).with { ($0.epsilonLow, $0.epsilonHigh) = (1, 4) },
        "SAPO tau 1/1.05": Objective(.sapo),
        "ASPO .2/.2 c=3/3": Objective(.aspo),
    ]

    static func ceGPPO(_ beta1: Double, _ beta2: Double) -> Objective {
        Objective(.ceGPPO).with { ($0.epsilonHigh, $0.beta1, $0.beta2) = (0.2, beta1, beta2) }
    }

    @Test func `every token of every method has autograd's loss, gradient and weight`() throws {
        let tokens = try Vectors.tokens()
        #expect(tokens.count == 234)
        #expect(Set(tokens.map(\.method)) == Set(Self.methods.keys))
        for token in tokens {
            let objective = try #require(Self.methods[token.method])
            for size in [1.0, 0.3, 2.5] {
                let advantage = token.advantage * size
                let ours = objective.evaluate(logRatio: logarithm(token.ratio), advantage: advantage)
                #expect(agree(ours.value, token.loss * size), "\(token.method) A=\(advantage) r=\(token.ratio)")
                #expect(agree(ours.weight, token.weight), "\(token.method) A=\(advantage) r=\(token.ratio)")
                #expect(agree(ours.gradient, token.slope * size), "\(token.method) A=\(advantage) r=\(token.ratio)")
            }
        }
    }

    @Test func `Dr.GRPO and GSPO at the same bounds are PPO's clip of their ratio`() {
        let clip = Objective(.clipHigher)
        for method in [Objective.Method.drGRPO, .gspo] {
            let other = Objective(method).with { ($0.epsilonLow, $0.epsilonHigh) = (0.2, 0.28) }
            for ratio in [0.05, 0.5, 0.79, 0.95, 1.1, 1.25, 1.5, 4, 12] {
                for advantage in [1.0, -1] {
                    let a = clip.evaluate(logRatio: logarithm(ratio), advantage: advantage)
                    #expect(other.evaluate(logRatio: logarithm(ratio), advantage: advantage) == a)
                }
            }
        }
    }

    static let slopesByCap: [(cap: Double, slopes: [Double])] = [
        (1, [0.8, 0.8, 0.95, 0, 0, 0]), (3, [0.8, 0.8, 0.95, 1.1, 0, 0]), (10, [0.8, 0.8, 0.95, 1.1, 4, 0]),
    ]

    @Test(arguments: slopesByCap)
    func `the dual clip's constant decides which negative tokens push back`(cap: Double, expected: [Double]) {
        let objective = Objective(.gppo).with { $0.dualClip = cap }
        for (ratio, slope) in zip([0.5, 0.79, 0.95, 1.1, 4, 12], expected) {
            let token = objective.evaluate(logRatio: logarithm(ratio), advantage: -1)
            #expect(agree(token.gradient, slope), "r=\(ratio)")
            #expect(token.isDualClipped == (slope == 0), "r=\(ratio)")
        }
    }

    @Test func `a token exactly at a bound is in range and keeps its gradient`() {
        for objective in [Objective(.gppo), Objective(.gppo).with { $0.dualClip = nil }] {
            // 1 - 0.2 and 1 + 0.28 in binary, reached without a logarithm's rounding: bounds of 0 put them at r = 1.
            let exact = objective.with { ($0.epsilonLow, $0.epsilonHigh) = (0, 0) }
            #expect(exact.evaluate(logRatio: 0, advantage: 1).gradient == -1)
            #expect(exact.evaluate(logRatio: 0, advantage: -1).gradient == 1)
        }
        let clip = Objective(.clip).with { ($0.epsilonLow, $0.epsilonHigh) = (0, 0) }
        #expect(clip.evaluate(logRatio: 0, advantage: 1).weight == 1)
        #expect(clip.evaluate(logRatio: 0, advantage: -1).weight == 1)
    }

    @Test(arguments: Objective.Method.allCases)
    func `an advantage of zero neither costs nor moves anything`(method: Objective.Method) {
        for logRatio in [-3.0, -0.1, 0, 0.1, 3] {
            let token = Objective(method).evaluate(logRatio: logRatio, advantage: 0)
            #expect(token.value == 0 && token.value.sign == .plus)
            #expect(token.gradient == 0 && token.gradient.sign == .plus)
        }
    }

    @Test func `methods go by their names, and a wrong name is answered with the list`() throws {
        for method in Objective.Method.allCases {
            #expect(try Objective(named: method.rawValue) == Objective(method))
        }
        let error = #expect(throws: InputError.self) { try Objective(named: "ppo2") }
        #expect(error?.field == "objective")
        for method in Objective.Method.allCases { #expect(error?.hint?.contains(method.rawValue) == true) }
    }

    @Test func `constants out of range are refused by name`() {
        let faults: [(String, Objective)] = [
            ("epsilon_low", Objective(.gppo).with { $0.epsilonLow = -0.1 }),
            ("epsilon_low", Objective(.gppo).with { $0.epsilonLow = .nan }),
            ("epsilon_high", Objective(.gppo).with { $0.epsilonHigh = .infinity }),
            ("dual_clip", Objective(.gppo).with { $0.dualClip = 0.5 }),
            ("beta1", Objective(.ceGPPO).with { $0.beta1 = -1 }),
            ("beta2", Objective(.ceGPPO).with { $0.beta2 = .nan }),
        ]
        for (field, objective) in faults {
            let error = #expect(throws: InputError.self) { try objective.validated() }
            #expect(error?.field == field)
        }
        for method in Objective.Method.allCases {
            #expect(throws: Never.self) { try Objective(method).validated() }
        }
    }
}
