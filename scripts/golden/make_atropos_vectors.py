#!/usr/bin/env python3
"""Makes Tests/Vectors/atropos: what atroposlib's own batching functions and its own server answer.

Not part of the build; run by hand when the vectors must change (see Tests/Vectors/atropos/ORIGIN.md):

    python3 -m venv VENV && VENV/bin/pip install --no-deps atroposlib==0.4.0 && VENV/bin/pip install fastapi httpx
    VENV/bin/python scripts/golden/make_atropos_vectors.py
"""
import json
import pathlib
import random
import sys

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "atropos"
try:
    from atroposlib.api import server
    from atroposlib.api.utils import (
        find_groups_summing_to_target, grab_batch_with_minimum_allocations, grab_exact_from_heterogeneous_queue)
    from fastapi.testclient import TestClient
except ImportError as missing:
    # The other scripts' environment has no atroposlib: its dependencies are a trainer's.
    print(f"left as they are: {missing}")
    sys.exit(0)


class Fifo(list):
    """Batches in the order in which they were formed: the server takes the newest first, which ages the others."""

    def pop(self):
        return super().pop(0)


def group(index, sequences, env=None):
    return {"tokens": [[index]] * sequences, "env_id": env, "index": index}


def indices(batch):
    return None if batch is None else [item["index"] for item in batch]


def sums(draw):
    cases = []
    for _ in range(400):
        sizes = [draw.choice([1, 1, 2, 3, 4, 5, 6, 8]) for _ in range(draw.randrange(0, 14))]
        target = draw.randrange(1, 25)
        found = find_groups_summing_to_target([group(i, size) for i, size in enumerate(sizes)], target)
        cases.append({"sizes": sizes, "target": target, "indices": found})
    return cases


def exact(draw):
    cases = []
    for number in range(400):
        choices = [1, 2, 4, 8, 16] if number % 4 else [1, 2, 3, 5, 8]
        sizes = [draw.choice(choices) for _ in range(draw.randrange(0, 40))]
        size = draw.choice([1, 4, 8, 16, 32, 64])
        batch, rest = grab_exact_from_heterogeneous_queue([group(i, s) for i, s in enumerate(sizes)], size)
        cases.append({"sizes": sizes, "size": size, "batch": indices(batch), "rest": indices(rest)})
    return cases


def minimums(draw):
    cases = []
    for _ in range(600):
        envs = [{"registered_id": env, "connected": draw.random() < 0.9,
                 "min_batch_allocation": draw.choice([None, 0.0, 0.1, 0.25, 0.3, 0.5, 0.75, 1.0])} for env in range(draw.randrange(1, 5))]
        queue = [group(i, draw.choice([1, 2, 4, 4, 8]), draw.choice([None] + list(range(len(envs))) * 3))
                 for i in range(draw.randrange(0, 40))]
        size = draw.choice([4, 8, 16, 32])
        batch, rest = grab_batch_with_minimum_allocations(list(queue), size, envs)
        cases.append({
            "queue": [[item["env_id"], len(item["tokens"])] for item in queue], "size": size,
            "minimums": [[env["registered_id"], env["min_batch_allocation"]] for env in envs
                         if env["connected"] and env["min_batch_allocation"] is not None],
            "batch": indices(batch), "rest": indices(rest)})
    return cases


def trace(seed):
    """A random session of a trainer and environments with the real server, and all that it answered."""
    draw, client, steps = random.Random(seed), TestClient(server.app), []
    server.app.state._state.clear()

    def ask(method, path, body=None):
        answer = client.request(method, path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        steps.append({"method": method, "path": path, "body": body, "answer": answer.json()})
        return answer.json()

    count = 0

    def scored(env):
        nonlocal count
        count += 1
        usual = sizes[env] if env is not None else 4
        sequences = usual if draw.random() < 0.7 else draw.choice([1, 2, 4])
        return {"tokens": [[count, k] for k in range(sequences)], "masks": [[-100, k] for k in range(sequences)],
                "scores": [draw.choice([0, 1, 0.5]) for _ in range(sequences)], "env_id": env}

    for path in ("/info", "/status", "/wandb_info", "/batch", "/latest_example"):
        ask("GET", path)
    env = {"max_token_length": 512, "desired_name": "a", "weight": 1.0, "group_size": 4}
    client.post("/register", json={
        "wandb_group": "g", "wandb_project": "p", "batch_size": draw.choice([4, 8, 16]), "max_token_len": 512, "checkpoint_dir": "/c",
        "save_checkpoint_interval": 5, "starting_step": 3, "num_steps": 100})
    server.app.state.curr_batch = Fifo()
    steps.append({"register": server.app.state.batchsize})
    ask("POST", "/register-env", env)
    ask("GET", "/batch")
    sizes = {}
    for index in range(draw.randrange(1, 4)):
        sizes[index] = draw.choice([2, 4])
        share = draw.choice([None, None, 0.25]) if seed % 2 else None
        ask("POST", "/register-env", {**env, "desired_name": draw.choice("ab"), "weight": draw.choice([0.5, 1.0, 2.0]),
                                      "group_size": sizes[index], "min_batch_allocation": share})
    for _ in range(90):
        kind = draw.random()
        if kind < 0.5:
            ask("POST", "/scored_data", scored(draw.choice([None] + list(sizes) * 4)))
        elif kind < 0.6:
            ask("POST", "/scored_data_list", [scored(draw.choice(list(sizes))) for _ in range(draw.randrange(1, 5))])
        elif kind < 0.75:
            ask("GET", "/batch")
        elif kind < 0.85:
            ask("GET", "/status-env", {"env_id": draw.choice(list(sizes))})
        elif kind < 0.87:
            # The first one stays: without any the server divides by zero.
            ask("POST", "/disconnect-env", {"env_id": draw.choice(list(sizes)[1:] or [7])})
        elif kind < 0.93:
            ask("GET", "/latest_example")
        else:
            ask("GET", "/status")
    for path in ("/info", "/status", "/wandb_info"):
        ask("GET", path)
    return steps


def main():
    draw = random.Random(20261130)
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "batching.json", "w") as file:
        json.dump({"sums": sums(draw), "exact": exact(draw), "minimums": minimums(draw)}, file, separators=(",", ":"))
        file.write("\n")
    with open(OUT / "sessions.json", "w") as file:
        json.dump([trace(seed) for seed in range(8)], file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
