"""Intake beside Atropos' own API server: the same groups of 8 rollouts of 4,096 tokens, the same client, by turns in one run.

Standard library only, bounded in time. A client is a thread with one connection that sends bytes made before the clock starts (only ids are
patched in place), so that it costs little; what it costs is printed. Atropos' queue is emptied by GET /batch between turns,
outside the clock; ours judges what it stored meanwhile, and its queue is let run empty between turns as well.
"""
import argparse
import json
import os
import random
import re
import socket
import statistics
import struct
import threading
import time

TOKENS, GROUP, PROMPT_TOKENS, VOCABULARY = 4096, 8, 128, 150_000
BINARY = "application/vnd.rolloutd.rollouts"


class Connection:
    """One HTTP/1.1 connection that stays open."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request):
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("closed")
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
        parts, have = [body], len(body)
        while have < length:
            parts.append(self.socket.recv(1 << 20))
            have += len(parts[-1])
        return int(head.split(b" ", 2)[1]), b"".join(parts)


def request(method, path, body=b"", content_type="application/json"):
    return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def call(port, method, path, value=None):
    body = b"" if value is None else json.dumps(value).encode()
    status, answer = Connection(port).exchange(request(method, path, body))
    return status, json.loads(answer) if answer[:1] in b"{[" else answer


def sample(seed):
    """Token ids and log-probs of one rollout: 32-bit floats widened to Python's, as a vLLM client has them."""
    draw = random.Random(seed)
    ids = [draw.randrange(VOCABULARY) for _ in range(TOKENS)]
    logprobs = [min(0.0, -draw.expovariate(2.5)) for _ in range(TOKENS)]
    return ids, list(struct.unpack(f"<{TOKENS}f", struct.pack(f"<{TOKENS}f", *logprobs)))


class Body:
    """A request whose ids, of fixed width, are written anew before each post."""

    def __init__(self, raw, client):
        self.raw = bytearray(raw)
        self.places = [match.start(1) for match in re.finditer(rb"bench-(\d{12})", self.raw)]
        self.client = client

    def numbered(self, post):
        mark = b"%05d%07d" % (self.client, post)
        for place in self.places:
            self.raw[place:place + 12] = mark
        return self.raw


def atropos_body(samples):
    """What an environment sends: tokens, masks with the prompt as -100, scores, and 1.0 as the prompt's log-probs."""
    return request("POST", "/scored_data", json.dumps({
        "tokens": [ids for ids, _ in samples],
        "masks": [[-100] * PROMPT_TOKENS + ids[PROMPT_TOKENS:] for ids, _ in samples],
        "scores": [float(index % 2) for index in range(len(samples))],
        "inference_logprobs": [[1.0] * PROMPT_TOKENS + logprobs[PROMPT_TOKENS:] for _, logprobs in samples],
        "env_id": 0}).encode())


def header(prompt, index, named):
    fields = {"id": f"bench-{0:012d}-{index}", "prompt_id": prompt, "response": "the answer is \\boxed{%d}" % (3 + index % 2),
              "policy_version": 0, "finish_reason": "stop", "generator": "bench"}
    return fields | ({"group_id": f"group-bench-{0:012d}", "group_size": GROUP} if named else {})


def json_body(samples, prompt, named):
    return request("POST", "/v1/rollouts", json.dumps({"rollouts": [
        header(prompt, index, named) | {"token_ids": ids, "logprobs": logprobs}
        for index, (ids, logprobs) in enumerate(samples)]}).encode())


def binary_body(samples, prompt, named):
    parts = [b"RLO1"]
    for index, (ids, logprobs) in enumerate(samples):
        head = json.dumps(header(prompt, index, named)).encode()
        parts += [struct.pack("<I", len(head)), head, struct.pack("<I", len(ids)),
                  struct.pack(f"<{len(ids)}i", *ids), struct.pack(f"<{len(ids)}f", *logprobs)]
    return request("POST", "/v1/rollouts", b"".join(parts), BINARY)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else float("nan")


class Turn:
    """What one turn of one form measured."""

    def __init__(self, port, pid, bodies, seconds, numbers, pause=0.0):
        self.latencies, self.statuses, self.bytes = [], {}, 0
        lock, barrier = threading.Lock(), threading.Barrier(len(bodies) + 1)

        def work(prepared):
            connection, latencies, statuses, sent = Connection(port), [], {}, 0
            barrier.wait()
            start = time.perf_counter()
            end, due = start + seconds, start + random.random() * pause
            while True:
                now = time.perf_counter()
                if pause and now < due:
                    time.sleep(due - now)
                if time.perf_counter() >= end:
                    break
                body = prepared[len(latencies) % len(prepared)]
                data = body.numbered(next(numbers))
                begun = time.perf_counter()
                status, _ = connection.exchange(data)
                latencies.append(time.perf_counter() - begun)
                statuses[status] = statuses.get(status, 0) + 1
                sent += len(data)
                due += pause
            with lock:
                self.latencies += latencies
                self.bytes += sent
                for status, count in statuses.items():
                    self.statuses[status] = self.statuses.get(status, 0) + count

        threads = [threading.Thread(target=work, args=(prepared,)) for prepared in bodies]
        for thread in threads:
            thread.start()
        barrier.wait()
        wall, client, server = time.perf_counter(), time.process_time(), cpu_seconds(pid)
        for thread in threads:
            thread.join()
        self.wall = time.perf_counter() - wall
        self.client = time.process_time() - client
        self.server = cpu_seconds(pid) - server
        self.resident = resident(pid)

    @property
    def accepted(self):
        return GROUP * (self.statuses.get(200, 0) + self.statuses.get(202, 0))

    @property
    def rate(self):
        return self.accepted / self.wall


class Atropos:
    name = "Atropos /scored_data (in memory)"

    def __init__(self, port, pid, clients):
        self.port, self.pid = port, pid
        call(port, "POST", "/register", {
            "wandb_group": "bench", "wandb_project": "bench", "batch_size": 8 * GROUP, "max_token_len": TOKENS,
            "checkpoint_dir": "/tmp", "save_checkpoint_interval": 0, "starting_step": 0, "num_steps": 1_000_000})
        call(port, "GET", "/batch")
        status, answer = call(port, "POST", "/register-env", {
            "max_token_length": TOKENS, "desired_name": "bench", "weight": 1.0, "group_size": GROUP})
        assert status == 200 and answer["status"] == "success", answer
        self.bodies = [[Body(atropos_body(group(client, part)), client) for part in range(2)] for client in range(clients)]

    def drain(self):
        while call(self.port, "GET", "/batch")[1].get("batch") is not None:
            pass


class Ours:
    def __init__(self, name, make, port, pid, clients, named):
        self.name, self.port, self.pid = name, port, pid
        self.bodies = [[Body(make(group(client, part), f"prompt-{client}", named), client) for part in range(2)]
                       for client in range(clients)]
        status, answer = call(port, "POST", "/v1/prompts", {"prompts": [
            {"id": f"prompt-{client}", "dataset": "bench", "text": "2+2=", "task": {"type": "math", "answer": "4"}}
            for client in range(clients)]})
        assert status == 201, answer

    def drain(self):
        """Until every rollout has its verdict."""
        while True:
            counts = call(self.port, "GET", "/admin/status")[1]["ledger"]["rollouts"]
            if counts["queued"] + counts["scoring"] == 0:
                return time.sleep(1.2)
            time.sleep(0.2)


def group(client, part):
    return [sample(f"{client}/{part}/{index}") for index in range(GROUP)]


def row(name, turns):
    rates = [turn.rate for turn in turns]
    latencies = [value for turn in turns for value in turn.latencies]
    refused = sum(sum(turn.statuses.values()) - turn.accepted // GROUP for turn in turns)
    accepted = sum(turn.accepted for turn in turns) or 1
    sent = sum(turn.bytes for turn in turns) / sum(turn.wall for turn in turns) / 1e6
    return (f"| {name} | {statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f}) | {sent:.0f} | "
            f"{quantile(latencies, .5):.1f} | {quantile(latencies, .99):.1f} | "
            f"{sum(turn.server for turn in turns) / accepted * 1e6:.0f} | "
            f"{sum(turn.client for turn in turns) / accepted * 1e6:.0f} | {max(turn.resident for turn in turns):.0f} | {refused} |")


HEAD = ("| form | rollouts/s, median (range) | MB/s | p50 ms | p99 ms | server CPU us/rollout | client CPU us/rollout | RSS MB | refused |\n"
        "|---|---|---|---|---|---|---|---|---|")


def address(log):
    for _ in range(600):
        match = re.search(r"serving on http://127\.0\.0\.1:(\d+)/", open(log).read())
        if match:
            return int(match.group(1))
        time.sleep(0.1)
    raise SystemExit("the server did not say where it serves")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atropos", nargs=2, type=int, metavar=("PORT", "PID"))
    parser.add_argument("--log", required=True, help="where our server says its address")
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--forms", default="json,binary")
    parser.add_argument("--unnamed", action="store_true", help="without group_id and group_size")
    parser.add_argument("--half", action="store_true", help="then post at half of each form's rate")
    parser.add_argument("--learning", action="store_true", help="wait until the server has made its second update")
    options = parser.parse_args()
    port = address(options.log)
    while options.learning and (call(port, "GET", "/admin/status")[1]["policy_version"] or 0) < 2:
        time.sleep(1)
    makers = {"json": json_body, "binary": binary_body}
    sides = [Ours(f"ours, {form}, durable", makers[form], port, options.pid, options.clients, not options.unnamed)
             for form in options.forms.split(",") if form]
    if options.atropos:
        sides.insert(0, Atropos(*options.atropos, options.clients))
    numbers = iter(range(10_000_000))
    turns = {side.name: [] for side in sides}
    for side in sides:
        Turn(side.port, side.pid, side.bodies, 1, numbers)
        side.drain()
    for _ in range(options.turns):
        for side in sides:
            turns[side.name].append(Turn(side.port, side.pid, side.bodies, options.seconds, numbers))
            side.drain()
    print(HEAD)
    for name, done in turns.items():
        print(row(name, done))
    rates = {name: statistics.median(turn.rate for turn in done) for name, done in turns.items()}
    if options.atropos:
        for side in sides[1:]:
            print(f"{side.name}: {rates[side.name] / rates[sides[0].name]:.1f} times Atropos' rollouts/s")
    if options.half:
        for side in sides:
            pause = options.clients * GROUP / (rates[side.name] / 2)
            done = [Turn(side.port, side.pid, side.bodies, options.seconds, numbers, pause) for _ in range(options.turns)]
            side.drain()
            print(row(side.name + ", half of that rate", done))


if __name__ == "__main__":
    main()
