"""Problems on standard input and output: graphs, grids, numbers, dynamic programming."""
from itertools import product

from problem import Problem, grown, numbers


def edges(rng, count, edge_count, weights=0):
    made = []
    for _ in range(edge_count):
        a, b = rng.sample(range(1, count + 1), 2)
        made.append([a, b, rng.randint(1, weights)] if weights else [a, b])
    return made


def graph_text(count, listed, *more):
    return f"{count} {len(listed)}\n" + "".join(" ".join(map(str, e)) + "\n" for e in listed) + "".join(
        f"{m}\n" for m in more)


def grid_text(rows):
    return f"{len(rows)} {len(rows[0])}\n" + "\n".join(rows) + "\n"


def all_distances(count, listed):
    far = 10 ** 9
    table = [[0 if i == j else far for j in range(count + 1)] for i in range(count + 1)]
    for a, b, *weight in listed:
        table[a][b] = table[b][a] = min(table[a][b], *(weight or [1]))
    for k in range(1, count + 1):
        for i in range(1, count + 1):
            for j in range(1, count + 1):
                table[i][j] = min(table[i][j], table[i][k] + table[k][j])
    return table, far


def shortest_path(count, listed):
    table, far = all_distances(count, listed)
    return table[1][count] if table[1][count] < far else -1


def components(count, listed):
    table, far = all_distances(count, listed)
    return len({tuple(x < far for x in row[1:]) for row in table[1:]})


def islands(rows):
    cells = {(r, c) for r, row in enumerate(rows) for c, x in enumerate(row) if x == "#"}
    count = 0
    while cells:
        count += 1
        edge = {cells.pop()}
        while edge:
            edge = {(r + a, c + b) for r, c in edge for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))} & cells
            cells -= edge
    return count


def order_of_work(count, listed):
    done, out = set(), []
    while len(out) < count:
        ready = [i for i in range(1, count + 1)
                 if i not in done and all(a in done for a, b in listed if b == i)]
        if not ready:
            return "IMPOSSIBLE"
        done.add(ready[0])
        out.append(ready[0])
    return " ".join(map(str, out))


def knapsack(capacity, weights, values):
    return max(sum(v for v, t in zip(values, taken) if t) for taken in product((0, 1), repeat=len(weights))
               if sum(w for w, t in zip(weights, taken) if t) <= capacity)


def primes_between(low, high):
    return sum(all(n % d for d in range(2, int(n ** 0.5) + 1)) for n in range(max(2, low), high + 1))


def power_sum(base, power, modulus):
    return sum(base ** i for i in range(power + 1)) % modulus


def longest_common(a, b):
    table = {}
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            table[i, j] = (1 + table.get((i + 1, j + 1), 0) if a[i] == b[j]
                           else max(table.get((i + 1, j), 0), table.get((i, j + 1), 0)))
    return table.get((0, 0), 0)


def grid(rng, height, width, walls):
    return ["".join("#" if rng.random() < walls else "." for _ in range(width)) for _ in range(height)]


def forward(rng, count, edge_count, cycle):
    made = [sorted(e) for e in edges(rng, count, edge_count)]
    return made + [made[0][::-1]] if cycle else made


def with_items(rng, number):
    count = 1 + number % 10
    return [rng.randint(5, 40), numbers(rng, count, 1, 15), numbers(rng, count, 1, 100)]


PROBLEMS = [
    Problem("shortest path", lambda r, n: [grown(n, 2, 25), edges(r, grown(n, 2, 25), grown(n, 1, 70), 20)],
            shortest_path, """
import heapq
import sys
from collections import defaultdict

def main():
    input = sys.stdin.readline
    n, m = map(int, input().split())
    g = defaultdict(list)
    for _ in range(m):
        a, b, w = map(int, input().split())
        g[a].append((b, w))
        g[b].append((a, w))
    dist = [float("inf")] * (n + 1)
    dist[1] = 0
    pq = [(0, 1)]
    while pq:
        d, u = heapq.heappop(pq)
        if d > dist[u]:
            continue
        for v, w in g[u]:
            if d + w < dist[v]:
                dist[v] = d + w
                heapq.heappush(pq, (d + w, v))
    print(dist[n] if dist[n] < float("inf") else -1)

main()
""", graph_text),
    Problem("components", lambda r, n: [grown(n, 2, 25), edges(r, grown(n, 2, 25), grown(n, 1, 20))], components, """
import sys

class DSU:
    def __init__(self, n):
        self.p = list(range(n))

    def find(self, x):
        while self.p[x] != x:
            self.p[x] = self.p[self.p[x]]
            x = self.p[x]
        return x

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        self.p[a] = b
        return True

def main():
    data = sys.stdin.read().split()
    n, m = int(data[0]), int(data[1])
    d = DSU(n + 1)
    count = n
    for i in range(m):
        if d.union(int(data[2 + 2 * i]), int(data[3 + 2 * i])):
            count -= 1
    print(count)

main()
""", graph_text),
    Problem("islands", lambda r, n: [grid(r, grown(n, 1, 30), grown(n, 1, 30), 0.4)], islands, """
from collections import deque

h, w = map(int, input().split())
g = [list(input()) for _ in range(h)]
ans = 0
for i in range(h):
    for j in range(w):
        if g[i][j] != '#':
            continue
        ans += 1
        q = deque([(i, j)])
        g[i][j] = '.'
        while q:
            x, y = q.popleft()
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                a, b = x + dx, y + dy
                if 0 <= a < h and 0 <= b < w and g[a][b] == '#':
                    g[a][b] = '.'
                    q.append((a, b))
print(ans)
""", grid_text),
    Problem("order of work", lambda r, n: [grown(n, 2, 30), forward(r, grown(n, 2, 30), grown(n, 1, 50), n % 5 == 4)],
            order_of_work, """
import heapq
import sys

def main():
    it = iter(map(int, sys.stdin.read().split()))
    n, m = next(it), next(it)
    adj = [[] for _ in range(n + 1)]
    deg = [0] * (n + 1)
    for _ in range(m):
        a, b = next(it), next(it)
        adj[a].append(b)
        deg[b] += 1
    heap = [i for i in range(1, n + 1) if deg[i] == 0]
    heapq.heapify(heap)
    order = []
    while heap:
        u = heapq.heappop(heap)
        order.append(u)
        for v in adj[u]:
            deg[v] -= 1
            if deg[v] == 0:
                heapq.heappush(heap, v)
    print(*order) if len(order) == n else print("IMPOSSIBLE")

main()
""", graph_text),
    Problem("knapsack", with_items, knapsack, """
def main():
    n, cap = map(int, input().split())
    w = list(map(int, input().split()))
    v = list(map(int, input().split()))
    dp = [0] * (cap + 1)
    for i in range(n):
        for c in range(cap, w[i] - 1, -1):
            dp[c] = max(dp[c], dp[c - w[i]] + v[i])
    print(max(dp))

main()
""", lambda c, w, v: f"{len(w)} {c}\n{' '.join(map(str, w))}\n{' '.join(map(str, v))}\n"),
    Problem("primes in a range", lambda r, n: [r.randint(1, 500), grown(n, 500, 4000)], primes_between, """
import math

def sieve(n):
    is_prime = bytearray([1]) * (n + 1)
    is_prime[0:2] = b"\\x00\\x00"
    for p in range(2, math.isqrt(n) + 1):
        if is_prime[p]:
            is_prime[p * p::p] = bytes(len(range(p * p, n + 1, p)))
    return is_prime

lo, hi = map(int, input().split())
s = sieve(max(hi, 2))
print(sum(s[lo:hi + 1]))
""", lambda a, b: f"{a} {b}\n"),
    Problem("powers modulo", lambda r, n: [r.randint(2, 50), grown(n, 1, 200), r.randint(2, 10 ** 6)], power_sum, """
import sys

def geo(b, n, m):
    if n == 0:
        return 1 % m
    if n % 2 == 1:
        return geo(b, n // 2, m) * (1 + pow(b, n // 2 + 1, m)) % m
    return (geo(b, n - 1, m) + pow(b, n, m)) % m

b, n, m = map(int, sys.stdin.readline().split())
print(geo(b, n, m))
""", lambda *a: " ".join(map(str, a)) + "\n"),
    Problem("longest common subsequence", lambda r, n: [
        "".join(r.choice("abcd") for _ in range(grown(n, 1, 60))) for _ in range(2)], longest_common, """
from functools import lru_cache
import sys

sys.setrecursionlimit(10000)
a = input().strip()
b = input().strip()

@lru_cache(maxsize=None)
def f(i, j):
    if i == len(a) or j == len(b):
        return 0
    if a[i] == b[j]:
        return 1 + f(i + 1, j + 1)
    return max(f(i + 1, j), f(i, j + 1))

print(f(0, 0))
""", lambda a, b: f"{a}\n{b}\n"),
]
