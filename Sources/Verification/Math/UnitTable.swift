// Units of measure: their spellings, and the unit phrase behind a value. Units are compared, never converted.

/// A unit: factors with exponents, in a fixed order. `m / s` and `m s^{-1}` are the same unit.
struct Unit: Sendable, Equatable {
    struct Factor: Sendable, Equatable {
        /// Hash of the canonical name.
        var name: UInt64
        var exponent: Int
    }

    var factors: [Factor] = []
    /// Hashes of words that only say what is counted ("people", "apples"); they are no unit of measure.
    var nouns: [UInt64] = []
    /// As written, for reasons.
    var text: [UInt8] = []

    mutating func multiply(_ name: UInt64, _ exponent: Int) {
        if let index = factors.firstIndex(where: { $0.name == name }) {
            factors[index].exponent += exponent
        } else {
            factors.append(Factor(name: name, exponent: exponent))
        }
    }

    /// A word behind a value: a unit where it is one, else a noun, singular and plural alike.
    mutating func add(_ word: [UInt8]) {
        let lower = lowercased(word)
        if let name = UnitTable.canonical(word) {
            for (factor, exponent) in UnitTable.parts(of: name) { multiply(factor, exponent) }
        } else if !UnitTable.isGeneric(lower) {
            nouns.append(CommandTable.hash(lower.count > 3 && lower.last == 0x73 ? lower.dropLast() : lower[...]))
        }
    }

    /// The same units of measure; of the nouns, one side may say less than the other.
    func agrees(with other: Unit) -> Bool {
        guard factors == other.factors else { return false }
        let (a, b) = (Set(nouns), Set(other.nouns))
        return a.isSubset(of: b) || b.isSubset(of: a) || nouns.last == other.nouns.last
    }

    var isEmpty: Bool { factors.isEmpty && nouns.isEmpty }

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
        return names[CommandTable.hash(word)] ?? prefixed(word)
            ?? names[CommandTable.hash(word.map { isLetterByte($0) ? $0 | 0x20 : $0 })]
    }

    /// A metric prefix before a symbol or a word: `hPa`, `mA`, `megawatts`.
    private static func prefixed(_ word: [UInt8]) -> UInt64? {
        for (prefix, name) in symbolPrefixes where word.count > prefix.count && word.starts(with: prefix) {
            if let base = symbols[Array(word.dropFirst(prefix.count))] { return CommandTable.hash((name + base).utf8) }
        }
        let lower = lowercased(word)
        for (_, name) in symbolPrefixes where lower.starts(with: name.utf8) {
            let rest = Array(lower.dropFirst(name.utf8.count))
            guard let base = names[CommandTable.hash(rest)],
                let known = symbols.values.first(where: { CommandTable.hash($0.utf8) == base })
            else { continue }
            return CommandTable.hash((name + known).utf8)
        }
        return nil
    }

    private static let symbolPrefixes: [(prefix: [UInt8], name: String)] = [
        ("k", "kilo"), ("M", "mega"), ("G", "giga"), ("T", "tera"), ("m", "milli"), ("u", "micro"), ("n", "nano"),
        ("p", "pico"),
        ("h", "hecto"), ("c", "centi"), ("d", "deci"),
    ].map { (Array($0.0.utf8), $0.1) }

    private static let symbols: [[UInt8]: String] = {
        let pairs = [
            ("m", "meter"), ("s", "second"), ("g", "gram"), ("N", "newton"), ("J", "joule"), ("W", "watt"),
            ("V", "volt"),
            ("A", "ampere"), ("K", "kelvin"), ("C", "coulomb"), ("T", "tesla"), ("Pa", "pascal"), ("Hz", "hertz"),
            ("F", "farad"), ("H", "henry"), ("L", "liter"), ("l", "liter"), ("eV", "electronvolt"), ("mol", "mole"),
            ("cal", "calorie"), ("Wb", "weber"), ("bar", "bar"), ("Ohm", "ohm"), ("ohm", "ohm"), ("M", "molar"),
            ("pc", "parsec"), ("Bq", "becquerel"), ("Gy", "gray"), ("Sv", "sievert"), ("S", "siemens"),
        ]
        return Dictionary(uniqueKeysWithValues: pairs.map { (Array($0.0.utf8), $0.1) })
    }()

    /// The unit of a metric prefix that stands apart: `\mu` before m, `\kilo\gram`.
    static func joined(_ prefix: String, _ word: [UInt8]) -> UInt64? {
        if let base = symbols[word] { return CommandTable.hash((prefix + base).utf8) }
        guard let base = names[CommandTable.hash(lowercased(word))],
            let known = symbols.values.first(where: { CommandTable.hash($0.utf8) == base })
        else { return nil }
        return CommandTable.hash((prefix + known).utf8)
    }

    /// Whether a word is a metric prefix by itself.
    static func isPrefix(_ word: [UInt8]) -> String? { symbolPrefixes.first { $0.name.utf8.elementsEqual(word) }?.name }

    /// The canonical hash of an upright single letter as a unit, or nil.
    static func letter(_ letter: UInt8) -> UInt64? { letters[letter] }

    /// The factors of a unit that is written as one word: miles per hour.
    static func parts(of name: UInt64) -> [(name: UInt64, exponent: Int)] { compounds[name] ?? [(name, 1)] }

    private static let compounds: [UInt64: [(name: UInt64, exponent: Int)]] = [
        CommandTable.hash("mph".utf8): [(CommandTable.hash("mile".utf8), 1), (CommandTable.hash("hour".utf8), -1)],
        CommandTable.hash("kph".utf8): [
            (CommandTable.hash("kilometer".utf8), 1), (CommandTable.hash("hour".utf8), -1),
        ],
        CommandTable.hash("Nm".utf8): [(CommandTable.hash("newton".utf8), 1), (CommandTable.hash("meter".utf8), 1)],
        CommandTable.hash("kWh".utf8): [(CommandTable.hash("kilowatt".utf8), 1), (CommandTable.hash("hour".utf8), 1)],
        CommandTable.hash("Wh".utf8): [(CommandTable.hash("watt".utf8), 1), (CommandTable.hash("hour".utf8), 1)],
        CommandTable.hash("Js".utf8): [(CommandTable.hash("joule".utf8), 1), (CommandTable.hash("second".utf8), 1)],
    ]

    /// The factor of a scale word.
    static func scale(_ word: [UInt8]) -> Int64? { scales[CommandTable.hash(lowercased(word))] }

    /// Words such as "units" that name no particular unit.
    static func isGeneric(_ word: [UInt8]) -> Bool { generic.contains(CommandTable.hash(lowercased(word))) }

    static let degree = CommandTable.hash("degree".utf8)
    static let celsius = CommandTable.hash("celsius".utf8)
    static let fahrenheit = CommandTable.hash("fahrenheit".utf8)
    static let radian = CommandTable.hash("radian".utf8)

    private static let spellings = [
        "degree degrees deg 度", "radian radians rad rads", "celsius", "fahrenheit",
        "meter meters metre metres 米", "centimeter cm centimeters centimetre centimetres cms 厘米",
        "millimeter mm millimeters millimetre millimetres 毫米", "kilometer km kilometers kilometre kilometres kms 千米 公里",
        "decimeter dm decimeters decimetre", "micrometer um micrometers", "nanometer nm nanometers",
        "inch inches in", "foot ft feet", "yard yd yards yds", "mile mi miles", "lightyear ly lightyears",
        "second sec seconds secs s 秒", "minute min minutes mins 分钟", "hour hr hours hrs 小时 时", "day days 天",
        "week weeks",
        "month months",
        "year yr years yrs 年", "millisecond ms milliseconds", "gram grams g gm 克", "kilogram kg kilograms kgs 千克 公斤",
        "milligram mg milligrams", "ton tons 吨", "tonne tonnes", "pound lb lbs pounds", "ounce oz ounces",
        "liter liters litre litres 升", "milliliter ml mL milliliters millilitre millilitres", "gallon gal gallons",
        "quart quarts qt",
        "pint pints", "cup cups", "newton newtons 牛 牛顿", "joule joules 焦 焦耳", "kilojoule kj kJ", "watt watts",
        "kilowatt kw kW",
        "volt volts",
        "ampere amp amps amperes", "ohm ohms Ω Ohm", "hertz hz Hz", "kilohertz khz kHz", "megahertz mhz MHz",
        "pascal pa Pa pascals",
        "kilopascal kpa kPa", "atmosphere atm", "mole mol moles", "kelvin kelvins", "calorie cal calories",
        "kilocalorie kcal",
        "electronvolt ev eV", "kiloelectronvolt keV", "megaelectronvolt MeV", "mph", "kph kmh kmph", "knot knots",
        "acre acres",
        "hectare hectares ha", "dollar dollars usd USD 美元 bucks", "cent cents", "euro euros eur EUR",
        "yuan yen rmb RMB CNY 元 块 人民币", "rupee rupees",
        "pence",
        "angstrom angstroms", "parsec parsecs pc", "solarmass", "byte bytes", "bit bits", "rpm",
        "revolution revolutions rev",
        "erg ergs", "dyne dynes", "gauss", "tesla teslas", "coulomb coulombs", "farad farads", "henry henrys",
        "becquerel Bq",
        "sq", "bpm", "weber webers Wb", "siemens", "sievert Sv", "gray Gy", "bar bars", "molar", "Nm", "kWh", "Wh",
        "Js",
        "won", "ruble rubles", "franc francs", "peso pesos", "arcminute arcminutes arcmin", "arcsecond arcsec",
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
            ("d", "day"), ("F", "farad"), ("H", "henry"), ("S", "siemens"), ("M", "molar"), ("t", "ton"),
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
            ("trillion", 1_000_000_000_000), ("dozen", 12), ("dozens", 12), ("lakh", 100_000), ("crore", 10_000_000),
            ("百", 100), ("千", 1_000), ("万", 10_000),
            ("十万", 100_000), ("百万", 1_000_000), ("千万", 10_000_000), ("亿", 100_000_000), ("万亿", 1_000_000_000_000),
            ("millions", 1_000_000), ("thousands", 1_000), ("billions", 1_000_000_000), ("bn", 1_000_000_000),
            ("mn", 1_000_000),
        ]
        for (word, factor) in pairs { map[CommandTable.hash(word.utf8)] = factor }
        return map
    }()

    /// Words for a count of anything, which say nothing.
    private static let generic = Set(
        [
            "unit", "units", "ways", "way", "total", "possibilities", "possibility", "arrangements", "outcomes",
            "solutions",
            "different", "distinct", "possible", "altogether", "个", "种", "次", "条", "只", "本", "名", "位", "张", "件", "项",
        ].map { CommandTable.hash($0.utf8) })

    /// The minutes and seconds of an angle, and feet and inches, which are both written with primes.
    static let arcUnits = [CommandTable.hash("arcminute".utf8), CommandTable.hash("arcsecond".utf8)]
    static let lengthUnits = [CommandTable.hash("foot".utf8), CommandTable.hash("inch".utf8)]

    /// A Chinese word of a scale and a unit, as 万元 or 平方厘米: scale, exponent and the rest.
    static func chineseParts(_ word: [UInt8]) -> (scale: Int64, exponent: Int, rest: [UInt8])? {
        guard let first = word.first, first >= 0xE3, scale(word) == nil, canonical(word) == nil else { return nil }
        for (mark, exponent) in [("平方", 2), ("立方", 3)] where word.starts(with: mark.utf8) {
            return (1, exponent, Array(word.dropFirst(mark.utf8.count)))
        }
        for length in [6, 3] where word.count > length {
            if let factor = scale(Array(word.prefix(length))) { return (factor, 1, Array(word.dropFirst(length))) }
        }
        return nil
    }
}
