// Judges a file of labelled answers over and over on one thread and prints how many it judged a second. Not a test:
// what is right or wrong about the verdicts is the vectors' business. Benchmarks/math.sh runs it beside Math-Verify.
import Domain
import Foundation
import StrictJSON
import Verification

@main
enum VerdictBench {
    /// `verdict-bench PAIRS SECONDS`: PAIRS has one `{"answer": ..., "response": ...}` a line. Prints one JSON object:
    /// pairs judged, seconds, and the slowest pair's time in microseconds with its line number, the least of all rounds.
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let seconds = Double(arguments[2]) else {
            FileHandle.standardError.write(Data("usage: verdict-bench PAIRS SECONDS\n".utf8))
            exit(64)
        }
        let pairs = try read(arguments[1])
        let verifier = MathVerifier()
        let clock = ContinuousClock()
        for pair in pairs { _ = verifier.verify(response: pair.response, task: pair.task) }
        var least = [Duration](repeating: .seconds(1_000), count: pairs.count)
        var judged = 0
        let begin = clock.now
        var end = begin
        repeat {
            for (index, pair) in pairs.enumerated() {
                let start = end
                _ = verifier.verify(response: pair.response, task: pair.task)
                end = clock.now
                least[index] = min(least[index], end - start)
            }
            judged += pairs.count
        } while end - begin < .seconds(seconds)
        let slowest = least.indices.max { least[$0] < least[$1] } ?? 0
        print(
            "{\"pairs\": \(judged), \"seconds\": \(microseconds(end - begin) / 1e6), "
                + "\"slowest_us\": \(microseconds(least[slowest])), \"slowest_line\": \(slowest + 1)}")
    }

    private static func read(_ path: String) throws -> [(response: String, task: MathTask)] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
            let row = try JSONValue.parse(text: String(line))
            return (row["response"]?.string ?? "", MathTask(answers: [row["answer"]?.string ?? ""]))
        }
    }

    private static func microseconds(_ time: Duration) -> Double {
        Double(time.components.seconds) * 1e6 + Double(time.components.attoseconds) * 1e-12
    }
}
