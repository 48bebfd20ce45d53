// Seeded inputs, comparisons and CPU levels for the kernel tests. No kernel is tested here.
import CKernels
import Testing

/// A small seeded stream of floats in [-1, 1).
struct KernelSamples {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The next float.
    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 23) - 1
    }

    /// The next `count` floats, multiplied by `scale`.
    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in next() * scale }
    }
}

/// The CPU levels that this machine can run.
let kernelLevels: [Int32] = {
    ck_override_level_on_this_thread(-1)
    return Array(0...ck_level())
}()

/// Runs `body` with this thread's kernels at `level`; `body` must not suspend, and cannot.
func atKernelLevel(_ level: Int32, _ body: () throws -> Void) rethrows {
    ck_override_level_on_this_thread(level)
    defer { ck_override_level_on_this_thread(-1) }
    try body()
}

/// The greatest |a - b| / (1 + |b|); infinite where one is not finite and they are not the same, or if sizes differ.
func kernelError(_ values: [Float], _ expected: [Float]) -> Float {
    guard values.count == expected.count else { return .infinity }
    var worst: Float = 0
    values.withUnsafeBufferPointer { values in
        expected.withUnsafeBufferPointer { expected in
            for index in 0..<values.count where values[index].bitPattern != expected[index].bitPattern {
                let error = abs(values[index] - expected[index]) / (1 + abs(expected[index]))
                worst = error.isFinite ? max(worst, error) : .infinity
            }
        }
    }
    return worst
}

/// True if both hold the same bits.
func sameBits(_ left: ArraySlice<Float>, _ right: ArraySlice<Float>) -> Bool {
    left.elementsEqual(right) { $0.bitPattern == $1.bitPattern }
}

/// True if both hold the same bits.
func sameBits(_ left: [Float], _ right: [Float]) -> Bool { sameBits(left[...], right[...]) }
