# Third part of the harness: values that cross from one process of an assertion task to the other, and the line on which
# they travel. Only exact builtin and standard types are rebuilt; nothing that arrives is ever evaluated.
import array
import base64
import collections
import datetime
import decimal
import fractions

HANDLE_LIMIT = 1 << 20
DEPTH_LIMIT = 200


class Refused(Exception):
    """What the candidate answered cannot be used."""


class Lost(BaseException):
    """The other side is gone. No `Exception`, so that no assertion takes it for the program's."""


PLAIN_BASES = (tuple, list, set, frozenset, dict, str, bytes, int, float, complex)
DICT_VIEWS = {type({}.keys()): "dk", type({}.values()): "dv", type({}.items()): "di"}
BUILTIN_TYPES = {kind.__name__: kind for module in (types, builtins) for kind in vars(module).values()
                 if isinstance(kind, type) and kind.__module__ == "builtins"}


def without_subclass(value):
    """The builtin value under an instance of a subclass, by the builtin's own methods."""
    for base in (tuple, list, set, frozenset):
        if isinstance(value, base):
            return base(base.__iter__(value))
    if isinstance(value, dict):
        return dict(dict.items(value))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return bytes.__getitem__(value, slice(None))
    if isinstance(value, int):
        return int.__add__(value, 0)
    if isinstance(value, float):
        return float.__add__(value, 0.0)
    return complex.__add__(value, 0j)


def pack_value(value, keep, depth=0):
    """A value as JSON-able lists: exact builtin and standard types by value, everything else as `keep` says."""
    if depth > DEPTH_LIMIT:
        raise Refused("the value is nested too deeply")
    kind = type(value)
    inner = lambda v: pack_value(v, keep, depth + 1)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -(1 << 53) < value < 1 << 53 else ["i", hex(value)]
    if kind is float:
        return ["f", value.hex() if value - value == 0 else repr(value)]
    if kind is list or kind is tuple or kind is set or kind is frozenset or kind is collections.deque:
        return [kind.__name__[0] + kind.__name__[-1], [inner(v) for v in value]]
    if kind is dict or kind is collections.OrderedDict or kind is collections.Counter:
        return ["d" + kind.__name__[0], [[inner(k), inner(v)] for k, v in value.items()]]
    if kind is collections.defaultdict:
        factory = inner(value.default_factory) if value.default_factory in (int, list, set, dict, str, float) else None
        return ["dF", [[inner(k), inner(v)] for k, v in dict.items(value)], factory]
    if kind is bytes or kind is bytearray:
        return ["b" if kind is bytes else "ba", base64.b64encode(value).decode()]
    if kind is complex:
        return ["c", repr(value.real), repr(value.imag)]
    if kind is decimal.Decimal or kind is fractions.Fraction:
        return [kind.__name__[:2], str(value)]
    if kind is datetime.date or kind is datetime.datetime or kind is datetime.time:
        return ["t" + kind.__name__, value.isoformat()]
    if kind is datetime.timedelta:
        return ["td", value.days, value.seconds, value.microseconds]
    if kind is range or kind is slice:
        return [kind.__name__[0], [inner(v) for v in (value.start, value.stop, value.step)]]
    if kind is array.array:
        return ["aa", value.typecode, base64.b64encode(value.tobytes()).decode()]
    if kind in DICT_VIEWS:
        return [DICT_VIEWS[kind], [inner(v) for v in value]]
    if kind is type and BUILTIN_TYPES.get(value.__name__) is value:
        return ["T", value.__name__]
    if kind is types.ModuleType:
        return ["m", str(value.__name__)]
    if value is Ellipsis or value is NotImplemented:
        return ["K", repr(value)]
    # By the type itself: an object may say of another class that it is its own.
    plain = inner(without_subclass(value)) if issubclass(kind, PLAIN_BASES) else None
    return keep(value, plain)


CONTAINERS = {"lt": list, "te": tuple, "st": set, "ft": frozenset, "de": collections.deque}
MAPPINGS = {"dd": dict, "dO": collections.OrderedDict, "dC": collections.Counter}
VIEWS = {"dk": lambda v: dict.fromkeys(v).keys(), "dv": lambda v: dict(enumerate(v)).values(),
         "di": lambda v: dict(v).items()}
TEXTS = {
    "i": lambda t: int(t, 16), "f": float.fromhex, "b": base64.b64decode,
    "ba": lambda t: bytearray(base64.b64decode(t)), "De": decimal.Decimal, "Fr": fractions.Fraction,
    "tdate": datetime.date.fromisoformat, "tdatetime": datetime.datetime.fromisoformat,
    "ttime": datetime.time.fromisoformat, "T": BUILTIN_TYPES.__getitem__,
    "K": {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}.__getitem__,
}


def unpack_value(packed, other):
    """The value of `pack_value`'s lists; tags of objects go to `other`, anything malformed is refused."""
    inner = lambda p: unpack_value(p, other)
    if not isinstance(packed, list):
        return packed
    tag = packed[0]
    if tag in CONTAINERS:
        return CONTAINERS[tag](map(inner, packed[1]))
    if tag in MAPPINGS:
        return MAPPINGS[tag]({inner(k): inner(v) for k, v in packed[1]})
    if tag == "dF":
        return collections.defaultdict(inner(packed[2]), [(inner(k), inner(v)) for k, v in packed[1]])
    if tag in TEXTS:
        return TEXTS[tag](packed[1])
    if tag in VIEWS:
        return VIEWS[tag](list(map(inner, packed[1])))
    if tag == "c":
        return complex(float(packed[1]), float(packed[2]))
    if tag == "td":
        return datetime.timedelta(*map(int, packed[1:4]))
    if tag == "r" or tag == "s":
        return (range if tag == "r" else slice)(*map(inner, packed[1]))
    if tag == "aa":
        return array.array(packed[1], base64.b64decode(packed[2]))
    if tag == "m" and packed[1].partition(".")[0] in sys.stdlib_module_names and packed[1] in sys.modules:
        return sys.modules[packed[1]]
    return other(packed)


class Line:
    """Length-prefixed JSON over two descriptors."""

    def __init__(self, reader, writer, most):
        self.reader, self.writer, self.most = reader, writer, most
        self.lost = False

    def put(self, message):
        text = json.dumps(message).encode()
        if len(text) > self.most:
            raise Refused("the value is too large")
        data = memoryview(struct.pack("<I", len(text)) + text)
        try:
            while data:
                data = data[os.write(self.writer, data):]
        except OSError:
            self.lost = True
            raise Lost from None

    def get(self):
        length = int.from_bytes(self.read(4), "little")
        if length > self.most:
            raise Refused("the value is too large")
        return json.loads(self.read(length))

    def read(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = os.read(self.reader, count - len(parts))
            if not part:
                self.lost = True
                raise Lost
            parts += part
        return bytes(parts)
