#!/usr/bin/env bash
# Holds a running server against openapi.yaml with schemathesis: no 500, no undeclared status, no answer outside its schema, nothing
# invalid accepted, nothing valid refused. Usage: scripts/schemathesis/run.sh DIRECTORY_WITH_THE_BINARIES [schemathesis options]
# Its Python packages go into a virtual environment of its own, .venv-schemathesis (or ROLLOUTD_VENV_SCHEMATHESIS).
set -euo pipefail
binaries=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="${ROLLOUTD_VENV_SCHEMATHESIS:-$here/../../.venv-schemathesis}"
if [ ! -x "$venv/bin/schemathesis" ]; then
    # 75 (EX_TEMPFAIL): nothing was found out, for the package cannot be had here.
    python3 -m venv "$venv" || exit 75
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4.3,<5' || exit 75
fi
directory=$(mktemp -d)
server=""
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
python3 "$here/../faults/tiny_model.py" "$directory/model"
key=schemathesis-$RANDOM$RANDOM

start() {
    : >"$directory/$1.log"
    ROLLOUTD_API_KEYS=$key "$binaries/rolloutd" serve --port 0 --database "$directory/$1.sqlite" --model "$directory/model" \
        --set response_tokens_max=8 --set prompt_tokens_max=64 --set logprob_gate=none >"$directory/$1.log" 2>&1 &
    server=$!
    for _ in $(seq 200); do
        port=$(sed -n 's#.*serving on http://127.0.0.1:\([0-9]*\)/.*#\1#p' "$directory/$1.log")
        if [ -n "$port" ] && python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/readyz')" 2>/dev/null; then return; fi
        sleep 0.1
    done
    cat "$directory/$1.log" >&2
    exit 1
}

stop() {
    kill "$server"
    wait "$server" || { echo "the server did not end well" >&2; exit 1; }
    server=""
    "$binaries/rolloutd" check --database "$directory/$1.sqlite"
}

hold() {
    "$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "http://127.0.0.1:$port/openapi.yaml" \
        --header "Authorization: Bearer $key" --no-color --seed "${ROLLOUTD_SEED:-1}" --max-examples "${ROLLOUTD_EXAMPLES:-30}" "$@"
}

start all
# Paused parts refuse what others ask, so those have a server of their own; a stream of events does not end.
(cd "$here" && hold --exclude-path-regex '^/admin/(pause|resume|drain)|^/v1/events' "$@")
stop all
start steered
(cd "$here" && hold --include-path-regex '^/admin/(pause|resume|drain)' "$@")
stop steered
