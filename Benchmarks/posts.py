"""Load for POST /v1/rollouts: a few processes with one connection each, standard library only, bounded in time.

Waits until the server of `--log` learns (policy 1 or later), then posts for `--seconds` from `--clients` processes, each
rollout with 4,096 token ids and log-probs, while another process reads /admin/status. Prints rows of README's table.
"""
import argparse
import json
import multiprocessing
import os
import re
import socket
import time
import urllib.request

TOKENS = 4096


def address(log):
    for _ in range(600):
        match = re.search(r"serving on http://127\.0\.0\.1:(\d+)/", open(log).read())
        if match:
            return int(match.group(1))
        time.sleep(0.1)
    raise SystemExit("the server did not say where it serves")


def status(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/status", timeout=30) as answer:
        return json.load(answer)


def exchange(connection, request):
    """Sends one request and reads its answer; returns the status code."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1])


def post(port, path, body):
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def poster(port, number, seconds, pause, results):
    ids = json.dumps([(index * 7919 + number) % 500 for index in range(TOKENS)])
    logprobs = json.dumps([-round(0.001 + (index * 31 % 997) / 500, 6) for index in range(TOKENS)])
    tail = (f',"prompt_id":"bench-{number}","response":"the answer is \\\\boxed{{4}}","token_ids":{ids},"logprobs":{logprobs},'
            '"policy_version":0,"finish_reason":"stop","generator":"bench"}]}').encode()
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    latencies, refused, index, end = [], 0, 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        request = post(port, "/v1/rollouts", b'{"rollouts":[{"id":"bench-%d-%d"' % (number, index) + tail)
        start = time.perf_counter()
        code = exchange(connection, request)
        latencies.append(time.perf_counter() - start)
        refused += code != 202
        index += 1
        if pause:
            time.sleep(pause)
    results.put((latencies, refused))


def reader(port, seconds, results):
    request = b"GET /admin/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", port))
    latencies, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        exchange(connection, request)
        latencies.append(time.perf_counter() - start)
        time.sleep(0.05)
    results.put(latencies)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def run(port, clients, seconds, pause):
    results, reads = multiprocessing.Queue(), multiprocessing.Queue()
    first = int(time.time() * 1000) % 10**9 * 100
    numbers = [first + client for client in range(clients)]
    workers = [multiprocessing.Process(target=poster, args=(port, number, seconds, pause, results)) for number in numbers]
    prompts = [{"id": f"bench-{number}", "dataset": "bench", "text": "2+2=", "task": {"type": "math", "answer": "4"}} for number in numbers]
    connection = socket.create_connection(("127.0.0.1", port))
    assert exchange(connection, post(port, "/v1/prompts", json.dumps({"prompts": prompts}).encode())) == 201
    workers.append(multiprocessing.Process(target=reader, args=(port, seconds, reads)))
    for worker in workers:
        worker.start()
    answers = [results.get() for _ in range(clients)]
    status_latencies = reads.get()
    for worker in workers:
        worker.join()
    latencies = [value for part, _ in answers for value in part]
    return latencies, sum(refused for _, refused in answers), status_latencies


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    port = address(options.log)
    idle = int(open(f"/proc/{options.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
    start = time.time()
    while (status(port)["policy_version"] or 0) < 2:
        if time.time() - start > 900:
            raise SystemExit("no update within 15 minutes")
        time.sleep(1)
    print(f"| start to second update, cold start included | {time.time() - start:.0f} s |")
    before = status(port)["policy_version"], time.time()
    time.sleep(20)
    after = status(port)["policy_version"], time.time()
    print(f"| updates a minute, nothing else going on | {(after[0] - before[0]) / (after[1] - before[1]) * 60:.0f} |")
    full, refused, reads = run(port, options.clients, options.seconds, 0)
    print(f"| POST /v1/rollouts of 4,096 tokens while learning, {options.clients} clients at full speed | "
          f"{len(full) / options.seconds:.0f}/s, p50 {quantile(full, .5):.1f} ms, p99 {quantile(full, .99):.1f} ms, {refused} refused |")
    pause = options.clients / (len(full) / options.seconds)
    half, refused, reads_half = run(port, options.clients, options.seconds, pause)
    print(f"| the same at about half that rate | {len(half) / options.seconds:.0f}/s, p50 {quantile(half, .5):.1f} ms, "
          f"p99 {quantile(half, .99):.1f} ms, {refused} refused |")
    print(f"| GET /admin/status meanwhile | p50 {quantile(reads_half, .5):.1f} ms, p99 {quantile(reads_half, .99):.1f} ms |")
    print(f"| resident memory just after start | {idle / 1e6:.0f} MB |")
    print(f"| size of the binary, not stripped | {os.path.getsize(options.binary) / 1e6:.0f} MB |")


if __name__ == "__main__":
    main()
