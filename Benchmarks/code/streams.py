"""Problems on standard input and output: arrays, counting, strings."""
from itertools import permutations

from problem import Problem, grown, numbers, one_list


def best_subarray(values):
    return max(sum(values[a:b]) for a in range(len(values)) for b in range(a + 1, len(values) + 1))


def pairs_with_sum(values, target):
    return sum(values[i] + values[j] == target for i in range(len(values)) for j in range(i))


def longest_rising(values):
    best = [1] * len(values)
    for i in range(len(values)):
        best[i] = 1 + max([best[j] for j in range(i) if values[j] < values[i]], default=0)
    return max(best)


def window_sums(values, width):
    return " ".join(str(max(values[i:i + width])) for i in range(len(values) - width + 1))


def balanced(text):
    while (shorter := text.replace("()", "").replace("[]", "").replace("{}", "")) != text:
        text = shorter
    return "Yes" if not text else "No"


def next_permutation(digits):
    later = sorted({"".join(p) for p in permutations(digits)})
    at = later.index(digits)
    return later[at + 1] if at + 1 < len(later) else "-1"


def run_lengths(text):
    parts, start = [], 0
    for at in range(1, len(text) + 1):
        if at == len(text) or text[at] != text[start]:
            parts.append(f"{text[start]}{at - start}")
            start = at
    return "".join(parts)


def distinct_windows(text, width):
    return len({text[i:i + width] for i in range(len(text) - width + 1)})


def least_coins(coins, amount):
    reach, steps, seen = {0}, 0, {0}
    while amount not in reach:
        reach = {r + c for r in reach for c in coins if r + c <= amount} - seen
        if not reach:
            return -1
        seen |= reach
        steps += 1
    return steps


def inversions(values):
    return sum(values[j] > values[i] for i in range(len(values)) for j in range(i))


def text_of(rng, length, letters):
    return "".join(rng.choice(letters) for _ in range(length))


def lines(*values):
    return "\n".join(map(str, values)) + "\n"


PROBLEMS = [
    Problem("best subarray", lambda r, n: [numbers(r, grown(n, 1, 120), -50, 50)], best_subarray, """
import sys
from typing import List

def max_subarray(nums: List[int]) -> int:
    best = current = nums[0]
    for x in nums[1:]:
        current = max(x, current + x)
        best = max(best, current)
    return best

def main():
    data = sys.stdin.read().split()
    n = int(data[0])
    print(max_subarray(list(map(int, data[1:n + 1]))))

if __name__ == "__main__":
    main()
""", one_list),
    Problem("pairs with a sum", lambda r, n: [numbers(r, grown(n, 2, 300), -20, 20), r.randint(-10, 10)],
            pairs_with_sum, """
from collections import Counter, defaultdict

n, target = map(int, input().split())
a = list(map(int, input().split()))
seen = defaultdict(int)
ans = 0
for x in a:
    ans += seen[target - x]
    seen[x] += 1
print(ans)
""", one_list),
    Problem("longest rising subsequence", lambda r, n: [numbers(r, grown(n, 1, 200), 1, 100)], longest_rising, """
import bisect
import sys

input = sys.stdin.readline

def solve():
    n = int(input())
    a = list(map(int, input().split()))
    tails = []
    for x in a:
        i = bisect.bisect_left(tails, x)
        if i == len(tails):
            tails.append(x)
        else:
            tails[i] = x
    print(len(tails))

solve()
""", one_list),
    Problem("largest in each window", lambda r, n: [numbers(r, grown(n, 5, 400), -99, 99), r.randint(1, 5)],
            window_sums, """
from collections import deque

def main():
    n, k = map(int, input().split())
    nums = list(map(int, input().split()))
    q = deque()
    out = []
    for i, x in enumerate(nums):
        while q and nums[q[-1]] <= x:
            q.pop()
        q.append(i)
        if q[0] <= i - k:
            q.popleft()
        if i >= k - 1:
            out.append(nums[q[0]])
    print(*out)

main()
""", one_list),
    Problem("brackets", lambda r, n: ["()" * n if n % 3 == 0 else text_of(r, grown(n, 2, 80), "()[]{}")],
            balanced, """
s = input().strip()
stack = []
match = {')': '(', ']': '[', '}': '{'}
ok = True
for ch in s:
    if ch in '([{':
        stack.append(ch)
    elif not stack or stack.pop() != match[ch]:
        ok = False
        break
print("Yes" if ok and not stack else "No")
""", lines),
    Problem("next permutation", lambda r, n: [text_of(r, 1 + n % 6, "1234567")], next_permutation, """
import sys

def next_perm(a):
    i = len(a) - 2
    while i >= 0 and a[i] >= a[i + 1]:
        i -= 1
    if i < 0:
        return None
    j = len(a) - 1
    while a[j] <= a[i]:
        j -= 1
    a[i], a[j] = a[j], a[i]
    a[i + 1:] = reversed(a[i + 1:])
    return a

res = next_perm(list(sys.stdin.readline().strip()))
print("".join(res) if res else -1)
""", lines),
    Problem("run lengths", lambda r, n: [text_of(r, grown(n, 1, 500), "ab")], run_lengths, """
from itertools import groupby

s = input()
print("".join(f"{k}{len(list(g))}" for k, g in groupby(s)))
""", lines),
    Problem("distinct substrings of a length", lambda r, n: [text_of(r, grown(n, 6, 600), "abc"), r.randint(1, 6)],
            distinct_windows, """
import sys

def main():
    s, k = sys.stdin.read().split()
    k = int(k)
    MOD = (1 << 61) - 1
    BASE = 131
    h = 0
    p = pow(BASE, k - 1, MOD)
    seen = set()
    for i, c in enumerate(s):
        if i >= k:
            h = (h - ord(s[i - k]) * p) % MOD
        h = (h * BASE + ord(c)) % MOD
        if i >= k - 1:
            seen.add(h)
    print(len(seen))

main()
""", lines),
    Problem("fewest coins", lambda r, n: [sorted(set(numbers(r, 3, 2, 25))), grown(n, 1, 300)], least_coins, """
import sys
from functools import lru_cache

sys.setrecursionlimit(10**6)

def main():
    n, amount = map(int, input().split())
    coins = list(map(int, input().split()))
    INF = float('inf')
    dp = [0] + [INF] * amount
    for c in coins:
        for v in range(c, amount + 1):
            if dp[v - c] + 1 < dp[v]:
                dp[v] = dp[v - c] + 1
    print(dp[amount] if dp[amount] != INF else -1)

main()
""", one_list),
    Problem("inversions", lambda r, n: [numbers(r, grown(n, 1, 300), 1, 300)], inversions, """
import sys

class BIT:
    def __init__(self, n):
        self.n = n
        self.t = [0] * (n + 1)

    def add(self, i):
        while i <= self.n:
            self.t[i] += 1
            i += i & -i

    def sum(self, i):
        s = 0
        while i:
            s += self.t[i]
            i -= i & -i
        return s

data = list(map(int, sys.stdin.buffer.read().split()))
n, a = data[0], data[1:]
order = {v: i + 1 for i, v in enumerate(sorted(set(a)))}
bit = BIT(len(order))
ans = 0
for i, v in enumerate(a):
    ans += i - bit.sum(order[v])
    bit.add(order[v])
print(ans)
""", one_list),
]
