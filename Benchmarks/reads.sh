#!/usr/bin/env bash
# Times reads of a large ledger that scripts/make-ledger made; prints a table.
# Usage: Benchmarks/reads.sh DIRECTORY_WITH_THE_BINARIES LEDGER [OPTION OF reads.py]...
set -euo pipefail
binaries="$1"
ledger="$2"
shift 2
here="$(dirname "${BASH_SOURCE[0]}")"
directory=$(mktemp -d)
"$binaries/rolloutd" serve --port 0 --learner off --database "$ledger" >"$directory/log" 2>&1 &
server=$!
cleanup() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
python3 "$here/reads.py" --log "$directory/log" "$@"
