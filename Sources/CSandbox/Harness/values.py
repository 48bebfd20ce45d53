# Third part of the harness: values that cross from one process of an assertion task to the other, and the line on which
# they travel. Only exact builtin and standard types are rebuilt; nothing that arrives is ever evaluated.
import base64
import collections
import datetime
import decimal
import fractions

HANDLE_LIMIT = 1 << 20


class Refused(Exception):
    """What the candidate answered cannot be used."""


def pack_value(value, keep, depth=0):
    """A value as JSON-able lists: exact builtin and standard types by value, everything else as a kept handle."""
    if depth > 200:
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
        return ["dd", [[inner(k), inner(v)] for k, v in dict.items(value)]]
    if kind is bytes:
        return ["b", base64.b64encode(value).decode()]
    if kind is complex:
        return ["c", repr(value.real), repr(value.imag)]
    if kind is decimal.Decimal or kind is fractions.Fraction:
        return [kind.__name__[:2], str(value)]
    if kind is datetime.date or kind is datetime.datetime:
        return ["t" + kind.__name__, value.isoformat()]
    if kind is range:
        return ["r", [value.start, value.stop, value.step]]
    if kind is types.ModuleType:
        return ["m", str(value.__name__)]
    for base in (tuple, list, set, frozenset):
        if isinstance(value, base):
            return inner(base(base.__iter__(value)))
    if isinstance(value, dict):
        return ["dd", [[inner(k), inner(v)] for k, v in dict.items(value)]]
    if isinstance(value, (int, float)):
        return inner(int.__add__(value, 0) if isinstance(value, int) else float.__add__(value, 0.0))
    if isinstance(value, str):
        return str.__str__(value)
    return keep(value)


CONTAINERS = {"lt": list, "te": tuple, "st": set, "ft": frozenset, "de": collections.deque}
MAPPINGS = {"dd": dict, "dO": collections.OrderedDict, "dC": collections.Counter}


def unpack_value(packed, handle):
    """The value of `pack_value`'s lists; anything malformed is refused."""
    inner = lambda p: unpack_value(p, handle)
    if not isinstance(packed, list):
        return packed
    tag = packed[0]
    if tag in CONTAINERS:
        return CONTAINERS[tag](map(inner, packed[1]))
    if tag in MAPPINGS:
        return MAPPINGS[tag]({inner(k): inner(v) for k, v in packed[1]})
    if tag == "i":
        return int(packed[1], 16)
    if tag == "f":
        return float.fromhex(packed[1])
    if tag == "b":
        return base64.b64decode(packed[1])
    if tag == "c":
        return complex(float(packed[1]), float(packed[2]))
    if tag == "De":
        return decimal.Decimal(packed[1])
    if tag == "Fr":
        return fractions.Fraction(packed[1])
    if tag == "tdate":
        return datetime.date.fromisoformat(packed[1])
    if tag == "tdatetime":
        return datetime.datetime.fromisoformat(packed[1])
    if tag == "r":
        return range(*packed[1])
    if tag == "m" and packed[1].partition(".")[0] in sys.stdlib_module_names and packed[1] in sys.modules:
        return sys.modules[packed[1]]
    if tag == "h" or tag == "k":
        return handle(tag, packed[1])
    raise Refused("an unknown value")


class Line:
    """Length-prefixed JSON over two descriptors."""

    def __init__(self, reader, writer, most):
        self.reader, self.writer, self.most = reader, writer, most

    def put(self, message):
        text = json.dumps(message).encode()
        if len(text) > self.most:
            raise Refused("the value is too large")
        data = memoryview(struct.pack("<I", len(text)) + text)
        while data:
            data = data[os.write(self.writer, data):]

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
                raise EOFError("the program ended early")
            parts += part
        return bytes(parts)
