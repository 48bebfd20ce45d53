// Whatever a response holds, a verdict ends within its budget of work, on a small stack, and is the same from any thread.
import Domain
import Glibc
import Synchronization
import Testing
import Verification

@Suite struct MathBoundsTests {
    private let verifier = MathVerifier()

    private static func joined(_ count: Int, _ separator: String, _ item: (Int) -> String) -> String {
        (0..<count).map(item).joined(separator: separator)
    }

    /// Answers that cost as much as an answer can, each with a reference.
    private static let bombs: [(answer: String, gold: String)] = [
        (joined(400, "+") { "4000!!+\($0)" }, "0"),
        (joined(300, "+") { "4000!!\($0)!!!!!!" }, joined(300, "+") { "\(299 - $0)!!4000!!!!!!" }),
        (joined(1_000, ":") { "x+\($0)" }, joined(1_000, ":") { "2x+\(2 * $0)" }),
        (joined(1_500, ":") { "\($0 + 1)" }, joined(1_500, ":") { "\(2 * $0 + 2)" }),
        (joined(500, "=") { "x+\($0)-\($0)" }, "x"),
        (joined(400, "+") { "(x+\($0))!" }, joined(400, "+") { "(x+\(399 - $0))!" }),
        ("\\sum_{k=1}^{63}\\sum_{j=1}^{63}\\sum_{l=1}^{63}(k+j+l)", "1"),
        (
            joined(200, "+") { "\\sum_{k=1}^{63}\\sqrt{k+\($0)}" },
            joined(200, "+") { "\\sum_{k=1}^{63}\\sqrt{k+\(199 - $0)}" }
        ),
        (joined(400, "+") { _ in "\\binom{500}{250}" }, "1"), (joined(1_000, "+") { "500!+\($0)" }, "1"),
        (joined(300, "+") { "\\sqrt[63]{2^{2000}+\($0)}" }, "1"),
        (joined(300, "+") { "\\frac{2^{4000}+1}{3^{2500}+\($0)}" }, "1"),
        (joined(250, "\\cup") { "(\\sqrt{\(2 * $0)},\\sqrt{\(2 * $0 + 1)})" }, "(0,1)"),
        (joined(128, ",") { "\\sin(\($0))" }, joined(128, ",") { "\\sin(\($0+1))" }),
        (joined(500, "+") { "\\ln(x+\($0))" }, joined(500, "+") { "\\ln(x+\(499 - $0))" }),
        (joined(300, "+") { "\\log_{2^{100}+\($0)}{3^{700}}" }, "1"),
        (joined(100, "+") { _ in "9^{9^{9^9}}" }, joined(100, "+") { _ in "9^{9^{9^8}}" }),
    ]

    @Test(arguments: Self.bombs.indices)
    func `the costliest answers stay within the budget of work`(index: Int) {
        let bomb = Self.bombs[index]
        for (answer, gold) in [
            (bomb.answer, bomb.gold), (bomb.gold, bomb.answer), (bomb.answer, bomb.answer + "+1"),
        ] {
            let (verdict, work) = verifier.measuredVerdict(response: answer.boxed, task: MathTask(answers: [gold]))
            #expect(work <= Limits.mathWorkMax)
            if work == Limits.mathWorkMax { #expect(verdict.outcome == .undetermined, "\(verdict.reason)") }
            if gold.hasSuffix("+1") { #expect(verdict.outcome != .passed) }
        }
    }

    @Test func `all references of a task share one budget`() {
        let sums = (0..<64).map { shift in Self.joined(200, "+") { "\\sin(x+\($0 + shift))" } }
        let answer = Self.joined(200, "+") { "\\sin(x+\($0))\\cos(1)" }
        let (verdict, work) = verifier.measuredVerdict(response: answer.boxed, task: MathTask(answers: sums))
        #expect(work == Limits.mathWorkMax)
        #expect(verdict.outcome == .undetermined)
        #expect(verdict.failure?.code == .beyondCaps)
    }

    @Test func `an ordinary answer takes a small part of the budget`() {
        for (answer, gold) in [("42", "42"), ("\\frac68", "0.75"), ("x^2+2x+1", "(x+1)^2"), ("2\\sqrt3", "\\sqrt{12}")]
        {
            let (verdict, work) = verifier.measuredVerdict(response: answer.boxed, task: MathTask(answers: [gold]))
            #expect(verdict.outcome == .passed)
            #expect(work < Limits.mathWorkMax / 20, "\(work) units")
        }
    }

    @Test func `text before the answer costs no work and changes nothing`() {
        let task = MathTask(answers: ["x^2+2x+1"])
        let ending = " so \\boxed{(x+1)^2}"
        let alone = verifier.measuredVerdict(response: ending, task: task)
        for noise in [
            "word ", "\\frac{1}{2} ", "{", "}", "\\boxed", "<think>", "</think>", "\\boxed{7}. Then ", "$", "\\",
        ] {
            for count in [1, 100, 20_000] {
                let padded = String(repeating: noise, count: count) + "." + ending
                let (verdict, work) = verifier.measuredVerdict(response: padded, task: task)
                #expect(verdict == alone.verdict, "\(noise) \(count) times")
                #expect(work == alone.work)
            }
        }
    }

    @Test func `nesting of a megabyte fits a small stack`() {
        let openings = [
            "(", "{", "[", "\\{", "\\frac{", "\\sqrt{", "\\left(", "|", "\\text{", "\\boxed{", "x^{", "\\lfloor ", "-",
            "f(",
        ]
        let texts = openings.flatMap { opening -> [String] in
            let closing = opening.hasSuffix("{") ? "}" : opening == "\\{" ? "\\}" : opening == "[" ? "]" : ")"
            return [1_000, 1_000_000 / (opening.utf8.count + 2)].flatMap { count -> [String] in
                let deep = String(repeating: opening, count: count) + "5"
                return [deep, deep.boxed, (deep + String(repeating: closing, count: count)).boxed]
            }
        }
        let passed = onSmallStack(bytes: 524_288) {
            texts.count {
                verifier.verify(response: $0, task: MathTask(answers: ["6"]), explaining: true).outcome == .passed
            }
        }
        #expect(passed == 0)
    }

    @Test func `the same verdict and the same work come from any number of threads`() async throws {
        let rows = try MathVector.read("hostile") + MathVector.read("expressions")
        func judge(_ row: MathVector) -> (Verdict, Int) {
            MathVerifier().measuredVerdict(response: row.response, task: MathTask(answers: [row.answer]))
        }
        let expected = rows.map { judge($0) }
        await withTaskGroup(of: Void.self) { group in
            for offset in 0..<8 {
                group.addTask {
                    for index in rows.indices {
                        let place = (index * 7 + offset * 31) % rows.count
                        let (verdict, work) = judge(rows[place])
                        #expect(verdict == expected[place].0)
                        #expect(work == expected[place].1)
                    }
                }
            }
        }
    }

    /// Runs work on a thread of its own with a stack of so many bytes, and waits for it.
    private func onSmallStack(bytes: Int, _ work: @escaping @Sendable () -> Int) -> Int {
        final class Job: Sendable {
            let work: @Sendable () -> Int
            let result = Mutex(-1)
            init(_ work: @escaping @Sendable () -> Int) { self.work = work }
        }
        let job = Job(work)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, bytes)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let job = Unmanaged<Job>.fromOpaque(context).takeUnretainedValue()
                let result = job.work()
                job.result.withLock { $0 = result }
                return nil
            }, Unmanaged.passUnretained(job).toOpaque())
        guard status == 0 else { return -1 }
        pthread_join(thread, nil)
        pthread_attr_destroy(&attributes)
        return job.result.withLock { $0 }
    }
}
