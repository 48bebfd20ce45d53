"""How long reads of a large ledger take: every listing and filter, at its beginning, middle and end, one request at a time.

Standard library only. Prints a row for each kind of request with p50 and p99 of its repetitions, as the client sees them
over loopback, and the slowest of all. The ledger is one of scripts/make-ledger.
"""
import argparse
import http.client
import itertools
import json
import random
import re
import time


def address(log):
    for _ in range(600):
        match = re.search(r"serving on http://127\.0\.0\.1:(\d+)/", open(log).read())
        if match:
            return int(match.group(1))
        time.sleep(0.1)
    raise SystemExit("the server did not say where it serves")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", required=True)
    parser.add_argument("--repetitions", type=int, default=20)
    options = parser.parse_args()
    connection = http.client.HTTPConnection("127.0.0.1", address(options.log), timeout=120)
    draw = random.Random(1)

    def send(method, path, body=None):
        start = time.perf_counter()
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        text = answer.read()
        elapsed = (time.perf_counter() - start) * 1000
        assert answer.status < 300, (path, answer.status, text[:300])
        return elapsed, text

    rows = []

    def measure(name, make):
        """`make` gives method, path and body of the next repetition."""
        made = [make() for _ in range(options.repetitions)]
        times = sorted(send(*request)[0] for request in made)
        rows.append((name, times[len(times) // 2], times[min(len(times) - 1, int(0.99 * len(times)))]))

    newest = json.loads(send("GET", "/v1/rollouts?limit=1")[1])["rollouts"][0]
    total = int(newest["id"].rpartition("-")[2]) + 1
    versions = newest["policy_version"] + 1
    prompts = max(1, total // 40)

    def values():
        number = draw.randrange(total)
        return {"status": draw.choice(["consumed", "scored", "queued", "undetermined", "stale"]),
                "dataset": f"set-{draw.randrange(20)}", "prompt_id": f"prompt-{draw.randrange(prompts)}",
                "group_id": f"group-{number // 8}", "policy_version": draw.randrange(versions)}

    names = list(values())
    filters = [()] + [(name,) for name in names] + list(itertools.combinations(names, 2)) + [("status", "dataset", "policy_version")]
    for chosen in filters:
        query = lambda: "".join(f"&{name}={value}" for name, value in values().items() if name in chosen)
        title = ", ".join(chosen) or "no filter"
        for place, before in (("first", None), ("middle", total // 2), ("last", 60)):
            cursor = "" if before is None else f"&before={before}"
            measure(f"rollouts by {title}: {place} page", lambda: ("GET", f"/v1/rollouts?limit=50{cursor}{query()}"))
    measure("rollouts, 200 a page, first page", lambda: ("GET", "/v1/rollouts?limit=200"))
    measure("one rollout", lambda: ("GET", f"/v1/rollouts/rollout-{draw.randrange(total)}"))
    measure("its judgements", lambda: ("GET", f"/v1/rollouts/rollout-{draw.randrange(total)}/judgements"))
    for place, after in (("first", 0), ("middle", prompts // 2), ("last", prompts - 20)):
        measure(f"prompts: {place} page", lambda: ("GET", f"/v1/prompts?after=prompt-{after}"))
        measure(f"prompts by dataset: {place} page", lambda: ("GET", f"/v1/prompts?after=prompt-{after}&dataset=set-{draw.randrange(20)}"))
    measure("one prompt", lambda: ("GET", f"/v1/prompts/prompt-{draw.randrange(prompts)}"))
    measure("lease of 4 groups", lambda: ("POST", "/v1/leases", b'{"kind":"generate","worker":"w","max":4}'))
    measure("lease of 4 groups of a data set", lambda: ("POST", "/v1/leases", b'{"kind":"generate","worker":"w","max":4,"dataset":"set-3"}'))
    for path in ("/v1/updates", "/v1/policies", "/v1/evaluations", "/v1/learner", "/admin/status", "/metrics", "/readyz", "/"):
        measure(path, lambda: ("GET", path))
    measure("page of a rollout", lambda: ("GET", f"/rollouts/rollout-{draw.randrange(total)}"))
    measure("page of a long rollout", lambda: ("GET", f"/rollouts/rollout-{total - 1}"))
    print(f"{total} rollouts, {prompts} prompts, {versions} versions")
    print("| request | p50 ms | p99 ms |\n|---|---|---|")
    for name, middle, high in rows:
        print(f"| {name} | {middle:.1f} | {high:.1f} |")
    print(f"slowest p99: {max(high for _, _, high in rows):.1f} ms, {sum(high >= 20 for _, _, high in rows)} of {len(rows)} at 20 ms or more")


if __name__ == "__main__":
    main()
