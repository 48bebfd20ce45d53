#!/usr/bin/env bash
# Judges programs through a running server and, in the same run, in process; prints table rows.
# Usage: Benchmarks/code.sh DIRECTORY_WITH_THE_BINARIES
set -euo pipefail
binaries="$1"
here="$(dirname "${BASH_SOURCE[0]}")"
directory=$(mktemp -d)
"$binaries/rolloutd" serve --port 0 --learner off --database "$directory/bench.sqlite" >"$directory/log" 2>&1 &
server=$!
cleanup() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
/usr/bin/python3 "$here/code.py" --log "$directory/log" --pid "$server" "${@:2}"
