# Fifth part of the harness: what the assertions hold instead of an object of the program. Its methods ask the candidate;
# equality with a plain value is never left to the program.
import numbers as numbers_module

BUILTIN_ERRORS = {name: kind for name, kind in BUILTIN_TYPES.items() if issubclass(kind, BaseException)}
SHOWN_DUNDERS = ("__name__", "__doc__", "__dict__", "__annotations__", "__module__", "__qualname__", "__wrapped__",
                 "__defaults__", "__args__", "__cause__", "__context__", "__init__", "__call__")


# What only texts, numbers and sets answer with a truth value: an object that a call gave is none of them.
PREDICATES = {"startswith", "endswith"} | {n for k in (str, bytes, set, float, int) for n in dir(k) if n.startswith("is")}
# Numbers of classes that the assertions name as such, and of the objects that they made of them.
named, made = set(), set()


def walk(iterator):
    """The items of an iterator that nobody else reads, in growing portions."""
    count = 1
    while True:
        items, ended = iterator._do("take", count)
        yield from items
        if ended:
            return
        count = min(2 * count, 1024)


class Handle:
    """An object of the program, reached from the checker. Never equal to a plain value, whatever it says."""

    __slots__ = ("_ask", "_number")

    def __init__(self, ask, number):
        object.__setattr__(self, "_ask", ask)
        object.__setattr__(self, "_number", number)

    def _do(self, operation, *arguments, **keywords):
        return self._ask(operation, self._number, arguments, keywords)

    def _exactly(self, kind, operation, *arguments):
        value = self._do(operation, *arguments)
        if type(value) is not kind:
            raise TypeError(f"{operation} gave no {kind.__name__}")
        return value

    def __call__(self, *arguments, **keywords):
        value = self._do("call", *arguments, **keywords)
        if self._number in named and isinstance_of_handle(value):
            made.add(value._number)
        return value

    def __getattr__(self, name):
        if name.startswith("__") and name not in SHOWN_DUNDERS:
            raise AttributeError(name)
        if name in PREDICATES and self._number not in made:
            raise AttributeError(f"what the program returned is no builtin value with {name}")
        return self._do("getattr", name)

    def __setattr__(self, name, value):
        self._do("setattr", name, value)

    def __delattr__(self, name):
        self._do("delattr", name)

    def __len__(self):
        return self._exactly(int, "len")

    def __iter__(self):
        iterator, same = self._do("iter")
        # One that is read here and there must not be read ahead.
        return self if same else walk(iterator) if isinstance_of_handle(iterator) else iter(iterator)

    def __next__(self):
        return self._do("next")

    def __reversed__(self):
        return iter(self._do("reversed"))

    def __instancecheck__(self, value):
        return isinstance_of_handle(value) and self._exactly(bool, "isinstance", value)

    def __subclasscheck__(self, value):
        return isinstance_of_handle(value) and self._exactly(bool, "issubclass", value)

    def __getitem__(self, key):
        return self._do("item", key)

    def __setitem__(self, key, value):
        self._do("setitem", key, value)

    def __delitem__(self, key):
        self._do("delitem", key)

    def __contains__(self, value):
        # What a call gave is a value to be checked: whether it holds another plain value is not for it to say.
        if self._number not in made and not isinstance_of_handle(value):
            raise TypeError("what the program returned is no container of plain values")
        return self._exactly(bool, "contains", value)

    def __enter__(self):
        return self._do("enter")

    def __exit__(self, kind, error, trace):
        return self._exactly(bool, "exit", kind.__name__ if kind else "", str(error))

    def __str__(self):
        return self._exactly(str, "str")

    def __repr__(self):
        return self._exactly(str, "repr")

    def __format__(self, how):
        return self._exactly(str, "format", how)

    def __bool__(self):
        return self._exactly(bool, "bool")

    def __int__(self):
        return self._exactly(int, "int")

    def __float__(self):
        return self._exactly(float, "float")

    def __hash__(self):
        return self._exactly(int, "hash")

    def __eq__(self, other):
        if not isinstance_of_handle(other):
            return False
        return self._number == other._number or self._exactly(bool, "eq", other)

    def __ne__(self, other):
        return not self == other

    def _ordered(self, operation, other):
        if not isinstance_of_handle(other):
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

    def _calculated(self, operation, name, other):
        """An operator's value. A number from a number would let the program say how far it is from the right one."""
        value = self._do(operation, name, other)
        if isinstance(plain_of(value), numbers_module.Number) and isinstance(plain_of(other), numbers_module.Number):
            raise TypeError("an object of the program gives no numbers with plain ones")
        return value


class Valued(Handle):
    """An object of a program's class that extends a builtin one: compared and calculated with as the builtin value. If
    the assertions did not make it themselves, it also answers as one, but for what the builtin class has not."""

    __slots__ = ("_plain",)

    def __init__(self, ask, number, plain):
        super().__init__(ask, number)
        object.__setattr__(self, "_plain", plain)

    def _value(self):
        """The value now; a container may have changed since it came."""
        return self._do("plain") if isinstance(self._plain, (list, dict, set)) else self._plain

    @property
    def __class__(self):
        return type(self._plain)

    def __getattr__(self, name):
        if self._number not in made and hasattr(type(self._plain), name):
            return getattr(self._value(), name)
        return Handle.__getattr__(self, name)

    def __len__(self):
        return Handle.__len__(self) if self._number in made else len(self._value())

    def __iter__(self):
        return Handle.__iter__(self) if self._number in made else iter(self._value())

    def __getitem__(self, key):
        return Handle.__getitem__(self, key) if self._number in made else self._value()[key]

    def __str__(self):
        return Handle.__str__(self) if self._number in made else str(self._value())

    def __eq__(self, other):
        return Handle.__eq__(self, other) if isinstance_of_handle(other) else self._value() == other

    def __hash__(self):
        return hash(self._value())

    def __bool__(self):
        return bool(self._value())

    def __int__(self):
        return int(self._value())

    def __float__(self):
        return float(self._value())

    def __index__(self):
        return operator_module.index(self._value())

    def __format__(self, how):
        return format(self._value(), how)

    def __contains__(self, value):
        return value in self._value()

    def _ordered(self, operation, other):
        if isinstance_of_handle(other):
            return Handle._ordered(self, operation, other)
        return getattr(operator_module, operation)(self._value(), other)

    def _calculated(self, operation, name, other):
        if isinstance_of_handle(other):
            return self._do(operation, name, other)
        pair = (self._value(), other) if operation == "binary" else (other, self._value())
        return getattr(operator_module, name)(*pair)


def isinstance_of_handle(value):
    return Handle in type(value).__mro__


def plain_of(value):
    return object.__getattribute__(value, "_plain") if Valued in type(value).__mro__ else value


def _add_operator(name):
    plain = name.rstrip("_")
    setattr(Handle, f"__{plain}__", lambda self, other: self._calculated("binary", name, other))
    setattr(Handle, f"__r{plain}__", lambda self, other: self._calculated("reversed_binary", name, other))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "matmul", "lshift",
              "rshift"):
    _add_operator(_name)
for _name in ("neg", "pos", "abs", "invert"):
    setattr(Handle, f"__{_name}__", lambda self, name=_name: self._do("unary", name))


class Proxied:
    """Mixed into the stand-ins of the program's exception classes; the number is the class's own."""

    _number = None

    def __getattr__(self, name):
        handle = self.__dict__.get("_handle")
        if handle is None or name.startswith("__"):
            raise AttributeError(name)
        return handle._do("getattr", name)
