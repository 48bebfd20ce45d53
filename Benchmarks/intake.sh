#!/usr/bin/env bash
# Posts the same groups of rollouts to Atropos' own API server and to ours, by turns, and prints a table.
# Usage: Benchmarks/intake.sh DIRECTORY_WITH_THE_BINARIES [DIRECTORY_FOR_THE_VIRTUAL_ENVIRONMENT] [OPTION OF intake.py]...
# The environment is made when it is missing: atroposlib 0.4.0 without its trainer's dependencies, which its API does not import.
# ROLLOUTD_BENCH_DIRECTORY says where the database lies (default: the temporary directory); ROLLOUTD_BENCH_SERVE adds options of serve.
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
directory=$(mktemp -d "${ROLLOUTD_BENCH_DIRECTORY:-${TMPDIR:-/tmp}}/intake.XXXXXX")
servers=()
cleanup() {
    kill "${servers[@]}" 2>/dev/null || true
    wait "${servers[@]}" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# Its command starts uvicorn with this application and these settings, one process.
"$environment/bin/python" -m uvicorn atroposlib.api:app --host 127.0.0.1 --port "$port" >"$directory/atropos.log" 2>&1 &
servers+=($!)
# shellcheck disable=SC2086
"$binaries/rolloutd" serve --port 0 --learner off ${ROLLOUTD_BENCH_SERVE:-} --database "$directory/bench.sqlite" \
    >"$directory/log" 2>&1 &
servers+=($!)
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/"; do sleep 0.2; done
python3 "$here/intake.py" --atropos "$port" "${servers[0]}" --log "$directory/log" --pid "${servers[1]}" "$@"
