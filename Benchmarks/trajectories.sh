#!/usr/bin/env bash
# Posts the same groups to Atropos' own API server and to ours in Atropos' protocol, takes batches from both, by turns, and prints a
# table.
# Usage: Benchmarks/trajectories.sh DIRECTORY_WITH_THE_BINARIES [DIRECTORY_FOR_THE_VIRTUAL_ENVIRONMENT] [OPTION of trajectories.py]...
# The environment is that of intake.sh. TMPDIR says where the database lies.
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
    rm -rf "$directory"
}
trap stop EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$environment/bin/python" -m uvicorn atroposlib.api:app --host 127.0.0.1 --port "$port" --log-level warning >"$directory/atropos.log" 2>&1 &
servers+=($!)
"$binaries/rolloutd" serve --port 0 --learner off --database "$directory/ledger.sqlite" >"$directory/log" 2>&1 &
servers+=($!)
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/"; do sleep 0.2; done
python3 "$here/trajectories.py" --atropos "$port" "${servers[0]}" --log "$directory/log" --pid "${servers[1]}" "$@"
