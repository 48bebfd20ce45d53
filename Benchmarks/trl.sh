#!/usr/bin/env bash
# Trains the same small model on the same prompts with TRL's GRPOTrainer and with ours in one run; prints table rows with the
# ratios. Both use clip-higher without extras, 32 groups of 8 an update, 4 optimiser steps, two threads, and our judge.
# Usage: Benchmarks/trl.sh DIRECTORY_WITH_THE_BINARIES
# ROLLOUTD_TRL_VENV names a virtual environment that has TRL; without it one is made under .build. ROLLOUTD_TRL_UPDATES (40)
# are ours, and so many has TRL at most to reach the same held-out accuracy.
set -euo pipefail
binaries="$1"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
environment="${ROLLOUTD_TRL_VENV:-$here/../.build/trl}"
updates="${ROLLOUTD_TRL_UPDATES:-40}"
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet torch==2.15.0 transformers==5.24.0 trl==1.16.0
fi
directory=$(mktemp -d)
server=""
cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap cleanup EXIT
database="$directory/run.sqlite"
echo "ours: cold start, then $updates updates" >&2
"$binaries/rolloutd" train --updates "$updates" --database "$database" --threads 2 --set objective=clip-higher \
    --set positive_loss_alpha=0 --set evaluation_every_updates=2 >"$directory/ours.log"
"$binaries/rolloutd" weights --database "$database" --policy 0 --to "$directory/policy-0" >/dev/null
"$binaries/rolloutd" problems --split held-out >"$directory/held-out.ndjson"
"$binaries/rolloutd" serve --port 0 --learner off --database "$directory/judge.sqlite" >"$directory/log" 2>&1 &
server=$!
echo "TRL: from the same weights and prompts, at most $updates updates" >&2
OMP_NUM_THREADS=2 "$environment/bin/python" "$here/trl_side.py" "$directory" "$updates"
