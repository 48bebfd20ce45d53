// Means and intervals against SciPy's: `scipy.stats.t.interval(0.95, n - 1, mean(x), sem(x))`, SciPy 1.17.1.
import Service
import Testing

@Suite struct SampleMeanTests {
    @Test func `five seeds give SciPy's interval`() throws {
        let sample = try #require(SampleMean([0.91, 0.93, 0.88, 0.95, 0.90]))
        #expect(abs(sample.mean - 0.914) < 1e-12)
        #expect(abs((sample.halfWidth ?? 0) - 0.0335479) < 1e-5)
    }

    @Test func `one seed says nothing of the spread, and no number is no mean`() throws {
        #expect(try #require(SampleMean([0.5])).halfWidth == nil)
        #expect(SampleMean([]) == nil)
        #expect(SampleMean([.nan, .infinity]) == nil)
        #expect(try #require(SampleMean([1, .nan, 3])).mean == 2)
    }

    @Test func `a hundred seeds give SciPy's interval too`() throws {
        let values = (0..<100).map { Double($0 % 10) }
        let sample = try #require(SampleMean(values))
        #expect(abs((sample.halfWidth ?? 0) - 0.572794) < 1e-3)
    }
}
