// GET /dashboard.js: refreshes a page when something happens. A file of its own, so that no page needs inline script.

/// The one script of the pages; without it they are refreshed by the browser every ten seconds.
enum DashboardScript {
    /// Fetches the page again, at most once a second, when an event comes and every five seconds, and puts the new parts in
    /// place: the reader's place on the page stays. Nothing happens while the page is hidden or text is being selected.
    static let source = """
        "use strict";
        (() => {
          const types = ["group.ready", "update.committed", "policy.published", "evaluation.started", "evaluation.progress",
            "evaluation.finished", "lease.ended", "learner.state", "alarm", "limit.reached"];
          const period = 5000, pause = 1000;
          let source = null, timer = null, last = Date.now();

          const refresh = async () => {
            timer = null;
            last = Date.now();
            if (document.hidden || String(document.getSelection())) return;
            // Who works in the page with the keyboard, or has a part of it open, keeps it as it is.
            const here = document.querySelector("main");
            if (here && (here.contains(document.activeElement) || here.querySelector("details[open]"))) return;
            try {
              const answer = await fetch(location.href, {headers: {accept: "text/html"}});
              if (!answer.ok) return;
              const page = new DOMParser().parseFromString(await answer.text(), "text/html");
              for (const tag of ["header", "main"]) {
                const before = document.querySelector(tag), after = page.querySelector(tag);
                if (before && after) before.replaceWith(after);
              }
              document.title = page.title;
            } catch {
              // The server is away; the stream says when it is back.
            }
          };
          const soon = () => {
            if (timer === null) timer = setTimeout(refresh, Math.max(0, last + pause - Date.now()));
          };
          const listen = () => {
            if (document.hidden) {
              if (source !== null) source.close();
              source = null;
            } else if (source === null || source.readyState === EventSource.CLOSED) {
              source = new EventSource("/v1/events?types=" + types.join(","));
              for (const type of types.concat("gap", "stream.end")) source.addEventListener(type, soon);
            }
          };
          document.addEventListener("visibilitychange", () => { listen(); soon(); });
          setInterval(() => { listen(); soon(); }, period);
          listen();
        })();

        """
}
