"""A runner like LiveCodeBench's own: each problem in a forked process beside a manager process, its tests one after the
other in that process by exec with patched streams and an alarm. No isolation between tests, none from the machine.

Written anew after the way that evaluator works; its known faults (what it accepts and refuses wrongly) are not copied.
"""
import ast
import faulthandler
import io
import json
import multiprocessing
import resource
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal, InvalidOperation
from types import ModuleType
from unittest.mock import mock_open, patch

IMPORTS = """from string import *
from re import *
from datetime import *
from collections import *
from heapq import *
from bisect import *
from copy import *
from math import *
from random import *
from statistics import *
from itertools import *
from functools import *
from operator import *
from io import *
from sys import *
from json import *
from builtins import *
from typing import *
import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics, itertools, functools
import operator, io, sys, json
sys.setrecursionlimit(50000)
"""
TIMEOUT = 6


def late(number, frame):
    raise TimeoutError


class Captured(list):
    def __enter__(self):
        self.old, sys.stdout = sys.stdout, io.StringIO()
        sys.stdout.close = lambda: None
        self.text = sys.stdout
        return self

    def __exit__(self, *details):
        self.append(self.text.getvalue())
        sys.stdout = self.old


class Input(io.StringIO):
    """Standard input with a `buffer`, as the evaluator's mock has."""

    def __init__(self, text):
        super().__init__(text)
        self.buffer = io.BytesIO(text.encode())


def guard():
    """What that evaluator calls its reliability guard: dangerous functions become None."""
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    import builtins
    import os
    import shutil
    import subprocess
    builtins.quit = builtins.exit = None
    for name in ("kill", "system", "putenv", "remove", "removedirs", "rmdir", "fchdir", "setuid", "fork", "forkpty",
                 "killpg", "rename", "renames", "truncate", "replace", "unlink", "fchmod", "fchown", "chmod", "chown",
                 "chroot", "lchown", "getcwd", "chdir"):
        setattr(os, name, None)
    shutil.rmtree = shutil.move = shutil.chown = None
    subprocess.Popen = None


def without_main_guard(source):
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.If) and ast.unparse(last.test).strip() == "__name__ == '__main__'":
        return ast.unparse(tree.body[:-1]) + "\n" + ast.unparse(last.body)
    return source


def as_function(source):
    """The script as one function, its imports before it."""
    tree = ast.parse(source)
    imports = [s for s in tree.body if isinstance(s, (ast.Import, ast.ImportFrom))]
    rest = [s for s in tree.body if not isinstance(s, (ast.Import, ast.ImportFrom))]
    function = ast.FunctionDef(
        name="wrapped_function", args=ast.arguments([], [], None, [], [], None, []), body=rest or [ast.Pass()],
        decorator_list=[], lineno=-1)
    return IMPORTS + "\n" + "\n".join(map(ast.unparse, imports)) + "\n" + ast.unparse(function)


def loaded(source):
    signal.alarm(TIMEOUT)
    try:
        module = ModuleType("tmp_sol", "")
        exec(source, module.__dict__)
        return module.Solution() if "class Solution" in source and "def wrapped_function" not in source else module
    finally:
        signal.alarm(0)


def with_input(function, text):
    mock = Input(text)
    lines = iter(text.split("\n"))

    @patch("builtins.open", mock_open(read_data=text))
    @patch("sys.stdin", mock)
    @patch("sys.stdin.readline", mock.readline)
    @patch("sys.stdin.readlines", mock.readlines)
    @patch("sys.stdin.read", mock.read)
    @patch("builtins.input", lambda *prompt: next(lines))
    def inner():
        try:
            return function()
        except SystemExit:
            return None
    return inner()


def decimals(line):
    try:
        return [Decimal(word) for word in line.split()]
    except InvalidOperation:
        return None


def same_output(actual, expected):
    actual, expected = ([line.strip() for line in text.strip().split("\n")] for text in (actual, expected))
    if len(actual) != len(expected):
        return False
    return all(a == b or (decimals(a) is not None and decimals(a) == decimals(b)) for a, b in zip(actual, expected))


def run_streams(source, tests):
    method = loaded(as_function(without_main_guard(source))).wrapped_function
    results = []
    for test in tests:
        signal.alarm(TIMEOUT)
        with Captured() as captured:
            with_input(method, test["input"])
        signal.alarm(0)
        results.append(same_output(captured[0], test["output"]))
    return results


def run_calls(source, name, tests):
    method = getattr(loaded(IMPORTS + "\n" + source), name)
    results = []
    for test in tests:
        arguments = json.loads(json.dumps(test["arguments"]))
        signal.alarm(TIMEOUT)
        value = method(*arguments)
        signal.alarm(0)
        results.append((list(value) if isinstance(value, tuple) else value) == test["expected"])
    return results


def judge(source, task, results):
    signal.signal(signal.SIGALRM, late)
    guard()
    try:
        name = task.get("entry_point")
        results.append(run_calls(source, name, task["tests"]) if name else run_streams(source, task["tests"]))
    except BaseException as error:
        results.append(repr(error))


def one_problem(source, task):
    """All tests of one problem in a process of its own; (whether all passed, seconds)."""
    start = time.perf_counter()
    manager = multiprocessing.Manager()
    results = manager.list()
    process = multiprocessing.Process(target=judge, args=(source, task, results))
    process.start()
    process.join(timeout=(TIMEOUT + 1) * len(task["tests"]) + 5)
    if process.is_alive():
        process.kill()
    found = list(results)
    manager.shutdown()
    return bool(found) and isinstance(found[0], list) and all(found[0]), time.perf_counter() - start


def run(requests, workers):
    """Runs (source, task) pairs on so many workers: (seconds, CPU seconds, latencies, how many passed)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        answers = [f.result() for f in [pool.submit(one_problem, *request) for request in requests]]
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, [a[1] for a in answers], sum(a[0] for a in answers)
