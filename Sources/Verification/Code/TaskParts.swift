// Tasks whose inputs are too large for one jail: judged in parts, one jail after the other, with the verdict of the whole.
import Domain
import StrictJSON

extension CodeTask {
    /// The task in parts whose inputs have at most `bytesMax` bytes, or one test; itself when it is short enough.
    func parts(bytesMax: Int) -> [CodeTask] {
        switch tests {
        case .assertions: return [self]
        case .standardStreams(let tests):
            return runs(of: tests.map { $0.input.utf8.count }, bytesMax).map {
                part(.standardStreams(Array(tests[$0])))
            }
        case .entryPoint(let name, let tests):
            return runs(of: tests.map { $0.arguments.reduce(0) { $0 + roughBytes($1) } }, bytesMax).map {
                part(.entryPoint(name: name, Array(tests[$0])))
            }
        }
    }

    private func part(_ tests: Tests) -> CodeTask {
        var part = self
        part.tests = tests
        return part
    }
}

/// About how many bytes of JSON a value has, without writing it; not fewer than half, as escapes are not looked for.
private func roughBytes(_ value: JSONValue) -> Int {
    switch value {
    case .string(let text): text.utf8.count + 2
    case .integers(let values): 8 * values.count
    case .doubles(let values): 18 * values.count
    case .array(let values): values.reduce(2) { $0 + roughBytes($1) + 1 }
    case .object(let members): members.reduce(2) { $0 + $1.name.utf8.count + 4 + roughBytes($1.value) }
    default: 8
    }
}

/// Neighbours whose sizes together are at most `most`, or one that is larger.
private func runs(of sizes: [Int], _ most: Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (index, size) in sizes.enumerated() {
        if index > start, bytes + size > most {
            runs.append(start..<index)
            (start, bytes) = (index, 0)
        }
        bytes += size
    }
    if start < sizes.count { runs.append(start..<sizes.count) }
    return runs
}

/// The verdicts of a task's parts as one.
struct MergedVerdict {
    /// Tests of the whole task.
    let total: Int
    let stopsAtFirstFailure: Bool
    /// What became of the tests so far, in order.
    private(set) var cases: [TestSummary.Case] = []
    /// The first part's verdict that was not a pass, and whether nothing can be said of the whole.
    private var fault: Verdict?
    private var use: SandboxUse?

    init(total: Int, stopsAtFirstFailure: Bool) {
        self.total = total
        self.stopsAtFirstFailure = stopsAtFirstFailure
    }

    /// Takes the verdict of the next part; whether the part after it shall run.
    mutating func add(_ verdict: Verdict, excerpt: String) -> Bool {
        add(verdict.sandbox)
        let new = verdict.tests?.cases ?? []
        switch verdict.outcome {
        case .passed:
            cases += new
            return true
        case .undetermined where verdict.failure?.code == .beyondCaps && fault != nil:
            cases += new
            skipTheRest(excerpt)
            return false
        // A jail that was lost may have hidden the first failure, or the only one.
        case .undetermined:
            cases += new
            fault = verdict
            return false
        case .failed:
            cases += new
            if fault == nil { fault = verdict }
            guard !stopsAtFirstFailure, new.first?.outcome != .compileError else { return false }
            // Without having run: the time of the program was used up in this part.
            guard let last = new.last, last.outcome == .timeLimitExceeded, last.timeMilliseconds == 0 else {
                return true
            }
            skipTheRest(excerpt)
            return false
        }
    }

    /// The tests that are left were not run: out of time after a failure, and nothing can be said when there was none.
    mutating func skipTheRest(_ excerpt: String) {
        guard fault != nil else {
            let failure = InfrastructureFailure(
                code: .beyondCaps,
                message:
                    "tests from \(cases.count + 1) on were not run: all together take longer than a program may hold a jail"
            )
            fault = .undetermined(failure, extracted: excerpt)
            return
        }
        let skipped = TestSummary.Case(outcome: .timeLimitExceeded, timeMilliseconds: 0)
        cases += Array(repeating: skipped, count: max(0, total - cases.count))
    }

    /// The verdict of the whole.
    func verdict(_ excerpt: String) -> Verdict {
        var tests = TestSummary(passed: cases.count { $0.outcome == .accepted }, total: total, cases: cases)
        var verdict: Verdict
        if var fault {
            (tests.output, tests.log) = (fault.tests?.output, fault.tests?.log)
            fault.tests = tests
            verdict = fault
        } else if tests.passed == total, total > 0 {
            verdict = .passed("all \(total) tests accepted", extracted: excerpt, tests: tests)
        } else {
            let failure = InfrastructureFailure(code: .sandboxFault, message: "some tests were not run")
            verdict = .undetermined(failure, extracted: excerpt, tests: tests)
        }
        verdict.sandbox = use
        return verdict
    }

    private mutating func add(_ other: SandboxUse?) {
        guard let other else { return }
        guard var sum = use else {
            use = other
            return
        }
        sum.queueMilliseconds += other.queueMilliseconds
        sum.retries += other.retries
        use = sum
    }
}
