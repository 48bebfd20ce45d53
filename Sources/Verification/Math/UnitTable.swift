// Units of measure: their spellings, and the unit phrase behind a value. Units are compared, never converted.

/// A unit: factors with exponents, in a fixed order. `m / s` and `m s^{-1}` are the same unit.
struct Unit: Sendable, Equatable {
    struct Factor: Sendable, Equatable {
        /// Hash of the canonical name.
        var name: UInt64
        var exponent: Int
    }

    var factors: [Factor] = []
    /// Words that only say what is counted ("units", "people"); they are no physical unit.
    var isCountOnly = false
    /// As written, for reasons.
    var text: [UInt8] = []

    mutating func multiply(_ name: UInt64, _ exponent: Int) {
        if let index = factors.firstIndex(where: { $0.name == name }) {
            factors[index].exponent += exponent
        } else {
            factors.append(Factor(name: name, exponent: exponent))
        }
    }

    /// Raises the last factor to a power; false where there is none, or where no unit has such a power.
    mutating func raiseLast(to power: Int) -> Bool {
        guard let last = factors.indices.last, abs(factors[last].exponent) < 1_000 else { return false }
        factors[last].exponent *= power
        return true
    }

    mutating func settle() {
        factors.removeAll { $0.exponent == 0 }
        factors.sort { $0.name < $1.name }
    }
}

/// The spellings.
enum UnitTable {
    /// Whether a word is a unit of measure.
    static func isUnit(_ word: some Sequence<UInt8>) -> Bool { names[CommandTable.hash(word)] != nil }

    /// The canonical hash of a unit word in this case, or in lower case, or nil.
    static func canonical(_ word: [UInt8]) -> UInt64? {
        // "in" is a word in prose and an inch behind a number.
        if word.elementsEqual("in".utf8) { return names[CommandTable.hash("inch".utf8)] }
        return names[CommandTable.hash(word)]
            ?? names[CommandTable.hash(word.map { isLetterByte($0) ? $0 | 0x20 : $0 })]
    }

    /// The canonical hash of an upright single letter as a unit, or nil.
    static func letter(_ letter: UInt8) -> UInt64? { letters[letter] }

    /// The factors of a unit that is written as one word: miles per hour.
    static func parts(of name: UInt64) -> [(name: UInt64, exponent: Int)] { compounds[name] ?? [(name, 1)] }

    private static let compounds: [UInt64: [(name: UInt64, exponent: Int)]] = [
        CommandTable.hash("mph".utf8): [(CommandTable.hash("mile".utf8), 1), (CommandTable.hash("hour".utf8), -1)],
        CommandTable.hash("kph".utf8): [
            (CommandTable.hash("kilometer".utf8), 1), (CommandTable.hash("hour".utf8), -1),
        ],
    ]

    /// The factor of a scale word.
    static func scale(_ word: [UInt8]) -> Int64? { scales[CommandTable.hash(word.map { $0 | 0x20 })] }

    /// Words such as "units" that name no particular unit.
    static func isGeneric(_ word: [UInt8]) -> Bool { generic.contains(CommandTable.hash(word.map { $0 | 0x20 })) }

    static let degree = CommandTable.hash("degree".utf8)
    static let celsius = CommandTable.hash("celsius".utf8)
    static let fahrenheit = CommandTable.hash("fahrenheit".utf8)
    static let radian = CommandTable.hash("radian".utf8)

    private static let spellings = [
        "degree degrees deg", "radian radians rad rads", "celsius", "fahrenheit",
        "meter meters metre metres", "centimeter cm centimeters centimetre centimetres cms",
        "millimeter mm millimeters millimetre millimetres", "kilometer km kilometers kilometre kilometres kms",
        "decimeter dm decimeters decimetre", "micrometer um micrometers", "nanometer nm nanometers",
        "inch inches in", "foot ft feet", "yard yd yards yds", "mile mi miles", "lightyear ly lightyears",
        "second sec seconds secs s", "minute min minutes mins", "hour hr hours hrs", "day days", "week weeks",
        "month months",
        "year yr years yrs", "millisecond ms milliseconds", "gram grams g gm", "kilogram kg kilograms kgs",
        "milligram mg milligrams", "ton tons", "tonne tonnes", "pound lb lbs pounds", "ounce oz ounces",
        "liter liters litre litres", "milliliter ml mL milliliters millilitre millilitres", "gallon gal gallons",
        "quart quarts qt",
        "pint pints", "cup cups", "newton newtons", "joule joules", "kilojoule kj kJ", "watt watts", "kilowatt kw kW",
        "volt volts",
        "ampere amp amps amperes", "ohm ohms", "hertz hz Hz", "kilohertz khz kHz", "megahertz mhz MHz",
        "pascal pa Pa pascals",
        "kilopascal kpa kPa", "atmosphere atm", "mole mol moles", "kelvin kelvins", "calorie cal calories",
        "kilocalorie kcal",
        "electronvolt ev eV", "kiloelectronvolt keV", "megaelectronvolt MeV", "mph", "kph kmh kmph", "knot knots",
        "acre acres",
        "hectare hectares ha", "dollar dollars usd USD", "cent cents", "euro euros eur", "yuan rmb", "rupee rupees",
        "pence",
        "angstrom angstroms", "parsec parsecs pc", "solarmass", "byte bytes", "bit bits", "rpm",
        "revolution revolutions rev",
        "erg ergs", "dyne dynes", "gauss", "tesla", "coulomb coulombs", "farad farads", "henry", "becquerel", "sq",
        "bpm",
    ]

    private static let names: [UInt64: UInt64] = {
        var map: [UInt64: UInt64] = [:]
        for line in spellings {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            for word in words where word.utf8.count > 1 {
                map[CommandTable.hash(word.utf8)] = CommandTable.hash(first.utf8)
            }
        }
        for word in ["in", "s", "g"] { map[CommandTable.hash(word.utf8)] = nil }
        return map
    }()

    private static let letters: [UInt8: UInt64] = {
        var map: [UInt8: UInt64] = [:]
        let pairs = [
            ("m", "meter"), ("s", "second"), ("g", "gram"), ("h", "hour"), ("L", "liter"), ("l", "liter"),
            ("N", "newton"),
            ("J", "joule"), ("W", "watt"), ("V", "volt"), ("A", "ampere"), ("K", "kelvin"), ("C", "coulomb"),
            ("T", "tesla"),
            ("d", "day"), ("n", "nano"), ("F", "fahrenheit"),
        ]
        for (letter, name) in pairs {
            if let byte = letter.utf8.first { map[byte] = CommandTable.hash(name.utf8) }
        }
        return map
    }()

    private static let scales: [UInt64: Int64] = {
        var map: [UInt64: Int64] = [:]
        let pairs: [(String, Int64)] = [
            ("hundred", 100), ("thousand", 1_000), ("million", 1_000_000), ("billion", 1_000_000_000),
            ("trillion", 1_000_000_000_000), ("dozen", 12), ("万", 10_000), ("亿", 100_000_000),
        ]
        for (word, factor) in pairs { map[CommandTable.hash(word.utf8.map { $0 | 0x20 })] = factor }
        return map
    }()

    private static let generic = Set(["unit", "units"].map { CommandTable.hash($0.utf8) })
}
