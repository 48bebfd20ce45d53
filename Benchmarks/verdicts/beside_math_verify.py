"""Math-Verify beside ours on the same pairs: judged in place, and ours through POST /v1/score as well.

`... pairs VECTORS DIRECTORY` writes the pairs: the labelled answers of Tests/Vectors/math without the hostile ones, and
boxed numbers behind 2 kB and 100 kB of text. `... run DIRECTORY BENCH LOG` judges them and prints table rows: BENCH is
the program that runs ours, LOG the log of a server that says its port.
"""
import glob
import json
import logging
import os
import random
import re
import socket
import subprocess
import sys
import time

SETS = [("mix", "the labelled mix"), ("short", "a box behind 2 kB of text"), ("long", "a box behind 100 kB of text")]
SENTENCE = ("We first note that $x^2 + 3x = \\frac{7}{2}$, so that by the previous step \\(y = 4\\) and the sum of all "
            "these terms is 12. ")
BATCH = 256


def write_pairs(vectors, directory):
    rows = []
    for path in sorted(glob.glob(vectors + "/*.jsonl")):
        if os.path.basename(path) != "hostile.jsonl":
            rows += [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]
    write(directory, "mix", [{"answer": row["answer"], "response": row["response"]} for row in rows])
    generator = random.Random(1)
    for name, size, count in (("short", 2_000, 256), ("long", 100_000, 32)):
        text = (SENTENCE * (size // len(SENTENCE) + 1))[:size]
        pairs = []
        for index in range(count):
            value = generator.randint(1, 99_999)
            told = value + index % 2
            pairs.append({"answer": str(value), "response": f"{text} The final answer is $\\boxed{{{told}}}$."})
        write(directory, name, pairs)


def write(directory, name, pairs):
    with open(f"{directory}/{name}.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)


def read(directory, name):
    return [json.loads(line) for line in open(f"{directory}/{name}.jsonl", encoding="utf-8")]


def math_verify(pairs, seconds):
    """Pairs a second of Math-Verify; a pair that its alarm ends, or that raises, is left out of count and time."""
    from math_verify import parse, verify
    logging.disable(logging.CRITICAL)

    def judge(pair):
        gold = pair["answer"] if "$" in pair["answer"] or "\\boxed" in pair["answer"] else f"${pair['answer']}$"
        return verify(parse(gold, parsing_timeout=2), parse(pair["response"], parsing_timeout=2), timeout_seconds=2)

    judge(pairs[0])
    count, taken, dropped, begin = 0, 0.0, 0, time.perf_counter()
    for pair in pairs:
        start = time.perf_counter()
        try:
            judge(pair)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            dropped += 1
            continue
        elapsed = time.perf_counter() - start
        if elapsed >= 2:
            dropped += 1
            continue
        count += 1
        taken += elapsed
        if time.perf_counter() - begin > seconds:
            break
    return count / taken, dropped


def ours(bench, path, seconds):
    out = subprocess.run([bench, path, str(seconds)], check=True, capture_output=True, text=True).stdout
    result = json.loads(out)
    return result["pairs"] / result["seconds"]


def exchange(connection, request):
    connection.sendall(request)
    data = bytearray()
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 20)
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
    got = len(body)
    while got < length:
        got += len(connection.recv(1 << 20))
    return int(head.split(b" ", 2)[1])


def through_score(port, pairs, seconds):
    """Pairs a second through POST /v1/score in batches of 256 over one kept connection; requests are made before."""
    requests = []
    pairs = pairs * (BATCH // len(pairs) + 1) if len(pairs) < BATCH else pairs
    for start in range(0, len(pairs) - BATCH + 1, BATCH):
        items = [{"task": {"type": "math", "answer": pair["answer"]}, "response": pair["response"]}
                 for pair in pairs[start:start + BATCH]]
        body = json.dumps({"items": items}, ensure_ascii=False).encode()
        requests.append((f"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    assert exchange(connection, requests[0]) == 200
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for request in requests:
            assert exchange(connection, request) == 200
            count += BATCH
    return count / (time.perf_counter() - begin)


def address(log):
    for _ in range(600):
        match = re.search(r"serving on http://127\.0\.0\.1:(\d+)/", open(log).read())
        if match:
            return int(match.group(1))
        time.sleep(0.1)
    raise SystemExit("the server did not say where it serves")


def run(directory, bench, log):
    port = address(log)
    for name, what in SETS:
        pairs = read(directory, name)
        theirs, dropped = math_verify(pairs, 30)
        direct = ours(bench, f"{directory}/{name}.jsonl", 3)
        served = through_score(port, pairs, 3)
        left = f", {dropped} left out that it did not finish" if dropped else ""
        print(f"| math verdicts, {what} | {direct:,.0f}/s a core ({1e6 / direct:.1f} us each), Math-Verify 0.9.0 "
              f"{theirs:,.0f}/s{left}: {direct / theirs:,.0f} times |", flush=True)
        print(f"| the same through POST /v1/score in batches of {BATCH} | {served:,.0f}/s on one core: "
              f"{served / theirs:,.0f} times |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "pairs":
        write_pairs(*sys.argv[2:4])
    else:
        run(*sys.argv[2:5])
