#!/usr/bin/env python3
"""Posts rollouts in the binary form: standard library only. Reads NDJSON, a rollout as POST /v1/rollouts takes it in each line.

    examples/binary.py http://127.0.0.1:8080 < rollouts.ndjson
"""
import json
import os
import struct
import sys
import urllib.request


def binary(rollouts):
    """The body: "RLO1", then for each rollout its JSON without the arrays, and the arrays as 32-bit little-endian numbers."""
    parts = [b"RLO1"]
    for rollout in rollouts:
        ids, logprobs = rollout.get("token_ids", []), rollout.get("logprobs", [])
        head = json.dumps({name: value for name, value in rollout.items() if name not in ("token_ids", "logprobs")}).encode()
        parts += [struct.pack("<I", len(head)), head, struct.pack("<I", len(ids)),
                  struct.pack(f"<{len(ids)}i", *ids), struct.pack(f"<{len(ids)}f", *logprobs)]
    return b"".join(parts)


def post(server, rollouts, key=os.environ.get("ROLLOUTD_API_KEY")):
    headers = {"Content-Type": "application/vnd.rolloutd.rollouts"} | ({"Authorization": f"Bearer {key}"} if key else {})
    with urllib.request.urlopen(urllib.request.Request(server + "/v1/rollouts", binary(rollouts), headers)) as answer:
        return json.load(answer)["rollouts"]


if __name__ == "__main__":
    for receipt in post(sys.argv[1], [json.loads(line) for line in sys.stdin if line.strip()]):
        print(json.dumps(receipt))
