"""Problems with an entry point: a method of `Solution` or a function, called with JSON arguments."""
from itertools import combinations

from problem import Problem, grown, numbers


def two_sum(values, target):
    return next(([i, j] for j in range(len(values)) for i in range(j) if values[i] + values[j] == target), [])


def with_two_sum(rng, number):
    values = rng.sample(range(1, 1000), grown(number, 2, 200))
    a, b = rng.sample(values, 2)
    target = a + b
    # One pair only, or none.
    if sum(x + y == target for x, y in combinations(values, 2)) != 1:
        target = 5000
    return [values, target]


def letters(rng, count):
    return "".join(rng.choice("abcdef") for _ in range(count))


def longest_unique(text):
    return max((b - a for a in range(len(text)) for b in range(a + 1, len(text) + 1)
                if len(set(text[a:b])) == b - a), default=0)


def trapped(heights):
    return sum(min(max(heights[:i + 1]), max(heights[i:])) - h for i, h in enumerate(heights))


def grouped(words):
    return sorted(sorted(w for w in words if sorted(w) == key) for key in
                  [list(k) for k in {tuple(sorted(w)) for w in words}])


def subsets_with_sum(values, target):
    return sorted(list(c) for n in range(len(values) + 1) for c in combinations(sorted(values), n) if sum(c) == target)


def spiral(matrix):
    out = []
    while matrix:
        out += matrix[0]
        matrix = [list(row) for row in zip(*matrix[1:])][::-1]
    return out


def rectangle(rng, number):
    width = grown(number, 1, 12)
    return [[numbers(rng, width, 0, 99) for _ in range(grown(number, 1, 10))]]


PROBLEMS = [
    Problem("two sum", with_two_sum, two_sum, """
from typing import List

class Solution:
    def twoSum(self, nums: List[int], target: int) -> List[int]:
        seen = {}
        for i, x in enumerate(nums):
            if target - x in seen:
                return [seen[target - x], i]
            seen[x] = i
        return []
""", entry_point="twoSum"),
    Problem("longest substring without repeats", lambda r, n: [letters(r, grown(n, 1, 60))], longest_unique, """
class Solution:
    def lengthOfLongestSubstring(self, s: str) -> int:
        last = {}
        start = best = 0
        for i, c in enumerate(s):
            if c in last and last[c] >= start:
                start = last[c] + 1
            last[c] = i
            best = max(best, i - start + 1)
        return best
""", entry_point="lengthOfLongestSubstring"),
    Problem("trapped water", lambda r, n: [numbers(r, grown(n, 1, 100), 0, 20)], trapped, """
from typing import List

class Solution:
    def trap(self, height: List[int]) -> int:
        l, r = 0, len(height) - 1
        lm = rm = ans = 0
        while l < r:
            if height[l] < height[r]:
                lm = max(lm, height[l])
                ans += lm - height[l]
                l += 1
            else:
                rm = max(rm, height[r])
                ans += rm - height[r]
                r -= 1
        return ans
""", entry_point="trap"),
    Problem("groups of anagrams", lambda r, n: [["".join(r.choice("abc") for _ in range(3))
                                                 for _ in range(grown(n, 1, 40))]], grouped, """
from collections import defaultdict
from typing import List

class Solution:
    def groupAnagrams(self, strs: List[str]) -> List[List[str]]:
        groups = defaultdict(list)
        for s in strs:
            groups["".join(sorted(s))].append(s)
        return sorted(sorted(g) for g in groups.values())
""", entry_point="groupAnagrams"),
    Problem("subsets with a sum", lambda r, n: [r.sample(range(1, 20), 2 + n % 8), r.randint(5, 40)],
            subsets_with_sum, """
from typing import List

cache = {}

class Solution:
    def subsetSums(self, nums: List[int], target: int) -> List[List[int]]:
        nums.sort()
        res = []

        def dfs(i, left, path):
            if i == len(nums):
                if left == 0:
                    res.append(path[:])
                return
            dfs(i + 1, left, path)
            path.append(nums[i])
            dfs(i + 1, left - nums[i], path)
            path.pop()

        dfs(0, target, [])
        return sorted(res)
""", entry_point="subsetSums"),
    Problem("spiral order", rectangle, spiral, """
def spiral_order(matrix):
    res = []
    top, bottom, left, right = 0, len(matrix) - 1, 0, len(matrix[0]) - 1
    while top <= bottom and left <= right:
        for j in range(left, right + 1):
            res.append(matrix[top][j])
        for i in range(top + 1, bottom + 1):
            res.append(matrix[i][right])
        if top < bottom and left < right:
            for j in range(right - 1, left - 1, -1):
                res.append(matrix[bottom][j])
            for i in range(bottom - 1, top, -1):
                res.append(matrix[i][left])
        top += 1
        bottom -= 1
        left += 1
        right -= 1
    return res
""", entry_point="spiral_order"),
]
