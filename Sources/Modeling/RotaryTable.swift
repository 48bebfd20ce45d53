// Cosines and sines of the rotary embedding (Su et al. 2021), for every position a model takes.
import Glibc

/// cos and sin, each `[positions, headDimension / 2]`, scaled by what the configuration's rotary scaling says.
///
/// The angle is formed in fp32, as the Hugging Face implementation does, so that long positions agree with it. A model of
/// 131,072 positions and heads of 128 costs 64 MB and a fraction of a second, once: all versions of its weights share it.
struct RotaryTable: Sendable {
    private let buffer: FloatBuffer
    private let half: Int
    private let positions: Int

    init(_ configuration: ModelConfiguration) {
        half = configuration.headDimension / 2
        positions = configuration.maximumPositions
        buffer = FloatBuffer(count: 2 * half * positions)
        let frequencies = configuration.rotaryScaling.frequencies(
            headDimension: configuration.headDimension, theta: configuration.ropeTheta)
        let amplitude = configuration.rotaryScaling.amplitude
        var (cosine, sine) = (buffer.base, buffer.base + positions * half)
        for position in 0..<positions {
            for frequency in frequencies {
                let angle = Double(Float(position) * frequency)
                cosine.pointee = Float(cos(angle)) * amplitude
                sine.pointee = Float(sin(angle)) * amplitude
                cosine += 1
                sine += 1
            }
        }
    }

    var cosines: UnsafePointer<Float> { UnsafePointer(buffer.base) }
    var sines: UnsafePointer<Float> { UnsafePointer(buffer.base + positions * half) }
}
