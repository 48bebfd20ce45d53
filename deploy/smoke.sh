#!/usr/bin/env bash
# Drives the built server as README does: starts it on a free port with the learner off, scores, submits, posts, waits,
# stops it with SIGTERM, and checks the database. Usage: deploy/smoke.sh DIRECTORY_WITH_THE_BINARIES
set -euo pipefail
binaries="$1"
directory=$(mktemp -d)
log="$directory/log"
"$binaries/rolloutd" serve --port 0 --learner off --database "$directory/smoke.sqlite" >"$log" 2>&1 &
server=$!
cleanup() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$directory"
}
trap cleanup EXIT

base=""
for _ in $(seq 100); do
    base=$(sed -n 's|^serving on \(http://[0-9.:]*\)/.*|\1|p' "$log")
    [ -n "$base" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
    sleep 0.2
done
[ -n "$base" ] || { echo "the server did not say where it serves" >&2; cat "$log" >&2; exit 1; }

expect() { # expect WHAT PATTERN TEXT
    case "$3" in
    *"$2"*) echo "ok: $1" ;;
    *)
        echo "FAILED: $1: expected $2 in: $3" >&2
        exit 1
        ;;
    esac
}
json=(-sS -H 'Content-Type: application/json')

expect "a right answer passes" '"verdict":"passed"' "$(curl "${json[@]}" "$base/v1/score" \
    -d '{"items":[{"task":{"type":"math","answer":"4"},"response":"2+2 is \\boxed{4}"}]}')"
expect "a wrong answer fails with a reason" '"verdict":"failed"' "$(curl "${json[@]}" "$base/v1/score" \
    -d '{"items":[{"task":{"type":"math","answer":"4"},"response":"\\boxed{5}"}]}')"
expect "a mistake is explained" '"field"' "$(curl "${json[@]}" "$base/v1/score" -d '{"items":[{"task":{"type":"math"},"response":"5"}]}')"
expect "a prompt is stored" '"created":true' "$(curl "${json[@]}" "$base/v1/prompts" \
    -d '{"prompts":[{"id":"p1","dataset":"smoke","text":"What is 2+2?","task":{"type":"math","answer":"4"}}]}')"
expect "a rollout is stored" '"status":"queued"' "$(curl "${json[@]}" "$base/v1/rollouts" \
    -d '{"rollouts":[{"id":"r1","prompt_id":"p1","response":"\\boxed{4}","token_ids":[1,2],"logprobs":[-0.1,-0.2],"policy_version":0,"finish_reason":"stop","generator":"smoke"}]}')"
expect "its reward comes" '"reward":1' "$(curl -sS "$base/v1/rollouts/r1?wait_seconds=20")"
expect "the status is there" '"phase":"off"' "$(curl -sS "$base/admin/status")"
expect "the page is there" '<html' "$(curl -sS "$base/")"
expect "metrics are there" 'rolloutd_verdicts_total' "$(curl -sS "$base/metrics")"

kill -TERM "$server"
wait "$server" || true
expect "it stops with a word" 'everything accepted is stored' "$(cat "$log")"
expect "the ledger holds its invariants" 'ok:' "$("$binaries/rolloutd" check --database "$directory/smoke.sqlite")"
echo "smoke: all well"
