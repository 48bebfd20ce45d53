// Answers with `±` are lists of the answers for both signs.

extension AnswerReader {
    /// The form with every `±` resolved; forms without one come back unchanged.
    mutating func expandingSigns(_ form: AnswerForm) -> AnswerForm {
        switch form {
        case .expression, .quantity:
            guard hasSigns(form) else { return form }
            return .list([resolved(form, positive: true), resolved(form, positive: false)])
        case .list(let items): return .list(expandingAll(items))
        case .set(let items): return .set(expandingAll(items))
        case .labelled(let label, let inner): return .labelled(label, expandingSigns(inner))
        case .family(let node, let name):
            guard pool[node].traits.contains(.plusMinus) else { return form }
            return .list([true, false].map { .family(pool.resolvingSigns(node, positive: $0), parameter: name) })
        case .congruence(let node, let modulus):
            guard pool[node].traits.contains(.plusMinus) else { return form }
            return .list([true, false].map { .congruence(pool.resolvingSigns(node, positive: $0), modulus: modulus) })
        case .tuple(let items, let open, let close):
            guard items.contains(where: { hasSigns($0) }) else { return form }
            var both: [AnswerForm] = []
            for positive in [true, false] {
                var resolvedItems: [AnswerForm] = []
                for item in items { resolvedItems.append(resolved(item, positive: positive)) }
                both.append(.tuple(resolvedItems, open: open, close: close))
            }
            return .list(both)
        default: return form
        }
    }

    private mutating func expandingAll(_ items: [AnswerForm]) -> [AnswerForm] {
        var expanded: [AnswerForm] = []
        for item in items {
            if case .list(let both) = expandingSigns(item), !isList(item) {
                expanded += both
            } else {
                expanded.append(expandingSigns(item))
            }
        }
        return expanded
    }

    private func isList(_ form: AnswerForm) -> Bool { if case .list = form { true } else { false } }

    private func hasSigns(_ form: AnswerForm) -> Bool {
        switch form {
        case .expression(let node), .quantity(let node, _): pool[node].traits.contains(.plusMinus)
        default: false
        }
    }

    private mutating func resolved(_ form: AnswerForm, positive: Bool) -> AnswerForm {
        switch form {
        case .expression(let node): .expression(pool.resolvingSigns(node, positive: positive))
        case .quantity(let node, let unit): .quantity(pool.resolvingSigns(node, positive: positive), unit)
        default: form
        }
    }
}
