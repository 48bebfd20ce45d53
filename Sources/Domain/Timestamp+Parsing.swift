// Moments as texts: RFC 3339, or a day alone, which begins at midnight UTC.

extension Timestamp {
    /// Reads `2026-11-22T13:55:39.120Z`, with any offset, seconds' fraction or none; or `2026-11-22`. Nil for anything else.
    package init?(rfc3339 text: String) {
        var bytes = Array(text.utf8)[...]
        guard let year = Self.digits(&bytes, 4), Self.take(&bytes, "-"), let month = Self.digits(&bytes, 2),
            Self.take(&bytes, "-"), let day = Self.digits(&bytes, 2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let midnight = Self.daysSinceEpoch(Int64(year), Int64(month), Int64(day)) * 86_400_000
        guard !bytes.isEmpty else {
            self.init(milliseconds: midnight)
            return
        }
        guard Self.take(&bytes, "T") || Self.take(&bytes, "t"), let hour = Self.digits(&bytes, 2),
            Self.take(&bytes, ":"), let minute = Self.digits(&bytes, 2), Self.take(&bytes, ":"),
            let second = Self.digits(&bytes, 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction = 0
        if Self.take(&bytes, ".") {
            let places = bytes.prefix { (0x30...0x39).contains($0) }
            guard !places.isEmpty else { return nil }
            for place in 0..<3 {
                let digit = place < places.count ? Int(places[places.startIndex + place]) - 0x30 : 0
                fraction = 10 * fraction + digit
            }
            bytes = bytes.dropFirst(places.count)
        }
        guard let offset = Self.offset(&bytes), bytes.isEmpty else { return nil }
        self.init(milliseconds: midnight + Int64(((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction))
    }

    /// Minutes east of UTC.
    private static func offset(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        if take(&bytes, "Z") || take(&bytes, "z") { return 0 }
        let isWest = bytes.first == UInt8(ascii: "-")
        guard take(&bytes, "+") || take(&bytes, "-"), let hours = digits(&bytes, 2), take(&bytes, ":"),
            let minutes = digits(&bytes, 2), hours < 24, minutes < 60
        else { return nil }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int? {
        guard bytes.count >= count, bytes.prefix(count).allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count).reduce(0) { 10 * $0 + Int($1) - 0x30 }
    }

    private static func take(_ bytes: inout ArraySlice<UInt8>, _ mark: Unicode.Scalar) -> Bool {
        guard bytes.first == UInt8(ascii: mark) else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    /// Howard Hinnant, "chrono-compatible low-level date algorithms": days_from_civil.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension JSONFields {
    /// A moment as RFC 3339 that must be there.
    package func moment(_ name: String) throws(InputError) -> Timestamp {
        _ = try required(name)
        guard let moment = try optionalMoment(name) else {
            throw InputError(.missingField, "the field is required", field: name)
        }
        return moment
    }

    /// A moment as RFC 3339, or nil.
    package func optionalMoment(_ name: String) throws(InputError) -> Timestamp? {
        guard let text = try optionalString(name, bytes: 1...64) else { return nil }
        guard let moment = Timestamp(rfc3339: text) else {
            throw InputError(
                .invalidValue, "not a moment", field: name, hint: "as 2026-11-22T13:55:39Z, or 2026-11-22")
        }
        return moment
    }
}
