#!/usr/bin/env bash
# Looks at the pages of a server with headless Chromium at three widths, by day and by night, and prints a table.
# Usage: scripts/pages/run.sh DIRECTORY_WITH_THE_BINARIES|URL [DIRECTORY_FOR_SCREENSHOTS]
# With a directory it starts a server that learns from the built-in problems until there is something to see (a minute or two).
# CHROMIUM names another browser than the system's Chromium. Status 75: there is no browser, so nothing was found out.
set -euo pipefail
target=$1
shots=${2:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="${ROLLOUTD_VENV_PAGES:-$here/../../.venv-pages}"
bash "$here/browser.sh"
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
directory=$(mktemp -d)
server=""
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
case "$target" in
http://* | https://*) url=$target ;;
*)
    "$target/rolloutd" serve --port 0 --database "$directory/ledger.sqlite" >"$directory/log" 2>&1 &
    server=$!
    url=""
    for _ in $(seq 100); do
        url=$(sed -n 's#.*serving on \(http://127.0.0.1:[0-9]*\)/.*#\1#p' "$directory/log" | head -1)
        [ -z "$url" ] || break
        sleep 0.1
    done
    echo "waiting for the third update"
    for _ in $(seq 600); do
        if python3 -c "import json,urllib.request as u,sys; sys.exit(not (json.load(u.urlopen('$url/admin/status'))['policy_version'] or 0) >= 3)" 2>/dev/null; then break; fi
        sleep 0.5
    done
    # Versions come fast here: the one that a page offers to go back to would be gone before it is opened.
    curl --fail --silent --show-error --output /dev/null --request PATCH --header 'content-type: application/json' \
        --data '{"state":"paused"}' "$url/v1/learner"
    ;;
esac
"$venv/bin/python" "$here/look.py" "$url" "$chromium" ${shots:+"$shots"}
