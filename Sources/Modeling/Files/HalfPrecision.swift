// fp32 numbers in two bytes and back: bf16 and IEEE 754 binary16, rounded to nearest, ties to even.

enum HalfPrecision {
    /// The nearest bf16 number: the upper half of fp32. Too large a number becomes infinite.
    static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    }

    /// The nearest binary16 number. A magnitude from 65,520 up becomes infinite, the smallest ones zero.
    static func float16(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.magnitude
        if magnitude.isNaN { return sign | 0x7E00 }
        if magnitude >= 65_520 { return sign | 0x7C00 }
        if magnitude < 0x1p-14 {
            // Subnormal: a whole number of 2^-24, which may round up to the smallest normal number.
            return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
        }
        let bits = magnitude.bitPattern - (112 << 23)
        return sign | UInt16(truncatingIfNeeded: (bits + 0xFFF + (bits >> 13 & 1)) >> 13)
    }

    /// A bf16 number in fp32, exactly.
    static func wide(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// A binary16 number in fp32, exactly.
    static func wide(float16 half: UInt16) -> Float {
        let sign: Float = half & 0x8000 == 0 ? 1 : -1
        let exponent = Int(half >> 10) & 31
        let fraction = Float(half & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return half & 0x3FF == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }

    /// Whether all numbers of a type are finite, from their bytes.
    static func isFinite(_ bytes: UnsafeRawBufferPointer, _ type: SafetensorsFile.ElementType) -> Bool {
        switch type {
        case .float32: isFinite(bytes, as: UInt32.self, exponent: 0x7F80_0000)
        case .bfloat16: isFinite(bytes, as: UInt16.self, exponent: 0x7F80)
        case .float16: isFinite(bytes, as: UInt16.self, exponent: 0x7C00)
        }
    }

    /// A number is not finite when all bits of its exponent are set.
    private static func isFinite<Bits: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, as type: Bits.Type, exponent: Bits
    ) -> Bool {
        var found: Bits = 0
        for index in 0..<bytes.count / MemoryLayout<Bits>.size {
            let bits = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
            found |= Bits(littleEndian: bits) & exponent == exponent ? 1 : 0
        }
        return found == 0
    }

    /// The index of the first number that is NaN, infinite or rounds to infinity in a type; nil if there is none.
    static func firstOverflow(
        _ values: UnsafeBufferPointer<Float>, in type: SafetensorsFile.ElementType = .float32
    ) -> Int? {
        let bound: UInt32 =
            switch type {
            case .float32: Float.infinity.bitPattern
            case .bfloat16: 0x7F7F_8000
            case .float16: Float(65_520).bitPattern
            }
        // One branch a block, so that the compiler makes vectors of it.
        let block = 4_096
        for start in stride(from: 0, to: values.count, by: block) {
            let end = min(start + block, values.count)
            var found: UInt32 = 0
            for index in start..<end { found |= values[index].magnitude.bitPattern >= bound ? 1 : 0 }
            if found != 0 { return (start..<end).first { values[$0].magnitude.bitPattern >= bound } }
        }
        return nil
    }
}
