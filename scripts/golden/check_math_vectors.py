#!/usr/bin/env python3
"""Checks Tests/Vectors/math with SymPy: where a vector carries a pair of SymPy expressions, they must be equal exactly
when the vector expects a pass. Not needed to run the tests.

    python3 scripts/golden/check_math_vectors.py            # all files, exit status 1 on a wrong label
"""
import glob
import json
import os
import sys

import sympy
from sympy import *  # noqa: F401,F403  the vectors name SymPy functions

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "Vectors", "math")
NAMES = {n: sympy.Symbol(n, real=True) for n in "abchrtxyzmk"}
NAMES["n"] = sympy.Symbol("n", integer=True, positive=True)


def same(left, right):
    """Whether two SymPy expressions are equal: 60 digits at three points, then simplification for the equal ones."""
    a, b = (sympy.sympify(eval(text, {**vars(sympy), **NAMES})) for text in (left, right))
    difference = a - b
    symbols = sorted(a.free_symbols | b.free_symbols, key=str)
    for seed in (3, 5, -7):
        point = {s: sympy.Integer(abs(seed) + 2 * i) if s.is_integer else sympy.Rational(seed * 7 + i * 11, 13 + 3 * i)
                 for i, s in enumerate(symbols)}
        value = sympy.N(difference.subs(point), 60, maxn=10_000, chop=False)
        scale = max(sympy.Float(10) ** -200, abs(sympy.N(a.subs(point), 30)))
        if abs(value) > scale * sympy.Float(10) ** -50:
            return False
    return True


def main():
    checked = total = wrong = 0
    for path in sorted(glob.glob(os.path.join(ROOT, "*.jsonl"))):
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                vector = json.loads(line)
                total += 1
                if "sympy" not in vector:
                    continue
                checked += 1
                if same(*vector["sympy"]) != (vector["expected"] == "passed"):
                    wrong += 1
                    print(f"{os.path.basename(path)}:{number}: {vector['answer']} / {vector['response']}")
    print(f"{total} vectors, {checked} checked with SymPy {sympy.__version__}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
