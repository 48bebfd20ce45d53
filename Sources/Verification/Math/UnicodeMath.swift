// Unicode mathematics as the LaTeX that means the same. A table by code point; what has no entry stays as it is.

/// LaTeX for characters that people and models write instead of it.
enum UnicodeMath {
    /// The replacement of a code point outside ASCII, empty for invisible characters; nil when it has none.
    static func latex(for scalar: UInt32) -> [UInt8]? {
        if let entry = table[scalar] { return entry }
        return styled(scalar)
    }

    /// Superscript digits and signs, that are collected into one exponent.
    static func superscript(_ scalar: UInt32) -> UInt8? { superscripts[scalar] }

    /// Subscript digits and signs, that are collected into one index.
    static func `subscript`(_ scalar: UInt32) -> UInt8? { subscripts[scalar] }

    /// The command for a mark over the digit before it: a line or a dot of a recurring decimal.
    static func combining(_ scalar: UInt32) -> [UInt8]? {
        switch scalar {
        case 0x304, 0x305: Array("\\overline".utf8)
        case 0x307: Array("\\dot".utf8)
        default: nil
        }
    }

    /// Full-width forms and the mathematical alphabets of plane 1.
    private static func styled(_ scalar: UInt32) -> [UInt8]? {
        switch scalar {
        case 0xFF01...0xFF5E: return [UInt8(scalar - 0xFEE0)]
        case 0x1D400...0x1D6A3:
            let index = UInt8((scalar - 0x1D400) % 52)
            return [index < 26 ? 0x41 + index : 0x61 + index - 26]
        case 0x1D7CE...0x1D7FF: return [0x30 + UInt8((scalar - 0x1D7CE) % 10)]
        case 0x2000...0x200A, 0x202F, 0x205F: return [0x20]
        case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0x2066...0x206F, 0xFE00...0xFE0F: return []
        default: return nil
        }
    }

    private static let superscripts: [UInt32: UInt8] = pairs("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱˣ", "0123456789+-()nix")
    private static let subscripts: [UInt32: UInt8] = pairs("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙᵢₓₐₖₘ", "0123456789+-()nixakm")

    private static func pairs(_ from: String, _ to: String) -> [UInt32: UInt8] {
        var map: [UInt32: UInt8] = [:]
        for (scalar, byte) in zip(from.unicodeScalars, to.utf8) { map[scalar.value] = byte }
        return map
    }

    private static let table: [UInt32: [UInt8]] = {
        var map: [UInt32: [UInt8]] = [:]
        let entries =
            "−:- ﹣:- –:- —:- ‐:- ‑:- ‒:- ×:\\times ⋅:\\cdot ·:\\cdot ∙:\\cdot •:\\cdot ∗:* ÷:\\div ∕:/ ⁄:/ ±:\\pm ∓:\\mp "
            + "√:\\usqrt ∛:\\usqrt[3] ∜:\\usqrt[4] π:\\pi ∞:\\infty ≤:\\le ≦:\\le ⩽:\\le ≥:\\ge ≧:\\ge ⩾:\\ge ≠:\\ne "
            + "≈:\\approx ≃:\\approx ≅:\\approx ≡:\\equiv ∈:\\in ∪:\\cup ⋃:\\cup ∩:\\cap ∖:\\setminus ∅:\\emptyset "
            + "⌀:\\emptyset ø:\\emptyset Ø:\\emptyset →:\\to ⟶:\\to ↦:\\to ⇒:\\to ∣:\\mid ∧:\\land ∨:\\lor ′:' ’:' ″:'' "
            + "⌊:\\lfloor ⌋:\\rfloor ⌈:\\lceil ⌉:\\rceil ⟨:\\langle ⟩:\\rangle 〈:\\langle 〉:\\rangle ∥:\\Vert ‖:\\Vert "
            + "°:^\\circ ∘:^\\circ º:^\\circ …:\\ldots ⋯:\\ldots ∑:\\sum ∏:\\prod ∫:\\int ∂:\\partial ∇:\\nabla "
            + "ℝ:\\mathbb{R} ℤ:\\mathbb{Z} ℕ:\\mathbb{N} ℚ:\\mathbb{Q} ℂ:\\mathbb{C} ℓ:\\ell ∠:\\angle △:\\triangle "
            + "½:\\frac{1}{2} ⅓:\\frac{1}{3} ⅔:\\frac{2}{3} ¼:\\frac{1}{4} ¾:\\frac{3}{4} ⅕:\\frac{1}{5} ⅖:\\frac{2}{5} "
            + "⅗:\\frac{3}{5} ⅘:\\frac{4}{5} ⅙:\\frac{1}{6} ⅚:\\frac{5}{6} ⅛:\\frac{1}{8} ⅜:\\frac{3}{8} ⅝:\\frac{5}{8} "
            + "⅞:\\frac{7}{8} ⅐:\\frac{1}{7} ⅑:\\frac{1}{9} ⅒:\\frac{1}{10} "
            + "α:\\alpha β:\\beta γ:\\gamma δ:\\delta ε:\\epsilon ϵ:\\epsilon ζ:\\zeta η:\\eta θ:\\theta ϑ:\\theta "
            + "ι:\\iota κ:\\kappa λ:\\lambda μ:\\mu µ:\\mu ν:\\nu ξ:\\xi ρ:\\rho σ:\\sigma τ:\\tau υ:\\upsilon φ:\\phi "
            + "ϕ:\\phi χ:\\chi ψ:\\psi ω:\\omega Γ:\\Gamma Δ:\\Delta Θ:\\Theta Λ:\\Lambda Ξ:\\Xi Π:\\Pi Σ:\\Sigma "
            + "Φ:\\Phi Ψ:\\Psi Ω:\\Omega €:\\euro £:\\pounds ¥:\\yen “:\" ”:\" ‘:' 、:, 。:. ﬁ:fi ∶:: "
            + "℃:^\\circ\\mathrm{C} ℉:^\\circ\\mathrm{F} Å:\\text{angstrom} Å:\\text{angstrom} ✓:\\checkmark ⊤:\\top ₹:\\rupee ₩:\\won "
            + "Ω:\\Omega ﹥:> ﹤:< ≮:\\ge ≯:\\le ⩵:= ≔:= ∁:\\complement ⊂:\\subset ⊆:\\subseteq ∉:\\notin "
            + "ℎ:h 𝛑:\\pi 𝜋:\\pi 𝜃:\\theta 𝛼:\\alpha 𝛽:\\beta 𝜆:\\lambda ⅈ:i ⅇ:e ∀:\\forall ∃:\\exists ⟹:\\to"
        for entry in entries.split(separator: " ") {
            guard let first = entry.unicodeScalars.first else { continue }
            let rest = Array(entry.utf8.dropFirst(String(first).utf8.count + 1))
            let isCommand = rest.last.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A } ?? false
            map[first.value] = rest.first == 0x5C && isCommand || rest == Array("^\\circ".utf8) ? rest + [0x20] : rest
        }
        for invisible: UInt32 in [0xAD, 0xFEFF, 0x180E, 0x34F, 0x61C] { map[invisible] = [] }
        for blank: UInt32 in [0xA0, 0x3000] { map[blank] = [0x20] }
        return map
    }()
}
