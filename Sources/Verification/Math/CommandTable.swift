// Which LaTeX command, and which bare word of plain text, means what. A table, not a parser.

/// What the scanner does at a command or a known word.
enum CommandAction: Sendable, Equatable {
    case token(MathToken.Kind)
    case function(Operation)
    case constant(Operation)
    /// A letter of an alphabet, by its command's name.
    case symbol
    /// White space.
    case space
    /// Dropped without a trace.
    case nothing
    /// Dropped together with its braced argument (invisible text, lengths).
    case dropArgument
    /// The argument is upright text.
    case text
    /// The argument is upright mathematics: single letters keep their meaning.
    case upright
    /// The argument is a letter in another style, which is part of its name when it is i, j, k or e.
    case bold
    /// The argument is one of the blackboard letters R, Z, N, Q, C.
    case blackboard
    /// The argument is the name of a function.
    case operatorName
    case begin, end
    case overline
    /// An accent that makes another symbol.
    case accent
    /// A vector arrow, which does not.
    case arrow
    case parenthesizedModulo
    /// A number in braces and then a unit in braces.
    case quantity
    /// A number of degrees in braces.
    case angle
    /// The next relation is denied.
    case negated
}

/// The tables, by FNV-1a hash of the name.
enum CommandTable {
    /// The action of a LaTeX command without its backslash, or nil.
    static func command(_ name: ArraySlice<UInt8>) -> CommandAction? { commands[hash(name)] }

    /// The action of a bare word in mathematics, as `sin`, `pi`, `and`.
    static func word(_ name: ArraySlice<UInt8>) -> CommandAction? { words[hash(name)] }

    /// FNV-1a over bytes.
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    private static func table(_ entries: [(String, CommandAction)]) -> [UInt64: CommandAction] {
        var table: [UInt64: CommandAction] = [:]
        for (names, action) in entries {
            for name in names.split(separator: " ") { table[hash(name.utf8)] = action }
        }
        return table
    }

    private static let functions: [(String, CommandAction)] = [
        ("sin", .function(.sine)), ("cos", .function(.cosine)), ("tan tg", .function(.tangent)),
        ("cot ctg", .function(.cotangent)), ("sec", .function(.secant)), ("csc cosec", .function(.cosecant)),
        ("arcsin asin", .function(.arcSine)), ("arccos acos", .function(.arcCosine)),
        ("arctan atan arctg", .function(.arcTangent)), ("arccot arcctg", .function(.arcCotangent)),
        ("arcsec", .function(.arcSecant)), ("arccsc", .function(.arcCosecant)),
        ("sinh", .function(.hyperbolicSine)), ("cosh", .function(.hyperbolicCosine)),
        ("tanh", .function(.hyperbolicTangent)), ("arcsinh asinh arsinh", .function(.areaSine)),
        ("arccosh acosh arcosh", .function(.areaCosine)), ("arctanh atanh artanh", .function(.areaTangent)),
        ("ln log lg lb", .function(.logarithm)), ("exp", .function(.exponential)),
        ("gcd", .function(.greatestCommonDivisor)), ("lcm", .function(.leastCommonMultiple)),
        ("max", .function(.maximum)), ("min", .function(.minimum)), ("Re", .function(.realPart)),
        ("cis", .function(.exponential)),
        ("Im", .function(.imaginaryPart)), ("arg Arg", .function(.argument)), ("sgn sign", .function(.sign)),
        ("floor", .function(.floor)), ("ceil", .function(.ceiling)), ("abs", .function(.absolute)),
    ]

    private static let commands = table(
        functions + [
            ("frac dfrac tfrac cfrac nicefrac sfrac", .token(.fraction)), ("sqrt usqrt surd", .token(.squareRoot)),
            ("over", .token(.over)), ("choose", .token(.choose)),
            ("binom dbinom tbinom", .token(.binomial)), ("pi", .constant(.pi)),
            ("infty infinity", .constant(.infinity)),
            ("imath", .constant(.imaginaryUnit)),
            ("cdot times ast cdotp bullet", .token(.times)), ("div", .token(.slash)),
            ("pm", .token(.plusMinus)), ("mp", .token(.minusPlus)), ("circ degree", .token(.degree)),
            ("le leq leqslant leqq", .token(.lessOrEqual)), ("ge geq geqslant geqq", .token(.greaterOrEqual)),
            ("lt", .token(.less)), ("gt", .token(.greater)), ("ne neq", .token(.notEqual)),
            ("approx simeq cong approxeq", .token(.approximately)), ("equiv", .token(.equivalent)),
            ("in", .token(.elementOf)), ("cup bigcup", .token(.union)), ("cap bigcap", .token(.intersection)),
            ("setminus backslash smallsetminus", .token(.without)),
            ("to rightarrow mapsto longrightarrow Rightarrow implies", .token(.arrow)),
            ("mid", .token(.suchThat)), ("ldots dots cdots dotsc dotsb", .token(.dots)), ("colon", .token(.colon)),
            ("land wedge", .token(.and)), ("lor vee", .token(.or)), ("prime", .token(.prime)),
            ("lfloor", .token(.openFloor)), ("rfloor", .token(.closeFloor)), ("lceil", .token(.openCeiling)),
            ("rceil", .token(.closeCeiling)), ("langle", .token(.openAngle)), ("rangle", .token(.closeAngle)),
            ("lbrace", .token(.openSet)), ("rbrace", .token(.closeSet)), ("lbrack", .token(.openBracket)),
            ("rbrack", .token(.closeBracket)), ("vert lvert rvert", .token(.bar)),
            ("Vert lVert rVert", .token(.doubleBar)), ("sum", .token(.sum)), ("prod", .token(.product)),
            ("int iint iiint oint", .token(.integral)), ("lim", .token(.limit)), ("bmod mod", .token(.modulo)),
            ("pmod", .parenthesizedModulo), ("emptyset varnothing oslash", .token(.emptySet)),
            ("overline bar widebar", .overline), ("dot", .overline),
            ("hat widehat tilde widetilde ddot check", .accent),
            ("vec overrightarrow", .arrow),
            ("text textrm mbox textnormal textsf texttt textup hbox textsc textmd textrm", .text),
            ("textbf textit emph", .text), ("mathrm rm mathsf mathtt mathnormal", .upright),
            ("mathbf boldsymbol bm bold mathcal mathit mathscr mathfrak pmb", .bold), ("mathbb Bbb", .blackboard),
            ("operatorname", .operatorName), ("begin", .begin), ("end", .end),
            (
                "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle displaystyle textstyle "
                    + "scriptstyle limits nolimits nonumber notag boxed fbox ensuremath bf it cal sf tt large Large "
                    + "small normalsize Longrightarrow therefore because strut hline centering mathop mathord mathrel "
                    + "underline uline checkmark square blacksquare qed num nobreak allowbreak",
                .nothing
            ),
            ("quad qquad enspace thinspace medspace thickspace space nobreakspace hfill hfil break newline", .space),
            (
                "phantom hphantom vphantom hspace vspace label color textcolor mspace kern hskip "
                    + "renewcommand newcommand ref cite footnote cancel bcancel xcancel sout tag",
                .dropArgument
            ),
            ("pounds euro yen rupee won", .token(.currency)), ("S P dag ddag", .nothing),
            ("SI qty", .quantity), ("si unit", .text), ("ang", .angle), ("not", .negated),
            ("textdegree", .token(.degree)),
            ("R Reals", .token(.reals)), ("Z", .token(.integers)), ("N", .token(.naturals)), ("Q", .token(.rationals)),
            (
                "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho "
                    + "sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi "
                    + "Omega ell hbar partial nabla aleph angle triangle Box star perp parallel jmath forall exists top intercal "
                    + "complement",
                .symbol
            ),
        ])

    private static let words = table(
        functions + [
            ("sqrt", .token(.squareRoot)), ("pi Pi PI", .constant(.pi)),
            ("infinity infty Infinity inf oo", .constant(.infinity)),
            ("and 且 和 与 及 以及", .token(.and)), ("or 或 或者", .token(.or)), ("mod", .token(.modulo)),
            ("percent pct percentage", .token(.percent)), ("degree degrees deg", .token(.degree)),
            ("union", .token(.union)), ("cbrt", .token(.squareRoot)),
            ("alpha beta gamma delta epsilon theta lambda mu sigma phi omega rho tau", .symbol),
        ])
}

extension CommandTable {
    /// The longest known beginning of an unknown command: `\quadx` is `\quad` and `x`.
    static func knownPrefix(_ name: ArraySlice<UInt8>) -> (length: Int, action: CommandAction)? {
        guard name.count > 2, name.count <= 24 else { return nil }
        for length in stride(from: name.count - 1, through: 2, by: -1) {
            if let action = command(name.prefix(length)) { return (length, action) }
        }
        return nil
    }
}
