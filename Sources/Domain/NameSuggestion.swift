// "Did you mean": the known name nearest to one that was misspelt.

/// A hint for an unknown name: the nearest known one when it is near, otherwise all of them.
func suggestion(for name: String, among known: [String]) -> String {
    let all = "known fields: " + known.joined(separator: ", ")
    guard name.utf8.count <= 64 else { return all }
    let nearest = known.map { (name: $0, distance: editDistance(name.lowercased(), $0)) }.min {
        $0.distance < $1.distance
    }
    guard let nearest, nearest.distance <= max(1, min(name.utf8.count, nearest.name.utf8.count) / 3) else { return all }
    return "did you mean \"\(nearest.name)\"?"
}

/// A client's string cut to what an error message may repeat.
func shortened(_ text: String) -> String { text.utf8.count <= 64 ? text : String(text.prefix(60)) + "..." }

/// Insertions, deletions and replacements of bytes from one string to the other (Wagner and Fischer, 1974).
private func editDistance(_ a: String, _ b: String) -> Int {
    let b = Array(b.utf8)
    var row = Array(0...b.count)
    for (i, byte) in a.utf8.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let replaced = diagonal + (byte == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
