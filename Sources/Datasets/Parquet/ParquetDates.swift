// Days and moments of a Parquet file as text. Days are counted from 1970-01-01, as everywhere.
import Domain

/// A day as `2024-05-01`.
func dateText(days: Int64) -> String {
    // Beyond any calendar's use, and where the sum below could overflow.
    guard abs(days) <= 100_000_000 else { return "day \(days)" }
    // Howard Hinnant's days-to-civil: years begin in March, so that the leap day ends them.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
}

/// A moment as `2024-05-01T12:00:00`, without what is below a second.
func timestampText(_ value: Int64, perSecond: Int64) -> String {
    var seconds = value / perSecond
    if value % perSecond < 0 { seconds -= 1 }
    var days = seconds / 86_400
    if seconds % 86_400 < 0 { days -= 1 }
    let rest = seconds - days * 86_400
    return "\(dateText(days: days))T\(padded(rest / 3_600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
}

private func padded(_ number: Int64, _ digits: Int) -> String {
    let text = String(abs(number))
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, digits - text.count)) + text
}
