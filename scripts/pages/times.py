#!/usr/bin/env python3
"""Times every kind of page of a running server over one loopback connection: median and slowest of some requests, and bytes.

    scripts/pages/times.py http://127.0.0.1:8080 [REQUESTS]

On a large ledger (scripts/make-ledger) each is to take less than 50 ms. Standard library only.
"""
import http.client
import re
import sys
import time
import urllib.parse


def main():
    url = urllib.parse.urlsplit(sys.argv[1])
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)

    def get(path):
        connection.request("GET", path, headers={"accept": "text/html"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return body.decode()

    def first(path, pattern):
        found = re.search(pattern, get(path))
        return found.group(1).replace("&amp;", "&") if found else None

    group = first("/groups", r'href="(/groups/[^"]+)"')
    consumed = first("/groups?status=consumed", r'href="(/groups/[^"]+)"')
    pages = ["/", "/runs", "/runs?from=1&to=40&metric=entropy", "/runs/chart.svg?metric=entropy", "/runs/compare",
             "/runs/compare?seeds=each", "/runs/compare?from=1&to=100", "/runs/compare.svg?metric=entropy", "/groups", "/groups?status=consumed",
             "/groups?status=open", "/groups?dataset=set-3", "/groups?dataset=nobody", "/groups?before=1000", group, consumed,
             group and first(group, r'href="(/rollouts/[^"?]+)'), consumed and first(consumed, r'href="(/rollouts/[^"?]+)'),
             "/tokens/kept", "/policies", "/evaluations", "/queue", "/queue?state=all"]
    print(f"{'page':50} {'median ms':>10} {'slowest ms':>11} {'bytes':>9}")
    worst = 0
    for path in [page for page in pages if page]:
        seconds = []
        for _ in range(requests):
            start = time.perf_counter()
            size = len(get(path).encode())
            seconds.append(time.perf_counter() - start)
        seconds.sort()
        worst = max(worst, seconds[len(seconds) // 2])
        print(f"{path[:50]:50} {1000 * seconds[len(seconds) // 2]:10.1f} {1000 * seconds[-1]:11.1f} {size:9}")
    sys.exit(0 if worst < 0.05 else 1)


if __name__ == "__main__":
    main()
