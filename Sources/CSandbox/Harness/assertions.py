# Fourth part of the harness: assertion tasks. The assertions run in a process (the checker) that never runs the
# program; the program runs in another (the candidate) and is reached through values only. So an object whose equality
# is always true, a patched builtin or an early exit in the program cannot make an assertion hold.
import operator as operator_module

LOST, REFUTED = 7, 8
MUTABLE = (list, dict, set)
BUILTIN_ERRORS = {
    name: kind for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, Warning)}
OPERATIONS = {
    "call": lambda f, a, k: f(*a, **k),
    "getattr": lambda o, a, k: getattr(o, *a),
    "setattr": lambda o, a, k: setattr(o, *a),
    "len": lambda o, a, k: len(o),
    "iter": lambda o, a, k: list(o),
    "item": lambda o, a, k: o[a[0]],
    "setitem": lambda o, a, k: o.__setitem__(*a),
    "contains": lambda o, a, k: a[0] in o,
    "str": lambda o, a, k: str(o),
    "repr": lambda o, a, k: repr(o),
    "bool": lambda o, a, k: bool(o),
    "hash": lambda o, a, k: hash(o),
    "eq": lambda o, a, k: bool(o == a[0]),
    "lt": lambda o, a, k: bool(o < a[0]),
    "le": lambda o, a, k: bool(o <= a[0]),
    "gt": lambda o, a, k: bool(o > a[0]),
    "ge": lambda o, a, k: bool(o >= a[0]),
    "binary": lambda o, a, k: getattr(operator_module, a[0])(o, a[1]),
    "reversed_binary": lambda o, a, k: getattr(operator_module, a[0])(a[1], o),
    "next": lambda o, a, k: next(o),
    "isinstance": lambda o, a, k: isinstance(o, a[0]),
}


def run_candidate(code, names, line):
    """Runs the program, then answers the checker's questions about its objects; never returns."""
    kept, numbers = [], {}

    def keep(value):
        if len(kept) >= HANDLE_LIMIT:
            raise Refused("too many objects")
        key = id(value)
        if key not in numbers:
            numbers[key] = len(kept)
            kept.append(value)
        return ["h", numbers[key]]

    def theirs(tag, number):
        return kept[number] if tag == "h" else lambda *arguments: call_back(number, arguments)

    def call_back(number, arguments):
        line.put(["back", number, [pack_value(a, keep) for a in arguments]])
        good, value = line.get()
        if not good:
            raise RuntimeError(str(value))
        return unpack_value(value, theirs)

    def answer(action, arguments=()):
        """Sends the action's value, or its exception; and the arguments that it changed in place."""
        try:
            before = [json.dumps(pack_value(a, keep)) if type(a) in MUTABLE else None for a in arguments]
            value = pack_value(action(), keep)
            changes = []
            for at, old in enumerate(before):
                new = pack_value(arguments[at], keep) if old is not None else None
                if old is not None and json.dumps(new) != old:
                    changes.append([at, new])
            line.put([True, value, changes])
        except BaseException as error:
            line.put([False, type(error).__name__, [b.__name__ for b in type(error).__mro__], str(error)[:400]])

    try:
        exec(code, names)
    except BaseException as error:
        line.put([False, type(error).__name__, [b.__name__ for b in type(error).__mro__], describe(error)])
        os._exit(0)
    line.put([True, None, []])
    while True:
        operation, number, arguments, keywords = line.get()
        if operation == "name":
            found = number in names and not (number.startswith("__") and number != "__name__")
            answer(lambda: (True, names[number]) if found else (False, None))
            continue
        target = kept[number]
        positional = [unpack_value(a, theirs) for a in arguments]
        named = {k: unpack_value(v, theirs) for k, v in keywords.items()}
        answer(lambda: OPERATIONS[operation](target, positional, named), positional)


class Handle:
    """An object of the program, reached from the checker. Never equal to a plain value, whatever it says."""

    __slots__ = ("_ask", "_number")

    def __init__(self, ask, number):
        object.__setattr__(self, "_ask", ask)
        object.__setattr__(self, "_number", number)

    def _do(self, operation, *arguments, **keywords):
        return self._ask(operation, self._number, arguments, keywords)

    def __call__(self, *arguments, **keywords):
        return self._do("call", *arguments, **keywords)

    def __getattr__(self, name):
        if name.startswith("__") and name not in ("__name__", "__doc__", "__dict__"):
            raise AttributeError(name)
        return self._do("getattr", name)

    def __setattr__(self, name, value):
        self._do("setattr", name, value)

    def __len__(self):
        return self._exactly(int, "len")

    def __iter__(self):
        return iter(self._do("iter"))

    def __next__(self):
        return self._do("next")

    def __instancecheck__(self, value):
        return isinstance(value, Handle) and value._exactly(bool, "isinstance", self)

    def __getitem__(self, key):
        return self._do("item", key)

    def __setitem__(self, key, value):
        self._do("setitem", key, value)

    def __contains__(self, value):
        return self._exactly(bool, "contains", value)

    def __str__(self):
        return self._exactly(str, "str")

    def __repr__(self):
        return self._exactly(str, "repr")

    def __bool__(self):
        return self._exactly(bool, "bool")

    def __hash__(self):
        return self._exactly(int, "hash")

    def _exactly(self, kind, operation, *arguments):
        value = self._do(operation, *arguments)
        if type(value) is not kind:
            raise TypeError(f"{operation} gave no {kind.__name__}")
        return value

    def __eq__(self, other):
        if not isinstance(other, Handle):
            return False
        return self._number == other._number or self._exactly(bool, "eq", other)

    def __ne__(self, other):
        return not self == other

    def _ordered(self, operation, other):
        if not isinstance(other, Handle):
            raise TypeError("an object of the program has no order with a plain value")
        return self._exactly(bool, operation, other)

    def __lt__(self, other):
        return self._ordered("lt", other)

    def __le__(self, other):
        return self._ordered("le", other)

    def __gt__(self, other):
        return self._ordered("gt", other)

    def __ge__(self, other):
        return self._ordered("ge", other)


def _binary(name):
    def forward(self, other):
        return self._do("binary", name, other)

    def backward(self, other):
        return self._do("reversed_binary", name, other)
    return forward, backward


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "matmul"):
    _plain = _name.rstrip("_")
    _forward, _backward = _binary(_name)
    setattr(Handle, f"__{_plain}__", _forward)
    setattr(Handle, f"__r{_plain}__", _backward)


def remote_error(answer):
    """An exception of the program, as the nearest builtin class of the same name."""
    _, name, bases, text = answer
    for base in bases:
        kind = BUILTIN_ERRORS.get(base)
        if kind is not None:
            try:
                return kind(text)
            except TypeError:
                continue
    return RuntimeError(f"{name}: {text}")


class Names(dict):
    """The assertions' global names: their own, Python's, then the program's.

    A program that defines its own `abs` does not get to judge itself; only when the assertions use no other name of the
    program do they mean its `sum`.
    """

    def __init__(self, ask, program_first):
        super().__init__()
        self.ask, self.program_first = ask, program_first

    def __missing__(self, name):
        builtin = name in vars(builtins)
        if builtin and not self.program_first:
            return vars(builtins)[name]
        found, value = self.ask("name", name, (), {})
        if found is True:
            return value
        if builtin:
            return vars(builtins)[name]
        raise NameError(f"name {name!r} is not defined")


def uses_only_builtin_names(tree):
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return not any(name not in vars(builtins) and name not in bound for name in loaded)


def split_assertions(text):
    """The statements as groups that each end with a top-level assert; trailing statements are a group of their own."""
    tree = ast.parse(text, "assertions.py")
    groups, current = [], []
    for statement in tree.body:
        current.append(statement)
        if isinstance(statement, ast.Assert):
            groups.append(current)
            current = []
    if current:
        groups.append(current)
    codes = [compile(ast.Module(group, []), "assertions.py", "exec", dont_inherit=True) for group in groups]
    return codes, uses_only_builtin_names(tree)


def change_in_place(value, new):
    if type(value) is list and type(new) is list:
        value[:] = new
    elif type(value) in (dict, set) and type(new) is type(value):
        value.clear()
        value.update(new)


class Checker:
    """The side of the line that runs the assertions."""

    def __init__(self, line):
        self.line, self.functions = line, []

    def handle(self, tag, number):
        if tag != "h" or type(number) is not int:
            raise Refused("an unknown value")
        return Handle(self.ask, number)

    def mine(self, value):
        """How a value that is no plain one goes to the program: its own objects by number, functions as call-backs."""
        if type(value) is Handle:
            return ["h", value._number]
        if callable(value):
            self.functions.append(value)
            return ["k", len(self.functions) - 1]
        raise TypeError(f"a {type(value).__name__} cannot be passed to the program")

    def ask(self, operation, number, arguments, keywords):
        self.line.put([operation, number, [pack_value(a, self.mine) for a in arguments],
                       {k: pack_value(v, self.mine) for k, v in keywords.items()}])
        answer = self.line.get()
        while answer[0] == "back":
            self.call_back(answer[1], answer[2])
            answer = self.line.get()
        if answer[0] is not True:
            raise remote_error(answer)
        for at, new in answer[2]:
            change_in_place(arguments[at], unpack_value(new, self.handle))
        return unpack_value(answer[1], self.handle)

    def call_back(self, number, arguments):
        try:
            value = self.functions[number](*[unpack_value(a, self.handle) for a in arguments])
            self.line.put([True, pack_value(value, self.mine)])
        except (EOFError, OSError):
            raise
        except Exception as error:
            self.line.put([False, describe(error)])


def run_checker(task, groups, program_first, line, results):
    """Runs the assertions against the candidate, a record each; never returns."""
    clock = time.process_time_ns

    def record(kind, test, started, text=b""):
        data = memoryview(RECORD.pack(kind, test, (clock() - started) // 1000, len(text)) + text)
        while data:
            data = data[os.write(results, data):]

    try:
        first = line.get()
    except EOFError:
        record(LOST, 0, clock())
        os._exit(0)
    if first[0] is not True:
        record(SETUP, 0, clock(), str(first[3]).encode("utf-8", "replace"))
        os._exit(0)
    names = Names(Checker(line).ask, program_first)
    dict.__setitem__(names, "__builtins__", builtins)
    dict.__setitem__(names, "__name__", "assertions")
    for test, group in enumerate(groups):
        record(BEGUN, test, 0)
        started = clock()
        try:
            exec(group, names, names)
        except AssertionError as error:
            record(REFUTED, test, started, describe(error).encode("utf-8", "replace"))
        except MemoryError:
            record(NO_MEMORY, test, started)
        except (EOFError, BrokenPipeError):
            record(LOST, test, started)
            break
        except BaseException as error:
            record(RAISED, test, started, describe(error).encode("utf-8", "replace"))
        else:
            record(VALUE, test, started, b"true")
    os._exit(0)


def run_assertions(task, code, names, jail):
    """Starts candidate and checker, waits for the checker, reports what it saw."""
    try:
        groups, program_first = split_assertions(task.name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        send(("unreadable", task.nonce), describe(error).encode("utf-8", "replace"))
        return None
    task.count = len(groups)
    send(("compiled", task.nonce, task.count))
    if not groups:
        return None
    results, null = memory_file("results"), os.open("/dev/null", os.O_RDWR)
    (to_candidate, from_checker), (to_checker, from_candidate) = os.pipe(), os.pipe()
    budget = task.cpu * len(groups)
    candidate = clone()
    if candidate == 0:
        enter_program(task, jail, (null, null, null, to_candidate, from_candidate), budget)
        run_candidate(code, names, Line(3, 4, task.output_bytes))
    checker = clone()
    if checker == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        enter_program(task, jail, (null, null, null, to_checker, from_checker, results), budget)
        run_checker(task, groups, program_first, Line(3, 4, task.output_bytes), 5)
    for descriptor in (to_candidate, from_checker, to_checker, from_candidate, null):
        os.close(descriptor)

    def allowance(used):
        return call_allowance(task, results, budget, used) - (cpu_clock(candidate) or 0.0)

    ended = await_child(checker, task.wall * len(groups), allowance)
    finished = select.select([os.pidfd_open(candidate)], [], [], 0.05 if ended.code == 0 and not ended.late else 0)[0]
    if not finished:
        os.kill(candidate, signal.SIGKILL)
    _, status, usage = os.wait4(candidate, 0)
    report_assertions(task, len(groups), ended, Ended(status, usage, not finished), results)
    return None


def report_assertions(task, count, checker, candidate, results):
    """A case for each assertion that the checker reached; the candidate's end explains one that it did not."""
    names = {VALUE: "value", RAISED: "raised", REFUTED: "refuted", NO_MEMORY: "memory"}
    expected = 0
    for kind, test, cpu, text in read_records(results, task):
        if kind == SETUP:
            send_case(task, 0, "raised", candidate, b"", text)
            may_go_on(task)
            return
        if kind in names and test == expected:
            send_case(task, test, names[kind], checker, b"", b"" if kind == VALUE else text, cpu)
            if not may_go_on(task):
                return
            expected += 1
    if expected < count:
        late = checker.late or candidate.signal == signal.SIGXCPU
        send_case(task, expected, "late" if late else "missing", checker if late else candidate)
        may_go_on(task)
