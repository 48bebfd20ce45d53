"""Judging code, measured: 30 problems with 540 tests through POST /v1/score, two requests at a time, and in the same
run a runner like LiveCodeBench's own, in process and without isolation. Prints rows of README's table.

Each request carries a source of its own (a comment with its number), so that no verdict comes from memory; the row
about repeated requests says what remembering gives.
"""
import argparse
import json
import os
import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "code"))
import calls  # noqa: E402
import graphs  # noqa: E402
import in_process  # noqa: E402
import native  # noqa: E402
import simulations  # noqa: E402
import streams  # noqa: E402

PROBLEMS = streams.PROBLEMS + graphs.PROBLEMS + simulations.PROBLEMS + calls.PROBLEMS
# Another machine's measurement of SandboxFusion's /run_code without isolation beside that runner with two workers, in
# tests a second: the ratio carries over, the rates do not.
FUSION, FUSION_BESIDE = 45, 430


def address(log):
    for _ in range(600):
        match = re.search(r"serving on http://127\.0\.0\.1:(\d+)/", open(log).read())
        if match:
            return int(match.group(1))
        time.sleep(0.1)
    raise SystemExit("the server did not say where it serves")


def family(root):
    """The process and its living descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append((int(name), fields))
    found, edge = [], [root]
    while edge:
        process = edge.pop()
        found += [f for p, f in sum(children.values(), []) if p == process]
        edge += [p for p, _ in children.get(process, [])]
    return found


def cpu_seconds(root):
    """CPU of the server, its jails and everything that ended in them."""
    ticks = sum(sum(map(int, fields[11:15])) for fields in family(root))
    return ticks / os.sysconf("SC_CLK_TCK")


class Connection:
    """One connection that stays open; standard library sockets, since a client library costs more than the judging."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def score(self, body):
        return self.post("/v1/score", body)["results"][0]

    def post(self, path, body):
        head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        self.socket.sendall(head + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(1 << 16)
        head, _, data = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
        while len(data) < length:
            data += self.socket.recv(1 << 16)
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"the server answered {head!r}: {data[:500]!r}")
        return json.loads(data)


def request(task, source):
    fence = "cpp" if task["language"] == "cpp" else "python"
    return json.dumps({"items": [{"task": task, "response": f"```{fence}\n{source}```"}]}).encode()


def drive(port, bodies, clients=2, send=Connection.score):
    """Sends all bodies, so many at a time; (seconds, latencies, results)."""
    waiting, latencies, results = list(enumerate(bodies))[::-1], [], [None] * len(bodies)

    def client():
        connection = Connection(port)
        while waiting:
            try:
                number, body = waiting.pop()
            except IndexError:
                return
            start = time.perf_counter()
            results[number] = send(connection, body)
            latencies.append(time.perf_counter() - start)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, latencies, results


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def check(results):
    for result in results:
        if result["verdict"] != "passed":
            raise SystemExit(f"not passed: {json.dumps(result)[:600]}")


def row(name, requests, tests, seconds, latencies, cpu=None):
    each = "-" if cpu is None else f"{cpu / tests * 1000:.2f} ms"
    print(f"| {name} | {requests / seconds:.1f} | {tests / seconds:.0f} | {quantile(latencies, .5):.0f} / "
          f"{quantile(latencies, .99):.0f} ms | {each} |", flush=True)
    return tests / seconds


def rounds(count, tests, mark):
    """(source, task) for each problem, `count` times over, each source unlike any other."""
    made = []
    for number in range(count):
        for problem in PROBLEMS:
            task = problem.task()
            task["tests"] = task["tests"][:tests]
            made.append((f"{problem.solution}# {mark} {number}\n", task))
    return made


def measure(port, pid, name, pairs):
    bodies = [request(task, source) for source, task in pairs]
    before = cpu_seconds(pid)
    seconds, latencies, results = drive(port, bodies)
    cpu = cpu_seconds(pid) - before
    check(results)
    tests = sum(len(task["tests"]) for _, task in pairs)
    return row(name, len(pairs), tests, seconds, latencies, cpu), quantile(latencies, .99), cpu / tests * 1000


def fusion_body(source, test):
    """A request of verl's: one program, one test."""
    return json.dumps({"compile_timeout": 10, "run_timeout": 10, "code": source, "stdin": test["input"], "memory_limit_MB": 1024,
                       "language": "python", "files": {}, "fetch_files": []}).encode()


def submit_body(source, tests):
    """SandboxFusion's /submit: one program, all its tests."""
    cases = [{"input": {"stdin": test["input"]}, "output": {"stdout": test["output"]}} for test in tests]
    return json.dumps({"dataset": "d", "id": 1, "completion": f"```python\n{source}```", "config": {
        "dataset_type": "CommonOJDataset", "language": "python", "run_timeout": 10,
        "provided_data": {"id": 1, "content": "", "labels": {}, "test": cases}, "extra": {"run_all_cases": True}}}).encode()


def measure_fusion(port, pid, pairs):
    """SandboxFusion's protocol by verl's requests; programs that read standard input only."""
    streams_only = [(source, task["tests"]) for source, task in pairs if "entry_point" not in task]
    singles = [(fusion_body(source, test), test["output"]) for source, tests in streams_only for test in tests]
    before = cpu_seconds(pid)
    seconds, latencies, results = drive(port, [body for body, _ in singles], 2, lambda c, body: c.post("/run_code", body))
    cpu = cpu_seconds(pid) - before
    for result, (_, output) in zip(results, singles):
        if result["status"] != "Success" or result["run_result"]["stdout"].split() != output.split():
            raise SystemExit(f"not right: {json.dumps(result)[:600]}")
    row("SandboxFusion's POST /run_code, one test a request", len(singles), len(singles), seconds, latencies, cpu)
    whole = [submit_body(source, tests) for source, tests in streams_only]
    before = cpu_seconds(pid)
    seconds, latencies, results = drive(port, whole, 2, lambda c, body: c.post("/submit", body))
    cpu = cpu_seconds(pid) - before
    if not all(result["accepted"] for result in results):
        raise SystemExit("not accepted")
    row("SandboxFusion's POST /submit", len(whole), len(singles), seconds, latencies, cpu)


def measure_in_process(name, pairs, workers):
    seconds, cpu, latencies, passed = in_process.run(pairs, workers)
    if passed != len(pairs):
        raise SystemExit(f"{name}: {len(pairs) - passed} of {len(pairs)} problems did not pass")
    tests = sum(len(task["tests"]) for _, task in pairs)
    return row(name, len(pairs), tests, seconds, latencies, cpu)


def measure_native(port):
    """C++: the first judging compiles, the second finds the program compiled, whichever slot it meets. Headers are
    precompiled at the first use; a slot shows them from its next compilation on."""
    source, task = native.SOURCE, native.task()
    stamp = time.time_ns()
    plan = [("first time", 0, 10), ("again, other tests", 0, 9)] + [
        ("another program, headers precompiled", number, 10) for number in range(1, 5)]
    for name, number, tests in plan:
        if number == 1:
            time.sleep(10)
        some = dict(task, tests=task["tests"][:tests])
        seconds, _, results = drive(port, [request(some, f"{source}// {stamp} {number}\n")], 1)
        check(results)
        print(f"| C++ with bits/stdc++.h, {tests} tests, {name} | {seconds * 1000:.0f} ms |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    port, stamp = address(options.log), time.time_ns()
    first, latencies, results = drive(port, [request(*rounds(1, 18, stamp)[0][::-1])], 1)
    check(results)
    print(f"| first request after the start | {first * 1000:.0f} ms |\n")
    print("| 30 problems, two at a time | requests/s | tests/s | p50 / p99 | CPU a test |\n|---|---|---|---|---|")
    drive(port, [request(task, source) for source, task in rounds(1, 18, f"warm {stamp}")])
    pairs = rounds(options.rounds, 18, f"run {stamp}")
    ours, _, cpu = measure(port, options.pid, "POST /v1/score, a process a test", pairs)
    _, p99, _ = measure(port, options.pid, "the same with 10 tests", rounds(options.rounds, 10, f"ten {stamp}"))
    again, latencies, results = drive(port, [request(task, source) for source, task in pairs])
    check(results)
    row("the same requests again, remembered", len(pairs), len(pairs) * 18, again, latencies)
    measure_fusion(port, options.pid, pairs)
    in_process_pairs = rounds(max(1, options.rounds // 2), 18, "")
    measure_in_process("in process as LiveCodeBench's runner, 1 worker", in_process_pairs, 1)
    beside = measure_in_process("in process as LiveCodeBench's runner, 2 workers", in_process_pairs, 2)
    fusion = beside * FUSION / FUSION_BESIDE
    print(f"| SandboxFusion /run_code, no isolation, from its ratio to that runner | | {fusion:.0f} | | |\n")
    print(f"| ours against that runner with 2 workers | {ours / beside:.2f} times |")
    print(f"| ours against SandboxFusion | {ours / fusion:.1f} times (goal 10) |")
    print(f"| CPU a test | {cpu:.2f} ms (goal 2) |\n| p99 of a 10-test request | {p99:.0f} ms (goal 150) |")
    measure_native(port)


if __name__ == "__main__":
    main()
