# Fourth part of the harness: the candidate, the process of an assertion task that runs the program. It is cloned before
# the assertions have arrived, so that no memory, frame or object of it holds them; it answers questions about the
# program's objects, by value where it can.
import operator as operator_module

MUTABLE = (list, dict, set, bytearray, collections.deque, collections.OrderedDict, collections.Counter,
           collections.defaultdict)


def leave(o, a, k):
    """`__exit__`, with the exception's nearest builtin class."""
    kind = BUILTIN_ERRORS.get(a[0], Exception) if a[0] else None
    return bool(type(o).__exit__(o, kind, kind(a[1]) if kind else None, None))


def run_coroutine(o, a, k):
    import asyncio
    return asyncio.run(o)


def iterate(o, a, k):
    """An iterator, and whether the object was one already."""
    iterator = iter(o)
    return iterator, iterator is o


def take(o, a, k):
    """At most `a[0]` more items of an iterator, and whether it has ended."""
    items = []
    for item in o:
        items.append(item)
        if len(items) == a[0]:
            return items, False
    return items, True


OPERATIONS = {
    "call": lambda f, a, k: f(*a, **k),
    "getattr": lambda o, a, k: getattr(o, *a),
    "setattr": lambda o, a, k: setattr(o, *a),
    "delattr": lambda o, a, k: delattr(o, *a),
    "len": lambda o, a, k: len(o),
    "iter": iterate,
    "take": take,
    "reversed": lambda o, a, k: list(reversed(o)),
    "item": lambda o, a, k: o[a[0]],
    "setitem": lambda o, a, k: o.__setitem__(*a),
    "delitem": lambda o, a, k: o.__delitem__(*a),
    "contains": lambda o, a, k: a[0] in o,
    "str": lambda o, a, k: str(o),
    "repr": lambda o, a, k: repr(o),
    "format": lambda o, a, k: format(o, *a),
    "bool": lambda o, a, k: bool(o),
    "int": lambda o, a, k: int(o),
    "float": lambda o, a, k: float(o),
    "hash": lambda o, a, k: hash(o),
    "eq": lambda o, a, k: bool(o == a[0]),
    "lt": lambda o, a, k: bool(o < a[0]),
    "le": lambda o, a, k: bool(o <= a[0]),
    "gt": lambda o, a, k: bool(o > a[0]),
    "ge": lambda o, a, k: bool(o >= a[0]),
    "unary": lambda o, a, k: getattr(operator_module, a[0])(o),
    "binary": lambda o, a, k: getattr(operator_module, a[0])(o, a[1]),
    "reversed_binary": lambda o, a, k: getattr(operator_module, a[0])(a[1], o),
    "next": lambda o, a, k: next(o),
    "isinstance": lambda o, a, k: isinstance(a[0], o),
    "issubclass": lambda o, a, k: issubclass(a[0], o),
    "plain": lambda o, a, k: without_subclass(o),
    "replace": lambda o, a, k: change_in_place(o, a[0]),
    "enter": lambda o, a, k: type(o).__enter__(o),
    "exit": leave,
    "run": run_coroutine,
}
# What these give is shared with the assertions, not only shown to them: they may change it.
SHARING = ("getattr", "item")


class Foreign:
    """An object of the assertions, in the program: its attributes, by value."""


def change_in_place(value, new):
    if isinstance(value, (list, bytearray)):
        value[:] = new
    elif isinstance(value, Foreign):
        vars(value).clear()
        vars(value).update(vars(new))
    elif isinstance(value, collections.deque):
        value.clear()
        value.extend(new)
    else:
        value.clear()
        value.update(new)


class Candidate:
    """The program's side of the line."""

    def __init__(self, names, line):
        self.names, self.line = names, line
        self.kept, self.numbers, self.foreign, self.kinds = [], {}, {}, {}
        self.told = set()

    def keep(self, value, plain=None):
        if isinstance(value, Foreign):
            return self.pack_foreign(value)
        number = self.number_of(value)
        if isinstance(value, type) and issubclass(value, BaseException):
            bases = [self.pack(b) for b in value.__bases__ if issubclass(b, BaseException)]
            return ["e", number, value.__name__, bases, str(value.__module__)]
        kind = type(value).__name__
        return ["h", number, kind] if plain is None else ["v", number, kind, plain]

    def number_of(self, value):
        if len(self.kept) >= HANDLE_LIMIT:
            raise Refused("too many objects")
        key = id(value)
        if key not in self.numbers:
            self.numbers[key] = len(self.kept)
            self.kept.append(value)
        return self.numbers[key]

    def pack(self, value):
        return pack_value(value, self.keep)

    def pack_foreign(self, value):
        """The whole object at its first place in a message, its number afterwards."""
        number = next(n for n, known in self.foreign.items() if known is value)
        if number in self.told:
            return ["o", number]
        self.told.add(number)
        return ["o", number, type(value).__name__, [[k, self.pack(v)] for k, v in vars(value).items()]]

    def theirs(self, packed):
        tag, number = packed[0], packed[1]
        if tag == "h":
            return self.kept[number]
        if tag == "o":
            return self.their_object(*packed[1:])
        if tag == "B":
            return getattr(__import__(number, fromlist=[""]), packed[2])
        if tag == "I":
            return iter([unpack_value(p, self.theirs) for p in number])
        return lambda *arguments, **keywords: self.call_back(number, arguments, keywords)

    def their_object(self, number, kind=None, members=()):
        if number not in self.foreign:
            if kind not in self.kinds:
                self.kinds[kind] = type(kind, (Foreign,), {})
            self.foreign[number] = self.kinds[kind]()
        found = self.foreign[number]
        if kind is not None:
            values = {k: unpack_value(v, self.theirs) for k, v in members}
            vars(found).clear()
            vars(found).update(values)
        return found

    def call_back(self, number, arguments, keywords):
        self.told.clear()
        self.line.put(["back", number, [self.pack(a) for a in arguments],
                       {k: self.pack(v) for k, v in keywords.items()}])
        good, value = self.line.get()
        if not good:
            raise RuntimeError(str(value))
        return unpack_value(value, self.theirs)

    def shown(self, value):
        """A value for comparison only: has it changed?"""
        if type(value) not in MUTABLE and not isinstance(value, Foreign):
            return None
        self.told.clear()
        return json.dumps(self.pack(value))

    def answer(self, action, arguments=(), sharing=False):
        """Sends the action's value, or its exception; and the arguments that it changed in place."""
        try:
            before = [self.shown(a) for a in arguments]
            value = action()
            changes = []
            for at, old in enumerate(before):
                if old is not None and self.shown(arguments[at]) != old:
                    self.told.clear()
                    changes.append([at, self.pack(arguments[at])])
            self.told.clear()
            packed = self.pack(value)
            if sharing and type(value) in MUTABLE:
                packed = ["L", self.number_of(value), packed]
            self.line.put([True, packed, changes])
        except BaseException as error:
            self.line.put([False, *self.exception_words(error)])

    def exception_words(self, error):
        """Class, text and plain arguments of an exception, and the exception itself as an object."""
        try:
            arguments = [pack_value(a, self.keep) for a in error.args]
            if any(type(a) is list and a[0] in ("h", "v", "e", "o") for a in arguments):
                arguments = None
        except Exception:
            arguments = None
        return self.pack(type(error)), str(error)[:400], arguments, self.number_of(error), describe(error)

    def begin(self, code):
        try:
            exec(code, self.names)
        except BaseException as error:
            self.line.put([False, *self.exception_words(error)])
            os._exit(0)
        self.line.put([True, None, []])

    def serve(self):
        while True:
            operation, number, arguments, keywords = self.line.get()
            if operation == "name":
                found = number in self.names and not (number.startswith("__") and number != "__name__")
                self.answer(lambda: (found, self.names[number] if found else None))
                continue
            target = self.kept[number]
            positional = [unpack_value(a, self.theirs) for a in arguments]
            named = {k: unpack_value(v, self.theirs) for k, v in keywords.items()}
            self.answer(lambda: OPERATIONS[operation](target, positional, named), positional + list(named.values()),
                        operation in SHARING)


def run_candidate(code, names, line):
    """Runs the program, then answers the checker's questions about its objects; never returns."""
    try:
        candidate = Candidate(names, line)
        candidate.begin(code)
        candidate.serve()
    finally:
        os._exit(0)
