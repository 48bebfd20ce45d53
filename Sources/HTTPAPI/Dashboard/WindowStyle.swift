// The style of the pages of learning: navigation, forms, tokens with their numbers, rollouts side by side.

/// Rules that follow `DashboardStyle`'s.
enum WindowStyle {
    static let rules = """
        .skip{position:absolute;left:-10000px}.skip:focus{left:8px;top:8px;background:var(--card);padding:8px 12px;z-index:9}
        :focus-visible{outline:2px solid var(--s0);outline-offset:2px}
        .sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        nav ul,nav ol{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:0;padding:0}
        nav.pages{padding-top:12px}nav.pages a{display:inline-block;padding:4px 0}
        nav.pages [aria-current]{color:var(--ink);font-weight:600;text-decoration-thickness:2px}
        nav.trail{flex-basis:100%;font-size:13px}nav.trail li+li::before{content:"/";color:var(--dim);margin-right:16px}
        .nb,time,td a{white-space:nowrap}.lead{flex-basis:100%}.more{margin:12px 0}
        form.choose{display:flex;flex-wrap:wrap;gap:10px 16px;align-items:end;margin:14px 0}
        form.choose fieldset{border:1px solid var(--rule);border-radius:8px;margin:0;padding:8px 12px;min-width:0;flex-basis:100%;columns:3 190px}
        form.choose label{display:inline-block;font-size:13px;color:var(--dim)}
        form.choose fieldset label{display:block;color:var(--ink);overflow-wrap:anywhere;break-inside:avoid;padding:2px 0}
        legend{font-size:13px;color:var(--dim)}
        input,select,button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--dim);border-radius:6px;padding:5px 9px;max-width:100%}
        input[type=checkbox]{margin:0 7px 0 0;vertical-align:-1px}label input:not([type=checkbox]),label select{display:block;margin-top:2px}
        button{cursor:pointer}button.grave{background:var(--bad);color:var(--bg);border-color:var(--bad)}
        .choices{display:flex;flex-wrap:wrap;gap:4px 14px;margin:6px 0;font-size:14px}.choices [aria-current]{color:var(--ink);font-weight:600}
        main>.panel:first-child{margin-top:14px}.panel+.note,pre+.note{margin-top:14px}
        details{margin:10px 0}summary{cursor:pointer;padding:4px 0}
        .tokens{line-height:1.9;position:relative}
        .tokens .b{outline:2px solid var(--s3);outline-offset:-1px;font-weight:600}
        .tokens [tabindex]:hover::after,.tokens [tabindex]:focus::after{content:attr(data-n);position:absolute;left:8px;margin-top:1.8em;z-index:5;
        width:max-content;max-width:calc(100% - 16px);white-space:pre-line;background:var(--ink);color:var(--bg);padding:6px 9px;border-radius:6px;font:13px/1.4 system-ui,sans-serif;pointer-events:none}
        .swatch{color:var(--ink);display:inline-block;padding:0 8px;border-radius:3px;margin-right:4px}
        mark{background:color-mix(in srgb,var(--s3) 30%,var(--card));color:var(--ink);border-bottom:2px solid var(--s3);border-radius:2px}
        .side{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:12px}
        article{min-width:0;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px}
        article pre{max-height:340px;overflow:auto}article p{margin:4px 0}
        .context{font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere;min-width:min(420px,60vw)}
        @media (prefers-reduced-motion:no-preference){.skip{transition:left .1s}}
        @media (max-width:520px){main,header,footer,nav.pages{padding-left:12px;padding-right:12px}.context{min-width:240px}}

        """
}
