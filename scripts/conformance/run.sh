#!/usr/bin/env bash
# Points the official clients of other systems at a running server and prints a table of what passed.
# Usage: scripts/conformance/run.sh DIRECTORY_WITH_THE_BINARIES
# The clients come from PyPI into .venv-conformance (or ROLLOUTD_VENV_CONFORMANCE), once; nothing in them is changed.
set -euo pipefail
binaries=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="${ROLLOUTD_VENV_CONFORMANCE:-$here/../../.venv-conformance}"
if [ ! -f "$venv/ready-2" ]; then
    # 75 (EX_TEMPFAIL): nothing was found out, for the packages cannot be had here.
    python3 -m venv "$venv" || exit 75
    "$venv/bin/pip" install --quiet --disable-pip-version-check sandbox-fusion==0.3.7 'openai>=3,<4' aiohttp tinker==0.24.1 numpy || exit 75
    # Wheels without their dependencies (PyTorch, DeepSpeed): of each only the client's own file is loaded.
    "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$venv/wheels" verl==0.9.1 openrlhf==0.11.2 || exit 75
    touch "$venv/ready-2"
fi
directory=$(mktemp -d)
server=""
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
python3 "$here/../faults/tiny_model.py" "$directory/model" 0.3
: >"$directory/log"
"$binaries/rolloutd" serve --port 0 --database "$directory/ledger.sqlite" --model "$directory/model" --learner off \
    --sandbox-slots 2 >"$directory/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    port=$(sed -n 's#.*serving on http://127.0.0.1:\([0-9]*\)/.*#\1#p' "$directory/log")
    if [ -n "$port" ] && python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/readyz')" 2>/dev/null; then break; fi
    sleep 0.1
done
failed=0
"$venv/bin/python" "$here/conformance.py" "http://127.0.0.1:$port" "$venv/wheels" || failed=1
bash "$here/atropos.sh" "$binaries" "$venv-atropos" || { code=$?; [ "$failed" != 0 ] || failed=$code; }
exit "$failed"
