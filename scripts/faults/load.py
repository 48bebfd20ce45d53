"""Clients that post, lease and judge, each remembering what it was told; and the comparison with what is stored.

Every rollout's content follows from its id, so that what is stored can be compared to the last token, and a batch whose answer
never came is sent again under the same ids.
"""
import hashlib
import json
import random
import struct
import threading
import time
import urllib.parse

from server import Gone


def content(identifier):
    """Response, token ids and log-probs of a rollout, from its id alone."""
    seed = hashlib.sha256(identifier.encode()).digest()
    generator = random.Random(seed)
    count = generator.choice([0, 1, 16, 300, 2048])
    tokens = [generator.randrange(500) for _ in range(count)]
    logprobs = [-generator.randrange(1, 4096) / 512 for _ in range(count)]
    answer = 4 if seed[0] % 2 else 5
    return f"{identifier} says \\boxed{{{answer}}} " + "x" * generator.randrange(2000), tokens, logprobs


def expected_verdict(identifier):
    return "passed" if hashlib.sha256(identifier.encode()).digest()[0] % 2 else "failed"


def rollout(identifier, prompt, **fields):
    response, tokens, logprobs = content(identifier)
    return {"id": identifier, "prompt_id": prompt, "response": response, "token_ids": tokens, "logprobs": logprobs,
            "policy_version": 0, "finish_reason": "stop", "generator": "faults", **fields}


def prompt(identifier):
    return {"id": identifier, "dataset": "faults", "text": "2+2=", "task": {"type": "math", "answer": "4"}}


class Memory:
    """What the server has acknowledged, over all its lives."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rollouts, self.prompts, self.faults, self.verdicts = set(), set(), [], 0
        self.refusals = {}

    def acknowledge(self, kind, identifiers):
        with self.lock:
            getattr(self, kind).update(identifiers)

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def refuse(self, status):
        with self.lock:
            self.refusals[status] = self.refusals.get(status, 0) + 1


class Poster:
    """Posts batches under its own ids; after a crash it begins with the batch whose answer never came."""

    def __init__(self, name, memory, batch_max=8, pause=0):
        self.name, self.memory, self.batch_max, self.pause = name, memory, batch_max, pause
        self.random = random.Random(name)
        self.number, self.pending, self.prompt, self.used = 0, None, None, 0

    def run(self, client, stop):
        try:
            while not stop.is_set():
                if self.prompt is None or self.used > 64:
                    self.new_prompt(client)
                    continue
                if self.pending is None:
                    count = self.random.randint(1, self.batch_max)
                    self.pending = [rollout(f"{self.name}/{self.number + k}", self.prompt) for k in range(count)]
                    self.number += count
                status, answer, headers = client.call("POST", "/v1/rollouts", {"rollouts": self.pending})
                self.settle(status, answer, headers)
                if self.pause:
                    time.sleep(self.pause)
        except Gone:
            pass

    def new_prompt(self, client):
        name = f"{self.name}-p{self.number}"
        status, _, _ = client.call("POST", "/v1/prompts", {"prompts": [prompt(name)]})
        if status == 201:
            self.memory.acknowledge("prompts", [name])
            self.prompt, self.used = name, 0
        elif status in (429, 503):
            self.memory.refuse(status)
            time.sleep(0.05)
        else:
            self.memory.fault(f"prompt {name}: status {status}")
            self.prompt, self.used = None, 0
            time.sleep(0.05)

    def settle(self, status, answer, headers):
        if status == 202:
            for sent, item in zip(self.pending, answer["rollouts"]):
                if item.get("id") != sent["id"] or "error" in item:
                    self.memory.fault(f"{sent['id']} was answered {item}")
                else:
                    self.memory.acknowledge("rollouts", [sent["id"]])
            self.used += len(self.pending)
            self.pending = None
        elif status in (429, 503):
            self.memory.refuse(status)
            if "Retry-After" not in headers:
                self.memory.fault(f"{status} without Retry-After")
            time.sleep(0.05)
        else:
            self.memory.fault(f"post was answered {status}: {json.dumps(answer)[:300]}")
            self.pending = None


def generator(name, memory, numbers):
    """Takes generate leases, posts what they ask for, gives some back, lets some expire."""
    choose = random.Random(name)

    def run(client, stop):
        try:
            while not stop.is_set():
                status, lease, _ = client.call("POST", "/v1/leases", {"kind": "generate", "worker": name, "max": 2})
                if status != 200:
                    time.sleep(0.02)
                    continue
                if choose.random() < 0.2:
                    client.call("POST", f"/v1/leases/{lease['lease_id']}/release")
                    continue
                if choose.random() < 0.1:
                    continue
                for group in lease["groups"]:
                    batch = []
                    for _ in range(group["rollouts"]):
                        numbers[0] += 1
                        batch.append(rollout(f"{name}/{numbers[0]}", group["prompt"]["id"], group_id=group["group_id"],
                                             attempt=lease["attempt"]))
                    status, answer, _ = client.call("POST", "/v1/rollouts", {"rollouts": batch})
                    if status == 202:
                        done = [i["id"] for i in answer["rollouts"] if "error" not in i]
                        memory.acknowledge("rollouts", done)
        except Gone:
            pass

    return run


def judge(name, memory):
    """Takes scoring leases and posts the right verdicts; sometimes it forgets some, sometimes it answers twice."""
    choose = random.Random(name)

    def run(client, stop):
        try:
            while not stop.is_set():
                status, lease, _ = client.call("POST", "/v1/leases", {"kind": "score", "worker": name, "max": 8})
                if status != 200:
                    time.sleep(0.02)
                    continue
                verdicts = [{"rollout_id": work["rollout_id"], "attempt": work["attempt"],
                             "verdict": {"verdict": expected_verdict(work["rollout_id"]), "reason": "by rule"}}
                            for work in lease["rollouts"] if choose.random() > 0.05]
                for _ in range(2 if choose.random() < 0.1 else 1):
                    if verdicts:
                        status, answer, _ = client.call(
                            "POST", f"/v1/leases/{lease['lease_id']}/verdicts", {"verdicts": verdicts})
                        if status == 200:
                            memory.verdicts += sum("error" not in item for item in answer["verdicts"])
                if len(verdicts) < len(lease["rollouts"]):
                    client.call("POST", f"/v1/leases/{lease['lease_id']}/release")
        except Gone:
            pass

    return run


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def compare(client, memory, pending=()):
    """Compares everything stored with everything acknowledged; returns (stored, lost, doubled, altered) as lists of ids.

    `pending` are ids whose answer never came: they may be stored, whole, or not be there.
    """
    status, data, _ = client.call("GET", "/v1/rollouts/export", raw=True)
    if status != 200:
        raise RuntimeError(f"export answered {status}")
    seen, doubled, altered, foreign = set(), [], [], []
    for line in data.splitlines():
        item = json.loads(line)
        identifier = item["id"]
        if identifier in seen:
            doubled.append(identifier)
        seen.add(identifier)
        if item["generator"] != "faults":
            continue
        response, tokens, logprobs = content(identifier)
        same = item["response"] == response and item["token_ids"] == tokens
        same = same and [float32(x) for x in item["logprobs"]] == [float32(x) for x in logprobs]
        verdict = (item.get("verdict") or {}).get("verdict")
        if not same or verdict not in (None, expected_verdict(identifier)):
            altered.append(identifier)
        if identifier not in memory.rollouts and identifier not in pending:
            foreign.append(identifier)
    lost = sorted(memory.rollouts - seen)
    for name in memory.prompts:
        status, _, _ = client.call("GET", "/v1/prompts/" + urllib.parse.quote(name, safe=""))
        if status != 200:
            lost.append(name)
    return seen, lost, doubled, altered + foreign
