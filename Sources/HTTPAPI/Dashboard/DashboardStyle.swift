// The pages' style sheet; it is served as a file of its own: the pages' policy allows nothing inline. No framework, nothing
// loaded from elsewhere.

/// Constant parts of the pages.
enum DashboardStyle {
    /// Light and dark by the reader's own setting; one column on a phone.
    static let sheet = PagePalette.rules + rules + WindowStyle.rules + tokenShades + bands + dashes

    /// Pale bands around lines, for intervals.
    private static let bands = (0...4).map { ".band.s\($0){fill:var(--s\($0));opacity:.14}" }.joined()

    /// A colour's second and third line, in dashes, also in the legend; and one of many lines.
    private static let dashes =
        ".line.d1{stroke-dasharray:6 3}.line.d2{stroke-dasharray:2 3}.line.thin{stroke-width:1;opacity:.75}"
        + (0...4).map { colour in
            [("d1", 4, 6), ("d2", 2, 4)].map { name, ink, period in
                ".key.s\(colour).\(name)::before{background:repeating-linear-gradient(90deg,"
                    + "var(--s\(colour)) 0 \(ink)px,transparent \(ink)px \(period)px)}"
            }.joined()
        }.joined()

    /// `t0` to `t12`: how dark a token is, in steps of four hundredths; `l` below and `h` above what is usual.
    private static let tokenShades = [("t", "s1"), ("h", "s1"), ("l", "s0")].flatMap { name, colour in
        (0...12).map { step in
            ".\(name)\(step){background:color-mix(in srgb,var(--\(colour)) \(PagePalette.shadeStep * step)%,var(--bg))}"
        }
    }.joined()

    private static let rules = """
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        header,main,footer,nav.pages{max-width:1180px;margin:0 auto;padding:0 16px}
        header{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:baseline;padding-top:18px}
        h1{font-size:20px;margin:0;overflow-wrap:anywhere}h2{font-size:16px;margin:28px 0 10px}h3{font-size:14px;margin:0}
        a{color:var(--s0)}.dim,.note{color:var(--dim)}.note{margin:2px 0 6px;font-size:13px}
        .pill{border-radius:999px;padding:2px 10px;background:var(--rule);font-size:13px}
        .pill.live{background:var(--ok);color:var(--bg)}.pill.stop{background:var(--bad);color:var(--bg)}
        .alarm{border-left:4px solid var(--bad);background:var(--card);padding:8px 12px;margin:12px 0}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;margin-top:14px}
        .tile,.chart,.panel{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px}
        .tile b{display:block;font-size:22px;font-variant-numeric:tabular-nums}
        .tile span{color:var(--dim);font-size:13px}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,350px),1fr));gap:12px}
        .chart{margin:0;min-width:0}.chart svg{width:100%;height:auto;display:block}
        .grid{stroke:var(--rule);stroke-width:1}.target{stroke:var(--dim);stroke-width:1;stroke-dasharray:4 4}
        .tick,.axis{fill:var(--dim);font-size:11px}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
        .line.s0{stroke:var(--s0)}.line.s1{stroke:var(--s1)}.line.s2{stroke:var(--s2)}.line.s3{stroke:var(--s3)}.line.s4{stroke:var(--s4)}
        .dot.s0{fill:var(--s0)}.dot.s1{fill:var(--s1)}.dot.s2{fill:var(--s2)}.dot.s3{fill:var(--s3)}.dot.s4{fill:var(--s4)}
        .legend{display:flex;flex-wrap:wrap;gap:2px 12px;font-size:12px;color:var(--dim);margin-bottom:4px}
        .key::before{content:"";display:inline-block;width:10px;height:3px;margin-right:5px;vertical-align:middle}
        .key.s0::before{background:var(--s0)}.key.s1::before{background:var(--s1)}.key.s2::before{background:var(--s2)}
        .key.s3::before{background:var(--s3)}.key.s4::before{background:var(--s4)}.key b{color:var(--ink);font-weight:600}
        .empty{color:var(--dim);padding:40px 0;text-align:center;margin:0}
        .panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:12px}
        .panels>*{min-width:0;overflow-x:auto}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
        th{text-align:left;color:var(--dim);font-weight:500;font-size:13px}th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}
        td.r,th.r{text-align:right;padding-right:12px;white-space:nowrap}tr:last-child>*{border-bottom:0}
        tbody th{color:var(--ink);font-size:14px;font-weight:400}td.name{overflow-wrap:anywhere}
        .passed{color:var(--ok)}.failed{color:var(--bad)}.undetermined,.asleep{color:var(--warn)}
        progress.bar{appearance:none;border:0;background:var(--rule);height:8px;border-radius:4px;min-width:70px;overflow:hidden}
        progress.bar::-webkit-progress-bar{background:var(--rule)}progress.bar::-webkit-progress-value{background:var(--s0)}
        progress.bar::-moz-progress-bar{background:var(--s0)}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);border:1px solid var(--rule);border-radius:6px;padding:10px;margin:6px 0;font-size:13px}
        .tokens span{border-radius:3px}.cut{max-width:360px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        progress{width:100%;height:10px}footer{color:var(--dim);font-size:13px;padding:24px 16px 32px}
        dl{display:grid;grid-template-columns:auto 1fr;gap:4px 16px;margin:0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}

        """

    /// A whole page of the section `status`.
    static func page(title: String, header: HTML, main: HTML, isLive: Bool) -> HTML {
        PageFrame(title: title, section: .status, refresh: isLive ? .always : .never).html(header: header, main: main)
    }
}
