"""A server at full load for a long time: is its memory flat, and does it stay quick?

    python3 scripts/faults/soak.py --binaries .build/release --minutes 20 [--model DIR] [--retention-bytes N]

Everything at once, without pause: posts (JSON, gzip, the binary form), leases with and without results, verdicts by workers, long polls,
listings, exports that are read slowly, events, metrics, the page, backups, a learner, retention. Prints resident memory and rates each half
minute, then the median of resident memory in the first and last quarter after a warm-up of a fifth; exits with 1 when they differ by more
than a tenth, or when anything was answered that should not be. Loopback only; ends by itself.
"""
import argparse
import gzip
import json
import os
import random
import shutil
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time

import load
import tiny_model
from faults import LEARNING
from server import Gone, Server, check, in_threads

BINARY = "application/vnd.rolloutd.rollouts"


class Counts:
    def __init__(self):
        self.lock, self.values, self.latencies, self.faults, self.version = threading.Lock(), {}, [], [], 0

    def add(self, name, count=1):
        with self.lock:
            self.values[name] = self.values.get(name, 0) + count

    def latency(self, seconds):
        with self.lock:
            self.latencies.append(seconds)

    def take_latencies(self):
        with self.lock:
            taken, self.latencies = self.latencies, []
            return sorted(taken)


def forever(server, counts, name, job):
    """Runs a client's job again and again until it is told to stop; a lost connection is a fault."""
    def run(stop):
        client = server.client(120)
        while not stop.is_set():
            try:
                job(client, stop)
            except Gone as error:
                if not stop.is_set():
                    counts.add("connections lost")
                    with counts.lock:
                        counts.faults.append(f"{name}: {error}")
                client = server.client(120)
    return run


def body(numbers, prompt, tokens, version):
    number = numbers["next"] = numbers["next"] + 1
    ids = [(number + k) % 500 for k in range(tokens)]
    return {"id": f"soak/{numbers['name']}/{number}", "prompt_id": prompt, "response": f"it is \\boxed{{{4 + number % 2}}}" + "x" * (number % 800),
            "token_ids": ids, "logprobs": [-((number + k) % 997) / 512 for k in range(tokens)], "policy_version": version,
            "finish_reason": "stop", "generator": "soak"}


def poster(counts, name, encoding):
    numbers, choose = {"name": name, "next": 0}, random.Random(name)
    state = {"prompt": None, "used": 0}

    def job(client, stop):
        if state["prompt"] is None or state["used"] > 500:
            state["prompt"], state["used"] = f"soak-{name}-{numbers['next']}", 0
            client.call("POST", "/v1/prompts", {"prompts": [{**load.prompt(state["prompt"]), "dataset": "soak"}]})
        batch = [body(numbers, state["prompt"], choose.choice([16, 256, 1024, 4096]), counts.version) for _ in range(choose.choice([1, 8, 16]))]
        data, headers = json.dumps({"rollouts": batch}).encode(), {"Content-Type": "application/json"}
        if encoding == "gzip":
            data, headers["Content-Encoding"] = gzip.compress(data, 1), "gzip"
        if encoding == "binary":
            data, headers["Content-Type"] = packed(batch), BINARY
        while not stop.is_set():
            begin = time.monotonic()
            status, answer, answered = client.call("POST", "/v1/rollouts", data, headers)
            if status == 202:
                counts.latency(time.monotonic() - begin)
                counts.add("rollouts", sum("error" not in item for item in answer["rollouts"]))
                state["used"] += len(batch)
                return
            counts.add(f"post {status}")
            if status not in (429, 503):
                with counts.lock:
                    counts.faults.append(f"post ({encoding}) {status}: {json.dumps(answer)[:200]}")
                return
            stop.wait(min(2, float(answered.get("Retry-After", 1))))
    return job


def packed(batch):
    """The binary form of POST /v1/rollouts; see openapi.yaml."""
    out = [b"RLO1"]
    for item in batch:
        ids, logprobs = item["token_ids"], item["logprobs"]
        header = json.dumps({k: v for k, v in item.items() if k not in ("token_ids", "logprobs")}).encode()
        out += [struct.pack("<I", len(header)), header, struct.pack("<I", len(ids)),
                struct.pack(f"<{len(ids)}i", *ids), struct.pack(f"<{len(ids)}f", *logprobs)]
    return b"".join(out)


def reader(counts, paths, pause):
    def job(client, stop):
        for path in paths:
            begin = time.monotonic()
            status, _, _ = client.call("GET", path, raw=True)
            counts.add(f"read {status}")
            counts.values["slowest read"] = max(counts.values.get("slowest read", 0), time.monotonic() - begin)
            stop.wait(pause)
    return job


def follow_policy(counts):
    """A generator's weights follow the learner's: rollouts name the newest policy."""
    def job(client, stop):
        status = client.call("GET", "/admin/status")[1]
        counts.version = status["policy_version"] or 0
        if status["learner"]["phase"] == "paused":
            # Alarms pause a learner that learns from noise; here it goes on.
            client.call("PATCH", "/v1/learner", {"state": "running"})
        stop.wait(0.5)
    return job


def long_poll(counts, names):
    choose = random.Random(7)

    def job(client, stop):
        client.call("GET", f"/v1/rollouts/soak%2F{choose.choice(names)}%2F{choose.randrange(1, 10 ** 6)}?wait_seconds=2")
        client.call("POST", "/v1/leases", {"kind": "generate", "worker": "idle", "max": 1, "wait_seconds": 1})
        counts.add("long polls")
        stop.wait(0.05)
    return job


def slow_export(counts):
    def job(client, stop):
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(b"GET /v1/rollouts/export HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            for _ in range(300):
                if stop.is_set() or not s.recv(4096):
                    break
                time.sleep(0.02)
        counts.add("exports left half read")
    return job


def events(counts):
    def job(client, stop):
        with socket.create_connection(("127.0.0.1", client.port), timeout=20) as s:
            s.sendall(b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            end = time.monotonic() + 30
            while not stop.is_set() and time.monotonic() < end:
                data = s.recv(65536)
                if not data or data.startswith(b"HTTP/1.1 4"):
                    break
                counts.add("events", data.count(b"\nid:") + data.startswith(b"id:"))
    return job


def backups(counts, every):
    def job(client, stop):
        stop.wait(every)
        # The server has closed the connection meanwhile, as it closes all that are idle.
        client.close()
        if not stop.is_set():
            status, _, _ = client.call("POST", "/admin/backup", {"keep": 1})
            counts.add(f"backup {status}")
    return job


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--model", help="a Hugging Face directory; a tiny random model by default")
    parser.add_argument("--serve", default="", help="further options of `rolloutd serve`, as one text")
    parser.add_argument("--encodings", default="json,json,gzip,binary")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="rolloutd-soak-")
    counts, stop, readings = Counts(), threading.Event(), []
    try:
        model = options.model or f"{folder}/model"
        if not options.model:
            tiny_model.write(model)
        server = Server(f"{options.binaries}/rolloutd", f"{folder}/ledger.sqlite", "--model", model, *LEARNING, "--set", "learning_rate=1e-9", *options.serve.split())
        memory = load.Memory()
        names = [f"{encoding}{k}" for k, encoding in enumerate(options.encodings.split(","))]
        jobs = [poster(counts, name, encoding) for name, encoding in zip(names, options.encodings.split(","))]
        jobs += [reader(counts, ["/v1/rollouts?limit=50", "/v1/rollouts?status=consumed&limit=50", "/v1/updates", "/", "/metrics", "/admin/status"], 0.2)]
        jobs += [follow_policy(counts)]
        jobs += [long_poll(counts, names) for _ in range(8)] + [slow_export(counts), events(counts), events(counts), backups(counts, 240)]
        jobs += [lambda client, stop: load.judge("soak-judge", memory)(client, stop)]
        jobs += [lambda client, stop: load.generator("soak-generator", memory, [0])(client, stop)]
        threads = in_threads(*[lambda j=j, n=n: forever(server, counts, f"job {n}", j)(stop) for n, j in enumerate(jobs)])
        begin, before = time.monotonic(), {}
        print("| minute | resident MB | database MB | log MB | rollouts/s | p50 ms | p99 ms | 429 | policy |\n|---|---|---|---|---|---|---|---|---|", flush=True)
        while time.monotonic() - begin < options.minutes * 60 and server.is_running():
            time.sleep(30)
            now = dict(counts.values)
            latencies = counts.take_latencies() or [0]
            if not server.is_running():
                print(f"the server ended with status {server.process.returncode}; the end of its log:\n{server.text()[-3000:]}", flush=True)
                break
            resident = server.resident()
            readings.append(resident)
            status = server.client().call("GET", "/admin/status")[1]
            sizes = [os.path.getsize(f"{folder}/ledger.sqlite{s}") / 1e6 if os.path.exists(f"{folder}/ledger.sqlite{s}") else 0 for s in ("", "-wal")]
            print(f"| {(time.monotonic() - begin) / 60:.1f} | {resident / 1e6:.0f} | {sizes[0]:.0f} | {sizes[1]:.0f} | "
                  f"{(now.get('rollouts', 0) - before.get('rollouts', 0)) / 30:.0f} | {latencies[len(latencies) // 2] * 1000:.1f} | "
                  f"{latencies[int(len(latencies) * .99)] * 1000:.1f} | {now.get('post 429', 0) - before.get('post 429', 0)} | {status['policy_version']} |", flush=True)
            before = now
        stop.set()
        for thread in threads:
            thread.join(60)
        alive = server.is_running()
        ended, seconds = server.stop(120) if alive else (server.process.returncode, 0.0)
        settled = readings[len(readings) // 5:] or [0]
        quarter = max(1, len(settled) // 4)
        first, last = statistics.median(settled[:quarter]), statistics.median(settled[-quarter:])
        sound = check(f"{options.binaries}/rolloutd", f"{folder}/ledger.sqlite")
        print(f"resident memory: {first / 1e6:.0f} MB in the first quarter after warm-up, {last / 1e6:.0f} MB in the last ({(last / first - 1) * 100:+.1f} %), "
              f"{max(readings) / 1e6:.0f} MB at most; stopped with status {ended} in {seconds:.1f} s; check: {sound[1].splitlines()[0][:160]}")
        print(json.dumps({k: round(v, 3) for k, v in sorted(counts.values.items())}))
        for fault in counts.faults[:10]:
            print("fault:", fault)
        sys.exit(0 if alive and ended == 0 and sound[0] and not counts.faults and last / first < 1.1 else 1)
    finally:
        stop.set()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
