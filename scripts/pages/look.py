"""Opens every kind of page at three widths, light and dark, and holds it to what a reader needs: nothing wider than the screen,
text with a contrast of 4.5, no error in the console, the keyboard's first stop the skip link, every control with a name.

    look.py URL CHROMIUM [DIRECTORY_FOR_SCREENSHOTS]
"""
import os
import re
import sys
import urllib.request

from playwright.sync_api import sync_playwright

WIDTHS = (360, 820, 1440)
SCHEMES = ("light", "dark")

# The least contrast of any text with what is behind it (WCAG 2.2, 1.4.3; large text needs 3), and where.
CONTRAST = """() => {
  const parse = (text) => {
    let m = text.match(/^rgba?\\(([^)]*)\\)/);
    if (m) { const p = m[1].split(/[ ,/]+/).map(Number); return [p[0] / 255, p[1] / 255, p[2] / 255, p.length > 3 ? p[3] : 1]; }
    m = text.match(/^color\\(srgb ([^)]*)\\)/);
    if (m) { const p = m[1].split(/[ /]+/).map(Number); return [p[0], p[1], p[2], p.length > 3 ? p[3] : 1]; }
    return [0, 0, 0, 0];
  };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const luminance = (c) => { const l = c.slice(0, 3).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const ground = (e) => { const stack = []; for (; e; e = e.parentElement) stack.push(parse(getComputedStyle(e).backgroundColor));
    return stack.reduceRight((under, c) => over(c, under), [1, 1, 1, 1]); };
  let worst = [99, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement, style = getComputedStyle(e);
    if (!node.data.trim() || e.closest("script,style,noscript,.sr,.skip") || style.visibility === "hidden" || !e.getClientRects().length) continue;
    const under = ground(e), ink = over(parse(e.closest("svg") ? style.fill : style.color), under);
    const [a, b] = [luminance(ink) + 0.05, luminance(under) + 0.05], ratio = Math.max(a, b) / Math.min(a, b);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio * (large ? 1.5 : 1) < worst[0]) worst = [ratio * (large ? 1.5 : 1), node.data.trim().slice(0, 40)];
  }
  return worst;
}"""

# How much wider than the screen the page is, and what sticks out.
OVERFLOW = """() => {
  const page = document.documentElement, excess = page.scrollWidth - page.clientWidth;
  if (excess <= 0) return [0, ""];
  const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > page.clientWidth + 1
    && !e.closest(".scroll *, article pre *"));
  return [excess, out.slice(0, 3).map((e) => e.tagName + "." + e.className).join(" ")];
}"""

NAMELESS = """() => [...document.querySelectorAll("a,button,input,select,summary,[tabindex]")].filter((e) =>
  !(e.textContent.trim() || e.getAttribute("aria-label") || e.closest("label"))).length"""


def pages(url):
    """Every kind of page with the status that it should have, with the first group, rollout and policy that the lists name."""
    def text(path):
        return urllib.request.urlopen(urllib.request.Request(url + path, headers={"accept": "text/html"})).read().decode()

    def first(path, pattern):
        found = re.search(pattern, text(path))
        return found.group(1).replace("&amp;", "&") if found else None

    group = first("/groups?status=consumed", r'href="(/groups/[^"]+)"') or first("/groups", r'href="(/groups/[^"]+)"')
    kept = first("/tokens/kept", r'href="(/rollouts/[^"]+)"')
    rollout = kept or (group and first(group, r'href="(/rollouts/[^"?]+)')) or first("/", r'href="(/rollouts/[^"?]+)')
    found = ["/", "/runs", "/runs?metric=entropy&metric=reward_mean&together=on&from=1", "/runs/compare",
             "/runs/compare?metric=entropy&metric=reward_mean&seeds=each&from=1", "/runs/compare?method=nobody", "/groups", group,
             "/groups?dataset=nobody", "/tokens/kept", rollout]
    if rollout:
        base = rollout.split("?")[0]
        found += [base + "?by=" + colour for colour in ("probability", "advantage", "entropy", "gradient")]
        found += [base + "?against=after"]
    found += ["/policies", first("/policies", r'href="(/policies/[^"]+/rollback)"'), "/evaluations",
              first("/evaluations", r'href="(/v1/evaluations/[^"]+)"'), "/queue", "/queue?state=all"]
    errors = [("/groups/nobody", 404), ("/groups?status=half", 422), ("/nowhere/" + "x" * 200, 404)]
    return [(path, 200) for path in found if path] + errors


def main():
    url, chromium = sys.argv[1].rstrip("/"), sys.argv[2]
    shots = sys.argv[3] if len(sys.argv) > 3 else None
    if shots:
        os.makedirs(shots, exist_ok=True)
    failed = 0
    print(f"{'page':58} {'status':>6} {'wider by':>9} {'contrast':>9} {'errors':>7} {'nameless':>9}  keyboard")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for number, (path, expected) in enumerate(pages(url)):
            wider, contrast, errors, nameless, skips, notes = 0, 99.0, [], 0, True, []
            context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, color_scheme=SCHEMES[0])
            page = context.new_page()
            # A browser reports the error that a page is about as one of its own.
            page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning")
                    and not (expected != 200 and "Failed to load resource" in m.text) else None)
            page.on("pageerror", lambda e: errors.append(str(e)))
            # The stream of events never ends, so the network is never idle.
            status = page.goto(url + path, wait_until="load").status
            for _ in range(20):
                if "are being computed" not in page.content():
                    break
                page.wait_for_timeout(500)
            # An evaluation's report is a document of its own, without the frame that has the skip link.
            framed = "report" not in path
            if framed and "#" not in path:
                page.keyboard.press("Tab")
                skips = page.evaluate("document.activeElement.className") == "skip"
                page.evaluate("document.activeElement.blur()")
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 900})
                    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
                    excess, culprit = page.evaluate(OVERFLOW)
                    ratio, where = page.evaluate(CONTRAST)
                    if excess > 0:
                        notes.append(f"{scheme} {width}: {excess} px: {culprit}")
                    if ratio < 4.5:
                        notes.append(f"{scheme} {width}: contrast {ratio:.2f} at {where!r}")
                    wider, contrast = max(wider, excess), min(contrast, ratio)
                    nameless = max(nameless, page.evaluate(NAMELESS))
                    if shots:
                        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = false; })")
                        page.screenshot(path=f"{shots}/{number:02}-{scheme}-{width}.png", full_page=True)
            context.close()
            bad = status != expected or wider > 0 or contrast < 4.5 or errors or nameless or not skips
            failed += bool(bad)
            print(f"{path[:58]:58} {status:6} {wider:9} {contrast:9.2f} {len(errors):7} {nameless:9}  {'ok' if skips else 'no skip link'}")
            for note in notes[:6] + errors[:3]:
                print("    " + note)
        browser.close()
    print("all pages hold" if not failed else f"{failed} pages do not hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
