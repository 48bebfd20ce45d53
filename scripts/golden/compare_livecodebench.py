"""Judges the same solutions by LiveCodeBench's own rules and by ours, and says where the two differ and why.

LiveCodeBench's side is `run_test` of its `testing_util.py` itself, as packaged in nvidia-livecodebench 26.3 (with its
time limit of 6 s), each solution in a process of its own as its `check_correctness` does. Ours is `rolloutd score`.

    pip install --no-deps nvidia-livecodebench==26.3; pip install numpy
    python3 scripts/golden/compare_livecodebench.py .build/release/rolloutd

Exit status 1 when a difference is not one of those that are explained here and in docs/EVALUATION.md, or one of those is gone.
"""

import json
import multiprocessing
import subprocess
import sys
import tempfile

from livecodebench.evaluation import testing_util

TIMEOUT = 6


def stdin(code, *tests, why=None):
    return {"code": code, "fn": None, "tests": list(tests), "why": why}


def call(code, fn, *tests, why=None):
    return {"code": code, "fn": fn, "tests": list(tests), "why": why}


DOUBLE = ("3\n", "6\n")
# name: a solution with tests of input and output; `why` explains a difference that is meant.
CASES = {
    "right": stdin("print(int(input()) * 2)", DOUBLE, ("-4\n", "-8\n")),
    "wrong": stdin("print(int(input()) + 3)", DOUBLE, ("4\n", "8\n")),
    "blanks around lines": stdin("print('  6  ')", DOUBLE),
    "lines after the end": stdin("print('6\\n\\n')", DOUBLE),
    "a blank line between": stdin("print('6\\n\\n7')", ("", "6\n7\n")),
    "other case": stdin("print('Yes')", ("", "YES\n")),
    "decimals of one value": stdin("print('6.0 1e2')", ("", "6 100\n")),
    "floats that are off": stdin("print(0.1 + 0.2)", ("", "0.3\n")),
    "large integers": stdin("print(50000000000000001)", ("", "50000000000000000\n")),
    "underscores in numbers": stdin(
        "print('1_0')", ("", "10\n"), why="Python's Decimal reads 1_0; contests do not, so we do not"),
    "digits of another script": stdin(
        "print('\\u0661\\u0660')", ("", "10\n"), why="Python's Decimal reads any script's digits; we read ASCII"),
    "lines of standard input": stdin("import sys\nfor line in sys.stdin: print(int(line) * 2)", ("3\n4\n", "6\n8\n")),
    "standard input by open": stdin(
        "print(int(open(0).read()) * 2)", DOUBLE,
        why="its prelude binds the real open before its own is put in place; ours has the input at descriptor 0"),
    "bytes of standard input": stdin(
        "import sys\nprint(int(sys.stdin.buffer.read()) * 2)", DOUBLE,
        why="its standard input is a StringIO without buffer; ours is a real one"),
    "bytes to standard output": stdin(
        "import sys\nsys.stdout.buffer.write(b'6\\n')", DOUBLE,
        why="its standard output is a StringIO without buffer; ours is a real one"),
    "a global": stdin(
        "n = 0\ndef f():\n    global n\n    n = int(input()) * 2\nf()\nprint(n)", DOUBLE,
        why="it wraps the program in a function, where a global is another variable"),
    "a main guard": stdin("def main():\n    print(int(input()) * 2)\nif __name__ == '__main__':\n    main()", DOUBLE),
    "exit 0": stdin("import sys\nprint(int(input()) * 2)\nsys.exit(0)", DOUBLE),
    "exit 1 after the answer": stdin(
        "import sys\nprint(int(input()) * 2)\nsys.exit(1)", DOUBLE,
        why="it swallows SystemExit; to us a status other than 0 is a runtime error"),
    "exit without unwinding": stdin(
        "import os, sys\nprint(int(input()) * 2)\nsys.stdout.flush()\nos._exit(0)", DOUBLE,
        why="it takes os._exit away; to us it is a normal end"),
    "an error after the answer": stdin("print(int(input()) * 2)\nraise ValueError()", DOUBLE),
    "at exit": stdin(
        "import atexit\nn = int(input())\natexit.register(lambda: print(n * 2))", DOUBLE,
        why="it looks at the output before the process ends; ours has ended"),
    "a module's state between tests": stdin(
        "import builtins\nbuiltins.seen = getattr(builtins, 'seen', 0) + 1\nprint(int(input()) * 2 + builtins.seen - 1)",
        DOUBLE, ("4\n", "8\n"), why="its tests share a process; each of ours has its own"),
    "errors on standard error": stdin("import sys\nprint('hm', file=sys.stderr)\nprint(int(input()) * 2)", DOUBLE),
    "a prompt for input": stdin("print(int(input('n? ')) * 2)", DOUBLE),
    "no end": stdin("while True: pass", DOUBLE),
    "a syntax error": stdin("print(", DOUBLE),
    "star imports": stdin("print(gcd(int(input()), 12) * 2)", DOUBLE),
    "reads the answer in the caller": stdin(
        "import sys\nf = sys._getframe()\nwhile f and 'gt_out' not in f.f_locals: f = f.f_back\nprint(f.f_locals['gt_out'])",
        DOUBLE, why="the expected output lies in its stack; ours never enters the sandbox"),
    "a method": call("class Solution:\n    def f(self, a, n):\n        return [x * n for x in a]", "f",
                     ("[1, 2]\n3", "[3, 6]")),
    "a function": call("def f(n):\n    return n * 2", "f", ("3", "6"), ("4", "8")),
    "a wrong function": call("def f(n):\n    return n + 3", "f", ("3", "6"), ("4", "8")),
    "a tuple": call("def f(n):\n    return (n, n)", "f", ("3", "[3, 3]")),
    "tuples inside": call("def f(n):\n    return [(n, n)]", "f", ("3", "[[3, 3]]"),
                          why="it makes a list of the outermost tuple alone; we of each"),
    "a set": call("def f(n):\n    return {n}", "f", ("3", "[3]")),
    "true for 1": call("def f(n):\n    return True", "f", ("3", "1")),
    "1.0 for 1": call("def f(n):\n    return 1.0", "f", ("3", "1")),
    "floats that are off, returned": call("def f(n):\n    return 0.1 + 0.2", "f", ("3", "0.3")),
    "a value that equals all": call(
        "class E:\n    def __eq__(self, o): return True\ndef f(n):\n    return E()", "f", ("3", "6"),
        why="it asks the program's own __eq__; ours compares outside"),
    "numbers as keys": call("def f(n):\n    return {1: n}", "f", ("3", '{"1": 3}'),
                            why="it compares Python's keys, 1 with '1'; ours went through JSON, whose keys are texts"),
    "prints and returns": call("def f(n):\n    print('hm')\n    return n * 2", "f", ("3", "6")),
    "None for null": call("def f(n):\n    return None", "f", ("3", "null")),
}


def theirs(case):
    """Whether LiveCodeBench passes it: every result is True, as its metric counts."""
    sample = {
        "input_output": json.dumps(
            {"inputs": [t[0] for t in case["tests"]], "outputs": [t[1] for t in case["tests"]], "fn_name": case["fn"]})
    }
    receive, send = multiprocessing.Pipe(duplex=False)

    def work():
        results, _ = testing_util.run_test(sample, test=case["code"], debug=False, timeout=TIMEOUT)
        # As its metric: a test passes when its result, a bool or a negative code, is above 0.
        send.send([bool(r) and r > 0 for r in results])

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    # Their bound: a second beyond the limit for each test, and five for the whole.
    process.join((TIMEOUT + 1) * len(case["tests"]) + 5)
    if process.is_alive():
        process.kill()
        process.join()
    results = receive.recv() if receive.poll() else []
    return len(results) > 0 and all(results)


def ours(case, binary):
    """Our verdict on the same program: passed, failed or undetermined, with its reason."""
    task = {"type": "code", "language": "python", "time_limit_seconds": TIMEOUT, "prelude": "contest"}
    if case["fn"]:
        task["entry_point"] = case["fn"]
        task["tests"] = [
            {"arguments": [json.loads(line) for line in i.split("\n")], "expected": json.loads(o)} for i, o in case["tests"]
        ]
    else:
        task["tests"] = [{"input": i, "output": o} for i, o in case["tests"]]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(task, file)
        file.flush()
        done = subprocess.run(
            [binary, "score", "--task", file.name, "--response", "-"], input=f"```python\n{case['code']}\n```",
            capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout)
    return result["verdict"], result.get("reason", "")


def main(binary):
    surprises = 0
    for name, case in CASES.items():
        lcb = "passed" if theirs(case) else "failed"
        mine, reason = ours(case, binary)
        differs = mine != lcb
        if differs != (case["why"] is not None):
            surprises += 1
            print(f"NOT EXPLAINED {name}: LiveCodeBench {lcb}, ours {mine} ({reason})")
        elif differs:
            print(f"differs       {name}: LiveCodeBench {lcb}, ours {mine}: {case['why']}")
        else:
            print(f"same          {name}: {mine}")
    meant = sum(case["why"] is not None for case in CASES.values())
    print(f"{len(CASES)} solutions, {len(CASES) - meant} the same, {meant} differ as explained, {surprises} surprises")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
