#!/usr/bin/env bash
# Drives a running rolloutd with curl alone: prompts in, a lease, rollouts sampled from the in-process model and posted,
# verdicts, rewards, and the policy version that moves. Start `scripts/dev run` in another terminal first.
#
#   examples/curl.sh [BASE_URL]        default http://127.0.0.1:8080
set -euo pipefail
base="${1:-http://127.0.0.1:8080}"
tag="curl-$$"

# Answers are JSON; python3 (standard library) picks fields out of them.
field() { python3 -c 'import json,sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."): value = value[int(key)] if key.isdigit() else value[key]
print(json.dumps(value) if isinstance(value, (dict, list)) else value)' "$1"; }
post() { curl -sS --fail-with-body -H 'Content-Type: application/json' -d "$2" "$base$1"; }
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "Is it ready?"
curl -sS "$base/readyz"
echo
# The first start makes a model, which takes a minute or two.
for _ in $(seq 300); do
    curl -sS --fail --output /dev/null "$base/readyz" 2>/dev/null && break
    sleep 1
done

say "1. Score without storing: 0.75 is 3/4"
post /v1/score '{"items":[{"task":{"type":"math","answer":"\\frac{3}{4}"},"response":"so it is \\boxed{0.75}"}]}'
echo

say "2. What an error looks like"
curl -sS -H 'Content-Type: application/json' -d '{"items":[{"task":{"type":"math","anwser":"4"},"response":"4"}]}' "$base/v1/score"
echo

say "3. Submit two prompts of our own (submitting them again would change nothing)"
post /v1/prompts '{"prompts":[
  {"id":"'"$tag"'-a","dataset":"'"$tag"'","text":"Add 12 and 30.\n","task":{"type":"math","answer":"42"}},
  {"id":"'"$tag"'-b","dataset":"'"$tag"'","text":"Add 20 and 3.\n","task":{"type":"math","answer":"23"}}]}'
echo

say "4. Lease them as a generator would"
lease=$(post /v1/leases '{"kind":"generate","worker":"'"$tag"'","max":2,"wait_seconds":5,"dataset":"'"$tag"'"}')
lease_id=$(field lease_id <<<"$lease")
attempt=$(field attempt <<<"$lease")
echo "lease $lease_id, policy version $(field policy_version <<<"$lease")"

say "5. Sample each group from the in-process model, with token ids and log-probs, and post the rollouts"
rollouts=$(LEASE="$lease" BASE="$base" ATTEMPT="$attempt" python3 - <<'PY'
import json, os, urllib.request
lease, base = json.loads(os.environ["LEASE"]), os.environ["BASE"]
rollouts = []
for group in lease["groups"]:
    body = {"model": "policy", "prompt": group["prompt"]["text"], "n": group["rollouts"], "max_tokens": 96,
            "temperature": 1, "logprobs": 0, "return_token_ids": True}
    request = urllib.request.Request(base + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer = json.load(urllib.request.urlopen(request))
    version = answer["policy_version"]
    for choice in answer["choices"]:
        rollouts.append({
            "prompt_id": group["prompt"]["id"], "group_id": group["group_id"], "response": choice["text"],
            "token_ids": choice["token_ids"], "logprobs": choice["logprobs"]["token_logprobs"], "policy_version": version,
            "finish_reason": choice["finish_reason"], "generator": "curl", "attempt": int(os.environ["ATTEMPT"])})
print(json.dumps({"rollouts": rollouts}))
PY
)
posted=$(post /v1/rollouts "$rollouts")
first=$(field rollouts.0.id <<<"$posted")
echo "posted $(python3 -c 'import json,sys; print(len(json.load(sys.stdin)["rollouts"]))' <<<"$posted") rollouts; the first is $first"

say "6. Wait for the verdict and read the reward"
rollout=$(curl -sS --fail-with-body "$base/v1/rollouts/$first?wait_seconds=30")
echo "status $(field status <<<"$rollout"), reward $(field reward <<<"$rollout"), because: $(field verdict.reason <<<"$rollout")"

say "7. Watch the policy version move"
for _ in 1 2 3 4 5 6; do
    curl -sS "$base/admin/status" | python3 -c 'import json,sys; s = json.load(sys.stdin); print("policy", s["policy_version"], "phase", s["learner"]["phase"])'
    sleep 2
done

say "8. What became of our rollout"
curl -sS "$base/v1/rollouts/$first" | python3 -c 'import json,sys; r = json.load(sys.stdin); print({k: r.get(k) for k in ("status", "reward", "advantage", "consumed_by_update")})'
