// Cosines and sines of the rotary embedding (Su et al. 2021), for every position a model takes.
import Glibc

/// cos and sin, each `[positions, headDimension / 2]`.
///
/// The angle is formed in fp32, as the Hugging Face implementation does, so that long positions agree with it.
struct RotaryTable: Sendable {
    private let buffer: FloatBuffer
    private let half: Int
    private let positions: Int

    init(_ configuration: ModelConfiguration) {
        half = configuration.headDimension / 2
        positions = configuration.maximumPositions
        buffer = FloatBuffer(count: 2 * half * positions)
        for index in 0..<half {
            let exponent = Double(2 * index) / Double(configuration.headDimension)
            let frequency = Float(1 / pow(configuration.ropeTheta, exponent))
            for position in 0..<positions {
                let angle = Double(Float(position) * frequency)
                buffer.base[position * half + index] = Float(cos(angle))
                buffer.base[(positions + position) * half + index] = Float(sin(angle))
            }
        }
    }

    var cosines: UnsafePointer<Float> { UnsafePointer(buffer.base) }
    var sines: UnsafePointer<Float> { UnsafePointer(buffer.base + positions * half) }
}
