// Residues: `3 \pmod 7`, `x \equiv 1, 2 \pmod 3`. Comparing is in FamilyComparison, since a residue class is a family.

extension AnswerReader {
    /// `3 \pmod 7`, `3 (mod 7)`; behind `\equiv` also `3 \mod 7` and `3 mod 7`.
    mutating func readCongruence(_ low: Int, _ high: Int, isAnnounced: Bool = false) -> AnswerForm? {
        guard let sign = modulus(low, high, isAnnounced),
            let value = expression(low, sign.valueEnd), let modulus = expression(sign.start, sign.end)
        else { return nil }
        return .congruence(value, modulus: modulus)
    }

    /// Several residues of one modulus, perhaps behind `x \equiv`.
    mutating func readResidues(_ low: Int, _ high: Int) -> AnswerForm? {
        guard let last = (low..<high).last(where: { kind($0) == .modulo }), last > low,
            (low..<last).allSatisfy({ kind($0) != .modulo })
        else { return nil }
        let equivalence = topLevel(low, last) { $0 == .equivalent }
        guard equivalence.count < 2, let sign = modulus(low, high, !equivalence.isEmpty) else { return nil }
        let start = equivalence.first.map { $0 + 1 } ?? low
        let cuts = topLevel(start, sign.valueEnd) { [.comma, .and, .or].contains($0) }
        guard !cuts.isEmpty || !equivalence.isEmpty, cuts.count < 64, let modulus = expression(sign.start, sign.end)
        else {
            return nil
        }
        var residues: [AnswerForm] = []
        var begin = start
        for cut in cuts + [sign.valueEnd] {
            defer { begin = cut + 1 }
            guard let (first, end) = stripped(begin, cut) else { continue }
            guard let value = expression(first, end) else { return nil }
            residues.append(.congruence(value, modulus: modulus))
        }
        guard let only = residues.first else { return nil }
        let form = residues.count == 1 ? only : .list(residues)
        guard let name = equivalence.first else { return form }
        return label(low, name).map { .labelled($0, form) }
    }

    /// Where the value ends, and where the modulus begins and ends.
    private func modulus(
        _ low: Int, _ high: Int, _ isAnnounced: Bool
    ) -> (valueEnd: Int, start: Int, end: Int)? {
        guard let sign = (low..<high).first(where: { kind($0) == .modulo }), sign > low else { return nil }
        if kind(sign - 1) == .openParenthesis, partner(sign - 1) == high - 1 { return (sign - 1, sign + 1, high - 1) }
        guard answer.tokens[sign].payload == 1 || isAnnounced else { return nil }
        return (kind(sign - 1) == .comma ? sign - 1 : sign, sign + 1, high)
    }
}

extension AnswerComparison {
    /// A residue class that is not made of whole numbers: value and modulus must agree.
    mutating func compareCongruences(_ a: NodeID, _ m: NodeID, _ b: NodeID, _ n: NodeID) -> Agreement {
        rule = "residues are compared modulo the same number"
        return identity.compare(m, n).and(identity.compare(a, b))
    }
}
