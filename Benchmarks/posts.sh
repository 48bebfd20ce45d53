#!/usr/bin/env bash
# Posts rollouts of 4,096 tokens to a server that is learning, and reads its status meanwhile; prints table rows.
# Usage: Benchmarks/posts.sh DIRECTORY_WITH_THE_BINARIES
set -euo pipefail
binaries="$1"
here="$(dirname "${BASH_SOURCE[0]}")"
directory=$(mktemp -d)
"$binaries/rolloutd" serve --port 0 --database "$directory/bench.sqlite" >"$directory/log" 2>&1 &
server=$!
cleanup() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
python3 "$here/posts.py" --log "$directory/log" --pid "$server" --binary "$binaries/rolloutd"
