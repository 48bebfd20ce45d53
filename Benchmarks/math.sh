#!/usr/bin/env bash
# Judges the same pairs with Math-Verify and with ours in one run, one core each; prints table rows with the ratios.
# Usage: Benchmarks/math.sh DIRECTORY_WITH_THE_BINARIES   (verdict-bench and rolloutd, release)
# ROLLOUTD_MATH_VENV names a virtual environment that has Math-Verify; without it one is made under .build.
set -euo pipefail
binaries="$1"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
environment="${ROLLOUTD_MATH_VENV:-$here/../.build/math-verify}"
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet math-verify==0.9.0 latex2sympy2_extended==1.11.0 sympy==1.14.0 \
        antlr4-python3-runtime==4.13.2
fi
judge=("$environment/bin/python" "$here/verdicts/beside_math_verify.py")
directory=$(mktemp -d)
"${judge[@]}" pairs "$here/../Tests/Vectors/math" "$directory"

# The server on the first core, its client and everything else on the last.
last=$(($(nproc) - 1))
taskset -c 0 "$binaries/rolloutd" serve --port 0 --learner off --database "$directory/bench.sqlite" \
    >"$directory/log" 2>&1 &
server=$!
cleanup() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT
taskset -c "$last" "${judge[@]}" run "$directory" "$binaries/verdict-bench" "$directory/log"
