#!/usr/bin/env bash
# Runs the build steps of deploy/Dockerfile without a Docker engine, then the smoke test on what they made, and lets
# systemd check the unit where systemd-analyze is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image=$(mktemp -d)
trap 'rm -rf "$image"' EXIT

# Every file that the Dockerfile copies or runs must exist, and every RUN of ours must be a script that is here.
grep -oE 'deploy/[a-z-]+\.sh' deploy/Dockerfile | sort -u | while read -r script; do
    [ -f "$script" ] || { echo "Dockerfile names $script, which is missing" >&2; exit 1; }
done
bash deploy/build.sh "$image"
[ -x "$image/usr/local/bin/rolloutd" ] && "$image/usr/local/bin/rolloutd" --version
bash deploy/smoke.sh "$image/usr/local/lib/rolloutd"
if command -v systemd-analyze >/dev/null; then
    unit=$(mktemp -d)/rolloutd.service
    sed "s|/usr/local/lib/rolloutd/rolloutd|$image/usr/local/lib/rolloutd/rolloutd|" deploy/rolloutd.service >"$unit"
    systemd-analyze verify "$unit"
    systemd-analyze security --offline=true "$unit" | tail -1
else
    echo "systemd-analyze is not installed; the unit was not checked"
fi
