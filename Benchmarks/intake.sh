#!/usr/bin/env bash
# Posts the same groups of rollouts to Atropos' own API server and to ours, by turns, and prints a table; then posts to ours while
# it learns, at full speed and at half of it, and prints another.
# Usage: Benchmarks/intake.sh DIRECTORY_WITH_THE_BINARIES [DIRECTORY_FOR_THE_VIRTUAL_ENVIRONMENT] [OPTION OF intake.py]...
# The environment is made when it is missing: atroposlib 0.4.0 without its trainer's dependencies, which its API does not import.
# TMPDIR says where the databases lie.
set -euo pipefail
binaries="$1"
environment="${2:-$HOME/.cache/rolloutd/atropos-0.4.0}"
shift $(($# < 2 ? $# : 2))
here="$(dirname "${BASH_SOURCE[0]}")"
if [[ ! -x "$environment/bin/python" ]]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --no-deps atroposlib==0.4.0
    "$environment/bin/pip" install --quiet fastapi uvicorn pydantic aiohttp numpy
fi
directory=$(mktemp -d)
servers=()
stop() {
    [[ ${#servers[@]} == 0 ]] || kill "${servers[@]}" 2>/dev/null || true
    [[ ${#servers[@]} == 0 ]] || wait "${servers[@]}" 2>/dev/null || true
    servers=()
    rm -f "$directory"/*.sqlite*
}
trap 'stop; rm -rf "$directory"' EXIT
serve() { # LEARNER
    "$binaries/rolloutd" serve --port 0 --learner "$1" --database "$directory/$1.sqlite" >"$directory/log-$1" 2>&1 &
    servers+=($!)
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# Its command starts uvicorn with this application and these settings, one process.
"$environment/bin/python" -m uvicorn atroposlib.api:app --host 127.0.0.1 --port "$port" >"$directory/atropos.log" 2>&1 &
servers+=($!)
serve off
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/"; do sleep 0.2; done
python3 "$here/intake.py" --atropos "$port" "${servers[0]}" --log "$directory/log-off" --pid "${servers[1]}" --half "$@"
stop
serve on
echo "while it learns and scores:"
python3 "$here/intake.py" --log "$directory/log-on" --pid "${servers[0]}" --learning --half "$@"
