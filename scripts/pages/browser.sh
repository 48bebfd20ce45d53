#!/usr/bin/env bash
# Makes a browser ready for looking at pages: Chromium from the system's packages, playwright from PyPI into .venv-pages (or
# ROLLOUTD_VENV_PAGES), once. Status 75 (EX_TEMPFAIL) where one of them cannot be had: nothing was found out about any page.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="${ROLLOUTD_VENV_PAGES:-$here/../../.venv-pages}"
there() { [ -n "${CHROMIUM:-}" ] || command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! there >/dev/null; then
    root=""
    if [ "$(id -u)" -ne 0 ]; then root="sudo"; fi
    { $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends chromium; } >/dev/null || true
    there >/dev/null || {
        echo "no Chromium here, and none could be installed: the pages were not looked at (apt-get install chromium)" >&2
        exit 75
    }
fi
if [ ! -f "$venv/ready" ]; then
    python3 -m venv "$venv" || exit 75
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'playwright>=1.50,<2' || exit 75
    touch "$venv/ready"
fi
