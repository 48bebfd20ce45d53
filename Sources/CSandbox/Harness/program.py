# Second part of the harness: running one Python program. Everything here that follows `enter_program` happens in a
# process that the program owns: nothing it reports is believed beyond "these are the bytes that it gave".
import _sitebuiltins
import _thread
import ast
import atexit
import builtins
import gc
import json
import random
import threading
import traceback
import types

EXCERPT = 2048
MEMORY_ERROR = 251
SOLUTION = "/tmp/solution.py"
RECORD = struct.Struct("<BIQI")  # kind, test, CPU microseconds, bytes that follow
BEGUN, VALUE, RAISED, NOT_JSON, SETUP, NO_MEMORY = 1, 2, 3, 4, 5, 6
CONTEST = """
from string import *
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
"""
contest_names = {}
# What the site module would have added: programs call exit() and quit().
builtins.exit, builtins.quit = _sitebuiltins.Quitter("exit", ""), _sitebuiltins.Quitter("quit", "")


LAST_NAME = "__file__"


def make_module(name, prelude):
    """A program's module, before anything of it ran."""
    module = types.ModuleType(name)
    names = module.__dict__
    if prelude == "contest":
        names.update(contest_names)
        names["__name__"] = name
    names["__builtins__"] = builtins
    names[LAST_NAME] = SOLUTION
    return module


# Made ahead: the prelude has 400 names, and to give one to a dictionary is to write to what it names.
modules = {}


def make_modules():
    exec(CONTEST, contest_names)
    for name in ("__main__", "solution"):
        for prelude in ("none", "contest"):
            modules[name, prelude] = make_module(name, prelude)


def enter_module(name, prelude):
    """Puts the program's module in its place; returns its names."""
    if prelude == "contest":
        sys.setrecursionlimit(50000)
        sys.set_int_max_str_digits(50000)
    sys.modules[name] = module = modules[name, prelude]
    return module.__dict__


def drop_names(names, code):
    """Lets go of what the program defined, so that its finalisers run. The prelude's own names are not even looked at:
    that would copy the pages of all that they name."""
    own = []
    for name in reversed(names):
        if name == LAST_NAME:
            break
        own.append(name)
    own.reverse()
    replaced = [n for n in code.co_names
                if n in contest_names and n not in own and names.get(n) is not contest_names[n]]
    for name in (*replaced, *own):
        names.pop(name, None)


def limit(what, value):
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(what, (value, value))


def enter_program(task, jail, descriptors, cpu, narrow=None):
    """The last moment of trust: descriptors 0.. become `descriptors`, all others close, limits and filter fall."""
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
    os.closerange(len(descriptors), 256)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, END_OF_CHILD)
    # The jail's own limits are no lower than these.
    resource.setrlimit(resource.RLIMIT_FSIZE, (task.output_bytes + 1, task.output_bytes + 1))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu) + 2, int(cpu) + 2))
    if jail.limit_as:
        limit(resource.RLIMIT_AS, (task.memory_megabytes + 96) << 20)
    (narrow or jail.program).install()
    gc.enable()


def report_exception(error):
    kind, code = type(error), 1
    if isinstance(error, SystemExit):
        value = error.code
        if value is None:
            return 0
        if isinstance(value, int):
            return value & 0xFF
        sys.stderr.write(f"{value}\n")
        return 1
    if isinstance(error, MemoryError):
        code = MEMORY_ERROR
    sys.excepthook(kind, error, error.__traceback__)
    return code


def flush(stream):
    if stream is not None and not getattr(stream, "closed", False):
        stream.flush()


def finish(names, code, status):
    """What the interpreter does at its end, as far as a program can see: threads, exit functions, finalisers, flush."""
    try:
        if _thread._count() or threading._threading_atexits:
            threading._shutdown()
        atexit._run_exitfuncs()
        flush(sys.stdout)
        flush(sys.stderr)
    except BaseException:
        status = status or 120
    # As the interpreter does before it clears modules: a stream of the program's own needs its names.
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    try:
        drop_names(names, code)
        flush(sys.stdout)
    except BaseException:
        pass
    os._exit(status)


def run_main(code, names):
    """Runs the program as a script; never returns."""
    status = 0
    try:
        exec(code, names)
    except BaseException as error:
        try:
            status = report_exception(error)
        except BaseException:
            status = 1
        del error
    finish(names, code, status)


def describe(error):
    try:
        if isinstance(error, ModuleNotFoundError) and isinstance(error.name, str):
            return f"the module {error.name} is not installed"[:200]
        return (type(error).__name__ + ": " + str(error))[:400]
    except BaseException:
        return "an exception that cannot be shown"


class UndefinedEntry(Exception):
    """The program does not define what the task calls."""


def find_entry(names, name):
    """What makes the callable for each call: a method of a fresh Solution, or the function of this (dotted) name."""
    solution = names.get("Solution")
    kind, _, method = name.partition(".")
    if method and isinstance(names.get(kind), type):
        return lambda: getattr(names[kind](), method)
    if name in names and not (isinstance(solution, type) and hasattr(solution, name)):
        function = names[name]
        return lambda: function
    if isinstance(solution, type):
        if hasattr(solution, name) or hasattr(solution(), name):
            return lambda: getattr(solution(), name)
    raise UndefinedEntry


def run_calls(task, code, names, first, last, output):
    """Calls the entry point for tests first..<last, writing a record for each; never returns."""
    dumps, loads, write, clock = json.dumps, json.loads, os.write, time.process_time_ns
    pack, tests = RECORD.pack, task.tests

    def record(kind, test, started, text=b""):
        data = memoryview(pack(kind, test, (clock() - started) // 1000, len(text)) + text)
        while data:
            data = data[write(output, data):]

    record(BEGUN, first, 0)
    try:
        exec(code, names)
        entry = find_entry(names, task.name)
    except MemoryError:
        record(NO_MEMORY, first, 0, b"")
        os._exit(0)
    except UndefinedEntry:
        record(SETUP, first, 0, f"the program defines no {task.name}".encode())
        os._exit(0)
    except BaseException as error:
        record(SETUP, first, 0, describe(error).encode("utf-8", "replace"))
        os._exit(0)
    for test in range(first, last):
        record(BEGUN, test, 0)
        started = clock()
        try:
            value = entry()(*loads(tests[test]))
        except MemoryError:
            record(NO_MEMORY, test, started, b"")
            continue
        except BaseException as error:
            record(RAISED, test, started, describe(error).encode("utf-8", "replace"))
            continue
        try:
            text = dumps(value, allow_nan=False).encode("ascii")
        except BaseException as error:
            record(NOT_JSON, test, started, describe(error).encode("utf-8", "replace"))
            continue
        record(VALUE, test, started, text)
    os._exit(0)


class PipeEnd:
    """What an event loop needs of a socket to wake itself, over a pipe: programs get no sockets."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        os.set_blocking(descriptor, False)

    def fileno(self):
        return self.descriptor

    def recv(self, count):
        return os.read(self.descriptor, count)

    def send(self, data):
        return os.write(self.descriptor, data)

    def close(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


def let_loops_wake_by_pipes():
    """Makes asyncio usable where socketpair() is refused."""
    import asyncio.selector_events

    def make_self_pipe(loop):
        loop._ssock, loop._csock = map(PipeEnd, os.pipe())
        loop._internal_fds += 1
        loop._add_reader(loop._ssock.fileno(), loop._read_from_self)

    asyncio.selector_events.BaseSelectorEventLoop._make_self_pipe = make_self_pipe


STATELESS_MODULES = {
    "math", "collections", "itertools", "functools", "heapq", "bisect", "re", "string", "typing", "operator",
    "fractions", "statistics", "copy", "json", "__future__",
}
REACHING = {"exec", "eval", "globals", "setattr", "delattr", "vars", "__import__", "open", "object"}


def is_plain(node):
    """Whether an expression can only make an immutable value."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Tuple):
        return all(map(is_plain, node.elts))
    if isinstance(node, ast.UnaryOp):
        return is_plain(node.operand)
    if isinstance(node, ast.BinOp):
        return is_plain(node.left) and is_plain(node.right)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("float", "int", "frozenset") and all(
            map(is_plain, node.args))
    return False


def is_plain_statement(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        defaults = node.args.defaults + [d for d in node.args.kw_defaults if d is not None]
        return not node.decorator_list and all(map(is_plain, defaults))
    if isinstance(node, ast.ClassDef):
        return not node.decorator_list and not node.keywords and all(map(is_plain_statement, node.body))
    if isinstance(node, ast.Import):
        return all(n.name in STATELESS_MODULES for n in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in STATELESS_MODULES
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return node.value is None or is_plain(node.value)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass)


def has_no_place_for_state(tree):
    if not all(map(is_plain_statement, tree.body)):
        return False
    top = {"functools"}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            top.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            top.update((n.asname or n.name).partition(".")[0] for n in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            return False
        if isinstance(node, ast.Name) and node.id in REACHING:
            return False
        if isinstance(node, ast.Attribute):
            if node.attr.startswith("__") and node.attr != "__init__":
                return False
            if not isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name) and node.value.id in top:
                return False
    return True


def keeps_no_state(tree):
    """Whether calls can share one process because the program (read, not run) has nowhere to keep anything.

    Only a matter of cost and of honest results: a program that hides state from this gains nothing, since what its
    calls return is compared outside.
    """
    try:
        return has_no_place_for_state(tree)
    except RecursionError:
        return False


NAMES_OF_INPUT = b"/dev/stdin", b"/dev/fd/0", b"/proc/self/fd/0"
NAMES_OF_OUTPUT = b"/dev/stdout", b"/dev/fd/1", b"/proc/self/fd/1"
NAMES_OF_SOURCE = b"__file__", b"solution.py", b"inspect", b"argv[0]"


def show_files(task, test, jail, stdout):
    """Makes the files that the program opens by name, if it mentions them: its input, its output, itself."""
    if not jail.namespaces:
        return

    def mentions(names):
        return any(name in task.source for name in names)

    def create(path, content):
        with open(path, "wb", buffering=0) as file:
            write_whole(file.fileno(), content)

    if mentions(NAMES_OF_INPUT):
        create("/tmp/.stdin", task.tests[test])
    if mentions(NAMES_OF_SOURCE) and task.language == "python":
        create(SOLUTION, task.source)
    if mentions(NAMES_OF_OUTPUT):
        # Standard output itself, so that both ways of writing go to one place.
        file = os.open("/tmp/.stdout", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, stdout)
        os.close(file)
