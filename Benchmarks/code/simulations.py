"""Problems on standard input and output: queries, simulation, many cases in one input."""
from problem import Problem, grown, numbers


def ranges(values, queries):
    return "\n".join(str(sum(values[a - 1:b])) for a, b in queries)


def ranges_text(values, queries):
    return (f"{len(values)} {len(queries)}\n{' '.join(map(str, values))}\n"
            + "".join(f"{a} {b}\n" for a, b in queries))


def queue_log(commands):
    kept, out = [], []
    for name, *value in commands:
        if name == "push":
            kept.append(value[0])
        elif name == "pop":
            out.append(kept.pop(0) if kept else "empty")
        else:
            out.append(min(kept) if kept else "empty")
    return "\n".join(map(str, out))


def commands(rng, count):
    made = [["push", rng.randint(1, 99)] for _ in range(2)]
    for _ in range(count):
        made.append(rng.choice([["push", rng.randint(1, 99)], ["pop"], ["min"]]))
    return made + [["min"]]


def life(rows, steps):
    height, width = len(rows), len(rows[0])
    alive = {(r, c) for r in range(height) for c in range(width) if rows[r][c] == "#"}
    for _ in range(steps):
        near = {}
        for r, c in alive:
            for a in (r - 1, r, r + 1):
                for b in (c - 1, c, c + 1):
                    if (a, b) != (r, c):
                        near[a, b] = near.get((a, b), 0) + 1
        alive = {p for p, n in near.items() if (n == 3 or n == 2 and p in alive)
                 and 0 <= p[0] < height and 0 <= p[1] < width}
    return "\n".join("".join("#" if (r, c) in alive else "." for c in range(width)) for r in range(height))


def merged(spans):
    points = set()
    for a, b in spans:
        points.update(range(2 * a, 2 * b + 1))
    out, start = [], None
    for point in range(0, 2 * 101 + 1):
        if point in points and start is None:
            start = point
        if point not in points and start is not None:
            out.append(f"{start // 2} {(point - 1) // 2}")
            start = None
    return "\n".join(out)


def word_table(words):
    return "\n".join(f"{w} {words.count(w)}" for w in sorted(set(words), key=lambda w: (-words.count(w), w)))


def many_cases(cases):
    return "\n".join("YES" if any(sum(c for c, bit in zip(case, range(10)) if mask >> bit & 1) * 2 == sum(case)
                                  for mask in range(1 << len(case))) else "NO" for case in cases)


def query_list(rng, size):
    return [sorted(numbers(rng, 2, 1, size)) for _ in range(size)]


PROBLEMS = [
    Problem("range sums", lambda r, n: [numbers(r, grown(n, 2, 300), -9, 9), query_list(r, grown(n, 2, 300))],
            ranges, """
import sys
from itertools import accumulate

def main():
    data = list(map(int, sys.stdin.buffer.read().split()))
    n, q = data[0], data[1]
    pre = [0] + list(accumulate(data[2:2 + n]))
    out = []
    p = 2 + n
    for _ in range(q):
        out.append(pre[data[p + 1]] - pre[data[p] - 1])
        p += 2
    sys.stdout.write("\\n".join(map(str, out)) + "\\n")

main()
""", ranges_text),
    Problem("queue with minimum", lambda r, n: [commands(r, grown(n, 2, 300))], queue_log, """
import sys
from collections import deque

class MinQueue:
    def __init__(self):
        self.q = deque()
        self.m = deque()

    def push(self, x):
        self.q.append(x)
        while self.m and self.m[-1] > x:
            self.m.pop()
        self.m.append(x)

    def pop(self):
        if not self.q:
            return None
        x = self.q.popleft()
        if self.m[0] == x:
            self.m.popleft()
        return x

    def min(self):
        return self.m[0] if self.m else None

t = int(sys.stdin.readline())
mq = MinQueue()
for _ in range(t):
    parts = sys.stdin.readline().split()
    if parts[0] == "push":
        mq.push(int(parts[1]))
    else:
        r = mq.pop() if parts[0] == "pop" else mq.min()
        print("empty" if r is None else r)
""", lambda c: f"{len(c)}\n" + "".join(" ".join(map(str, x)) + "\n" for x in c)),
    Problem("game of life", lambda r, n: [["".join(r.choice("#..") for _ in range(grown(n, 2, 16)))
                                           for _ in range(grown(n, 2, 16))], 1 + n % 4], life, """
h, w, t = map(int, input().split())
g = [input() for _ in range(h)]
for _ in range(t):
    ng = []
    for i in range(h):
        row = []
        for j in range(w):
            c = 0
            for a in range(max(0, i - 1), min(h, i + 2)):
                for b in range(max(0, j - 1), min(w, j + 2)):
                    if (a, b) != (i, j) and g[a][b] == '#':
                        c += 1
            row.append('#' if c == 3 or (c == 2 and g[i][j] == '#') else '.')
        ng.append(''.join(row))
    g = ng
print('\\n'.join(g))
""", lambda g, t: f"{len(g)} {len(g[0])} {t}\n" + "\n".join(g) + "\n"),
    Problem("merged intervals", lambda r, n: [[sorted(numbers(r, 2, 1, 100)) for _ in range(grown(n, 1, 30))]],
            merged, """
from typing import List

class Solution:
    def merge(self, intervals: List[List[int]]) -> List[List[int]]:
        intervals.sort()
        res = [intervals[0]]
        for s, e in intervals[1:]:
            if s <= res[-1][1]:
                res[-1][1] = max(res[-1][1], e)
            else:
                res.append([s, e])
        return res

def main():
    n = int(input())
    iv = [list(map(int, input().split())) for _ in range(n)]
    for s, e in Solution().merge(iv):
        print(s, e)

if __name__ == '__main__':
    main()
""", lambda s: f"{len(s)}\n" + "".join(f"{a} {b}\n" for a, b in s)),
    Problem("word frequencies", lambda r, n: [["".join(r.choice("ab") for _ in range(r.randint(1, 3)))
                                               for _ in range(grown(n, 1, 200))]], word_table, """
import sys
from collections import Counter

words = sys.stdin.read().split()[1:]
for word, count in sorted(Counter(words).items(), key=lambda kv: (-kv[1], kv[0])):
    print(f"{word} {count}")
""", lambda w: f"{len(w)}\n{' '.join(w)}\n"),
    Problem("equal halves, many cases", lambda r, n: [[numbers(r, r.randint(1, 7), 1, 12)
                                                       for _ in range(grown(n, 1, 40))]], many_cases, """
import sys
input = lambda: sys.stdin.readline().rstrip()

def solve(a):
    s = sum(a)
    if s % 2:
        return False
    bits = 1
    for x in a:
        bits |= bits << x
    return bits >> (s // 2) & 1 == 1

for _ in range(int(input())):
    n = int(input())
    a = list(map(int, input().split()))
    print("YES" if solve(a) else "NO")
""", lambda cs: f"{len(cs)}\n" + "".join(f"{len(c)}\n{' '.join(map(str, c))}\n" for c in cs)),
]
