# Sixth part of the harness: assertion tasks. The assertions run in a process (the checker) that never runs the program;
# the program runs in another (the candidate) and is reached through values only. So an object whose equality is always
# true, a patched builtin or an early exit in the program cannot make an assertion hold; and the assertions arrive only
# when the candidate is a process of its own, so that it cannot find what they expect.
LOST, REFUTED = 7, 8
TRACKED_MAX, KINDS_MAX = 32, 1024


class Names(dict):
    """The assertions' global names: their own, Python's, then the program's.

    A program that defines its own `abs` does not get to judge itself; only when the assertions use no other name of the
    program do they mean its `sum`. Nor does one that calls something of its own `math`.
    """

    def __init__(self, ask, program_first, modules):
        super().__init__()
        self.ask, self.program_first, self.modules = ask, program_first, modules

    def __missing__(self, name):
        builtin = name in vars(builtins)
        if builtin and not self.program_first:
            return vars(builtins)[name]
        found, value = self.ask("name", name, (), {})
        if found is True:
            if isinstance_of_handle(value) and name.lstrip("_")[:1].isupper():
                named.add(value._number)
            return self.modules.get(name, value)
        if builtin:
            return vars(builtins)[name]
        raise NameError(f"name {name!r} is not defined")


def uses_only_builtin_names(tree):
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return not any(name not in vars(builtins) and name not in bound for name in loaded)


def modules_meant(tree):
    """Names that the assertions use as nothing but standard modules, with those modules."""
    bases = {n.value: n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    attributes, other = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in sys.stdlib_module_names:
            if node in bases:
                attributes.setdefault(node.id, set()).add(bases[node])
            else:
                other.add(node.id)
    found = {}
    for name in attributes.keys() - other:
        try:
            module = __import__(name)
        except Exception:
            continue
        if all(hasattr(module, attribute) for attribute in attributes[name]):
            found[name] = module
    return found


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
    return codes, uses_only_builtin_names(tree), modules_meant(tree)


class Checker:
    """The side of the line that runs the assertions."""

    def __init__(self, line):
        self.line, self.functions, self.objects = line, [], []
        self.kinds, self.shared, self.told = {}, {}, set()

    def theirs(self, packed):
        """What a tag of the program's stands for here."""
        tag, number = packed[0], packed[1]
        if type(number) is not int:
            raise Refused("an unknown value")
        if tag == "h":
            return self.stand_in(Handle, packed[2])(self.ask, number)
        if tag == "v":
            return self.stand_in(Valued, packed[2])(self.ask, number, self.unpack(packed[3]))
        if tag == "e":
            return self.exception_class(*packed[1:])
        if tag == "o":
            return self.own_object(number, packed[3] if len(packed) > 2 else None)
        if tag == "L":
            return self.share(number, self.unpack(packed[2]))
        raise Refused("an unknown value")

    def unpack(self, packed):
        return unpack_value(packed, self.theirs)

    def own_object(self, number, members):
        """One of the assertions' own objects, with the attributes that the program gave it."""
        found = self.objects[number]
        if members is not None:
            values = {str(k): self.unpack(v) for k, v in members}
            vars(found).clear()
            vars(found).update(values)
        return found

    def stand_in(self, base, name):
        """The kind of handle for objects of a class of this name, so that `type(x).__name__` is right."""
        if (base, name) not in self.kinds and len(self.kinds) < KINDS_MAX:
            self.kinds[base, name] = type(str(name), (base,), {"__slots__": ()})
        return self.kinds.get((base, name), base)

    def exception_class(self, number, name, bases, module):
        """The standard class of this name, or a class made for the program's."""
        if number not in self.kinds:
            kinds = tuple(b for b in map(self.unpack, bases) if isinstance(b, type) and issubclass(b, BaseException))
            found = None
            if module.partition(".")[0] in sys.stdlib_module_names and module in sys.modules:
                found = getattr(sys.modules[module], name, None)
            if not (isinstance(found, type) and issubclass(found, BaseException)):
                found = type(str(name), (*(kinds or (Exception,)), Proxied), {"_number": number})
            self.kinds[number] = found
        return self.kinds[number]

    def share(self, number, value):
        """A container of the program that the assertions may change: the same one whenever it comes again."""
        if number in self.shared:
            known = self.shared[number][0]
            if type(known) is type(value):
                change_in_place(known, value)
                value = known
        elif len(self.shared) >= TRACKED_MAX:
            del self.shared[next(iter(self.shared))]
        self.shared[number] = value, self.shown(value)
        return value

    def shown(self, value):
        self.told.clear()
        return json.dumps(self.pack(value))

    def tell_changes(self):
        """Carries out in the program what the assertions did to containers of it."""
        for number, (value, before) in list(self.shared.items()):
            now = self.shown(value)
            if now != before:
                self.shared[number] = value, now
                self.converse("replace", number, [value], {})

    def mine(self, value, plain=None):
        """How a value that is no plain one goes to the program: its own objects by number, functions as call-backs,
        other objects by their attributes."""
        if isinstance_of_handle(value) or isinstance(value, type) and issubclass(value, Proxied):
            return ["h", value._number]
        if isinstance(value, Proxied) and "_handle" in vars(value):
            return ["h", vars(value)["_handle"]._number]
        if plain is not None:
            return plain
        module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
        if module in sys.stdlib_module_names and getattr(sys.modules.get(module), str(name), None) is value:
            return ["B", module, name]
        if callable(value):
            self.functions.append(value)
            return ["k", len(self.functions) - 1]
        if hasattr(type(value), "__next__"):
            return ["I", [self.pack(v) for v in value]]
        if not hasattr(value, "__dict__"):
            raise TypeError(f"a {type(value).__name__} cannot be passed to the program")
        number = next((n for n, known in enumerate(self.objects) if known is value), None)
        if number is None:
            number = len(self.objects)
            self.objects.append(value)
        if number in self.told:
            return ["o", number]
        self.told.add(number)
        return ["o", number, type(value).__name__, [[k, self.pack(v)] for k, v in vars(value).items()]]

    def pack(self, value):
        return pack_value(value, self.mine)

    def ask(self, operation, number, arguments, keywords):
        if self.shared:
            self.tell_changes()
        return self.converse(operation, number, arguments, keywords)

    def converse(self, operation, number, arguments, keywords):
        self.told.clear()
        self.line.put([operation, number, [self.pack(a) for a in arguments],
                       {k: self.pack(v) for k, v in keywords.items()}])
        answer = self.line.get()
        while answer[0] == "back":
            self.call_back(*answer[1:])
            answer = self.line.get()
        if answer[0] is not True:
            raise self.remote_error(*answer[1:5])
        given = [*arguments, *keywords.values()]
        for at, new in answer[2]:
            new = self.unpack(new)
            if type(given[at]) in MUTABLE and type(new) is type(given[at]):
                change_in_place(given[at], new)
        return self.unpack(answer[1])

    def remote_error(self, kind, text, arguments, number):
        """An exception of the program, as a class of its own or the nearest builtin one."""
        kind = self.unpack(kind)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            return RuntimeError(str(text))
        arguments = [text] if arguments is None else list(map(self.unpack, arguments))
        try:
            error = kind(*arguments)
        except TypeError:
            # Its constructor wants others.
            error = kind.__new__(kind, *arguments)
        if isinstance(error, Proxied):
            error.__dict__["_handle"] = Handle(self.ask, number)
        return error

    def call_back(self, number, arguments, keywords):
        try:
            value = self.functions[number](*map(self.unpack, arguments),
                                           **{k: self.unpack(v) for k, v in keywords.items()})
            self.told.clear()
            self.line.put([True, self.pack(value)])
        except Exception as error:
            self.line.put([False, describe(error)])


def let_programs_run_coroutines():
    """`asyncio.run` of a coroutine that is the program's runs it there."""
    import asyncio
    own_run = asyncio.run
    asyncio.run = lambda main, **k: main._do("run") if isinstance_of_handle(main) else own_run(main, **k)


def run_checker(groups, program_first, modules, line, results, candidate):
    """Runs the assertions against the candidate, a record each; never returns."""
    def clock():
        """Nanoseconds of CPU, the program's included."""
        nonlocal theirs
        theirs = cpu_clock(candidate) or theirs
        return time.process_time_ns() + int(theirs * 1e9)

    def record(kind, test, started, text=b""):
        data = memoryview(RECORD.pack(kind, test, max(0, clock() - started) // 1000, len(text)) + text)
        while data:
            data = data[os.write(results, data):]

    theirs = 0.0
    record(BEGUN, 0, 0)
    try:
        first = line.get()
    except Lost:
        record(LOST, 0, clock())
        os._exit(0)
    if first[0] is not True:
        if first[1] == ["T", "MemoryError"]:
            record(NO_MEMORY, 0, 0)
            os._exit(0)
        record(SETUP, 0, clock(), str(first[-1]).encode("utf-8", "replace"))
        os._exit(0)
    names = Names(Checker(line).ask, program_first, modules)
    dict.__setitem__(names, "__builtins__", builtins)
    dict.__setitem__(names, "__name__", "assertions")
    started = 0
    for test, group in enumerate(groups):
        if test > 0:
            record(BEGUN, test, 0)
            started = clock()
        try:
            exec(group, names, names)
            if line.lost:
                raise Lost
        except AssertionError as error:
            record(REFUTED, test, started, describe(error).encode("utf-8", "replace"))
        except MemoryError:
            record(NO_MEMORY, test, started)
        except Lost:
            record(LOST, test, started)
            break
        except BaseException as error:
            record(RAISED, test, started, describe(error).encode("utf-8", "replace"))
        else:
            record(VALUE, test, started, b"true")
    os._exit(0)


def receive_assertions(task):
    """The assertions' text, which the server sends when it is asked; the groups, or None after it was refused."""
    send(("statements", task.nonce))
    text = exactly(int.from_bytes(exactly(4), "little")).decode()
    try:
        groups, program_first, modules = split_assertions(text)
        if "asyncio" in text:
            let_programs_run_coroutines()
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        send(("unreadable", task.nonce), describe(error).encode("utf-8", "replace"))
        return None
    return groups, program_first, modules


def run_assertions(task, code, names, jail):
    """Starts the candidate, fetches the assertions, starts the checker, waits for it, reports what it saw."""
    null = os.open("/dev/null", os.O_RDWR)
    (to_candidate, from_checker), (to_checker, from_candidate) = os.pipe(), os.pipe()
    candidate = clone()
    if candidate == 0:
        enter_program(task, jail, (null, null, null, to_candidate, from_candidate), task.deadline)
        run_candidate(code, names, Line(3, 4, task.output_bytes))
    received = receive_assertions(task)
    if received is None or not received[0]:
        os.kill(candidate, signal.SIGKILL)
        os.wait4(candidate, 0)
        if received is not None:
            send(("compiled", task.nonce, 0))
        return None
    groups, program_first, modules = received
    task.count = len(groups)
    send(("compiled", task.nonce, task.count))
    results, budget = memory_file("results"), task.cpu * len(groups)
    checker = clone()
    if checker == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        enter_program(task, jail, (null, null, null, to_checker, from_checker, results), budget)
        run_checker(groups, program_first, modules, Line(3, 4, task.output_bytes), 5, candidate)
    for descriptor in (to_candidate, from_checker, to_checker, from_candidate, null):
        os.close(descriptor)

    def allowance(used):
        if time.monotonic() > task.end:
            return 0
        return call_allowance(task, results, budget, used + (cpu_clock(candidate) or 0.0))

    # Each assertion has the wall backstop to itself: it leaves a record as it begins.
    ended = await_child(checker, task.wall, allowance, lambda: os.fstat(results).st_size)
    report_assertions(task, len(groups), ended, end_candidate(candidate, ended), results)
    return None


def end_candidate(candidate, checker):
    """How the candidate ended; it is ended here if it has not by itself."""
    patience = 0.05 if checker.code == 0 and not checker.late else 0
    descriptor = os.pidfd_open(candidate)
    finished = select.select([descriptor], [], [], patience)[0]
    os.close(descriptor)
    if not finished:
        os.kill(candidate, signal.SIGKILL)
    _, status, usage = os.wait4(candidate, 0)
    return Ended(status, usage, not finished)


def report_assertions(task, count, checker, candidate, results):
    """A case for each assertion that the checker reached; the candidate's end explains one that it did not."""
    names = {VALUE: "value", RAISED: "raised", REFUTED: "refuted", NO_MEMORY: "memory"}
    expected = 0
    checker.peak = max(checker.peak, candidate.peak)
    for kind, test, cpu, text in read_records(results, task):
        if kind == SETUP:
            send_case(task, 0, "raised", candidate, b"", text)
            may_go_on(task)
            return
        if kind in names and test == expected:
            status = "late" if cpu > task.cpu else names[kind]
            send_case(task, test, status, checker, b"", b"" if kind == VALUE else text, cpu)
            if not may_go_on(task):
                return
            expected += 1
    if expected < count:
        late = checker.late or candidate.signal == signal.SIGXCPU
        send_case(task, expected, "late" if late else "missing", checker if late else candidate)
        may_go_on(task)
