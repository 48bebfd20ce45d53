#!/usr/bin/env python3
"""Makes Tests/Vectors/datasets: Parquet files as pyarrow writes them with the rows it reads back, and pickles as Python makes them.

Not part of the build; run by hand:

    python3 -m venv VENV && VENV/bin/pip install pyarrow==26.0.1
    VENV/bin/python scripts/golden/make_dataset_vectors.py
"""

import base64
import collections
import datetime
import json
import math
import os
import pathlib
import pickle
import random
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "datasets"


def plain(value):
    """A value as our reader gives it: moments as text, nothing that JSON lacks."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        # pyarrow gives maps as lists of pairs, so that an empty one is known by its name only.
        return {key: {} if key == "map" and item == [] else plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {key: plain(item) for key, item in value}
        return [plain(item) for item in value]
    return value


def write(name, table, rows_name=None, **options):
    """Writes a table, and its rows as they are read back under a name that files of the same rows share."""
    path = OUT / f"{name}.parquet"
    pq.write_table(table, path, **options)
    rows = pq.read_table(path).to_pylist()
    with open(OUT / f"{rows_name or name}.jsonl", "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(plain(row), ensure_ascii=False) + "\n")


def verl_rows(count, seed):
    draw = random.Random(seed)
    return [
        {
            "data_source": "math_longcot_math_verify",
            "prompt": [{"role": "user", "content": f"What is {draw.randrange(99)} + {index}? " + "é😀" * (index % 3)}],
            "ability": "math",
            "reward_model": {"ground_truth": str(draw.randrange(200)), "style": "rule"},
            "extra_info": {"index": index, "split": "train"} if index % 5 else None,
        }
        for index in range(count)
    ]


def nested_rows(count, seed):
    """Lists of lists, structures of lists, maps, nulls at every level."""
    draw = random.Random(seed)

    def maybe(make, chance=0.25):
        return None if draw.random() < chance else make()

    def text():
        return draw.choice(["", "a", "ünï", "longer text " * 4, "tab\tand\nline"])

    return [
        {
            "id": index,
            "flag": maybe(lambda: draw.random() < 0.5),
            "score": maybe(lambda: draw.choice([0.5, -1.25, 1e300, math.nan, math.inf])),
            "small": maybe(lambda: draw.randrange(-128, 128)),
            "unsigned": maybe(lambda: draw.choice([0, 1, 2**63, 2**64 - 1])),
            "day": maybe(lambda: datetime.date(1969, 12, 20) + datetime.timedelta(days=draw.randrange(40_000))),
            "moment": maybe(lambda: datetime.datetime(2024, 2, 28) + datetime.timedelta(seconds=draw.randrange(10**6))),
            "tags": maybe(lambda: [maybe(text) for _ in range(draw.randrange(4))]),
            "grid": maybe(lambda: [maybe(lambda: [draw.randrange(9) for _ in range(draw.randrange(3))]) for _ in range(draw.randrange(4))]),
            "tests": maybe(lambda: {"input": maybe(lambda: [text() for _ in range(draw.randrange(3))]), "output": [text()]}),
            "turns": maybe(
                lambda: [
                    maybe(lambda: {"role": text(), "parts": maybe(lambda: [maybe(lambda: {"kind": text(), "n": maybe(lambda: 3)}) for _ in range(draw.randrange(3))])})
                    for _ in range(draw.randrange(4))
                ]
            ),
            "map": maybe(lambda: [(f"k{place}", maybe(text)) for place in range(draw.randrange(3))]),
        }
        for index in range(count)
    ]


NESTED = pa.schema(
    [
        ("id", pa.int64()), ("flag", pa.bool_()), ("score", pa.float64()), ("small", pa.int8()), ("unsigned", pa.uint64()),
        ("day", pa.date32()), ("moment", pa.timestamp("us")), ("tags", pa.list_(pa.string())),
        ("grid", pa.list_(pa.list_(pa.int32()))),
        ("tests", pa.struct([("input", pa.list_(pa.string())), ("output", pa.list_(pa.string()))])),
        ("turns", pa.list_(pa.struct([("role", pa.string()), ("parts", pa.list_(pa.struct([("kind", pa.string()), ("n", pa.int32())])))]))),
        ("map", pa.map_(pa.string(), pa.string())),
    ]
)


def parquet_files():
    verl = pa.Table.from_pylist(verl_rows(120, 1))
    for codec in ["none", "snappy", "gzip", "zstd"]:
        write(f"verl-{codec}", verl, "verl", compression=codec, row_group_size=50)
    nested = pa.Table.from_pylist(nested_rows(150, 2), schema=NESTED)
    write("nested-dictionary", nested, "nested", compression="snappy", row_group_size=64)
    write("nested-plain", nested, "nested", compression="none", use_dictionary=False, data_page_size=256, write_batch_size=16)
    write("nested-v2", nested, "nested", compression="zstd", data_page_version="2.0", row_group_size=70, data_page_size=512, write_batch_size=16)
    delta = pa.Table.from_pylist(
        [{"n": (index * index * 37) % 10_007 - 4_000 if index % 7 else None, "big": (-1) ** index * 3**min(index, 39),
          "path": f"test/algebra/{index // 10}/{index}.json", "text": "x" * (index % 11)} for index in range(300)],
        schema=pa.schema([("n", pa.int32()), ("big", pa.int64()), ("path", pa.string()), ("text", pa.string())]),
    )
    write("delta", delta, compression="none", use_dictionary=False, data_page_version="2.0",
          column_encoding={"n": "DELTA_BINARY_PACKED", "big": "DELTA_BINARY_PACKED", "path": "DELTA_BYTE_ARRAY", "text": "DELTA_LENGTH_BYTE_ARRAY"})
    write("empty", verl.slice(0, 0), compression="snappy")
    # Refused with a reason.
    pq.write_table(verl, OUT / "refused-brotli.parquet", compression="brotli")
    pq.write_table(pa.table({"price": pa.array([1, 2]).cast(pa.decimal128(21, 2))}), OUT / "refused-decimal.parquet")
    pq.write_table(pa.table({"x": pa.array([1.5, 2.5])}), OUT / "refused-encoding.parquet", use_dictionary=False, column_encoding={"x": "BYTE_STREAM_SPLIT"})
    # Bytes that are no text: one bad row among good ones.
    pq.write_table(pa.table({"x": pa.array([b"good", b"\xff\xfe", b"also"], pa.binary())}), OUT / "not-utf8.parquet")


def snappy_blocks():
    """Blocks as Google's library packs them, through pyarrow."""
    draw = random.Random(3)
    texts = [
        "", "a", "a" * 5_000, "abc" * 700, "".join(chr(draw.randrange(32, 127)) for _ in range(300)),
        "".join(draw.choice(["def f(x):", " return ", "x + 1", "\n", "é"]) for _ in range(2_000)),
    ]
    with open(OUT / "snappy.jsonl", "w", encoding="utf-8") as out:
        for text in texts:
            packed = pa.Codec("snappy").compress(text.encode(), asbytes=True)
            out.write(json.dumps({"packed": base64.b64encode(packed).decode(), "text": text}) + "\n")


class Calls:
    """A pickle that runs a command when Python reads it."""

    def __reduce__(self):
        return (os.system, ("touch /should-never-exist",))


def pickles():
    tests = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}, {"input": "é 😀", "output": "", "testtype": "stdin"}]
    good = {
        "string": json.dumps(tests), "empty string": "", "list": tests, "numbers": [0, 255, 256, 70_000, -1, 2**31, -(2**40), 2**62, 1.5],
        "truth": [True, False, None], "nested": {"a": [1, {"b": "c"}], "d": []}, "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "long string": "x" * 300, "repeated": ["same", "same", "same"], "1500 items": list(range(1500)),
    }
    bad = {
        "calls a function": Calls(), "ordered dictionary": collections.OrderedDict(a=1), "date": datetime.date(2024, 1, 1),
        "path": pathlib.PurePosixPath("x"), "bytes": b"bytes", "set": {1, 2}, "class": int,
    }
    with open(OUT / "pickles.jsonl", "w", encoding="utf-8") as out:
        for protocol in range(2, 6):
            for name, value in good.items():
                data = base64.b64encode(pickle.dumps(value, protocol)).decode()
                out.write(json.dumps({"name": f"{name}, protocol {protocol}", "pickle": data, "value": plain_tuple(value)}) + "\n")
            for name, value in bad.items():
                data = base64.b64encode(pickle.dumps(value, protocol)).decode()
                out.write(json.dumps({"name": f"{name}, protocol {protocol}", "pickle": data, "refused": True}) + "\n")
    packed = base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()
    row = {
        "question_title": "Sum", "question_content": "Add two numbers.", "platform": "atcoder", "question_id": "abc001_a",
        "contest_id": "abc001", "contest_date": "2024-08-01T00:00:00", "starter_code": "", "difficulty": "easy",
        "public_test_cases": json.dumps([{"input": "0 0\n", "output": "0\n", "testtype": "stdin"}]),
        "private_test_cases": packed, "metadata": "{}",
    }
    calls = json.dumps([{"input": "[2, 7, 11]\n9", "output": "[0, 1]", "testtype": "functional"}])
    function = dict(
        row, question_id="2727", platform="leetcode", starter_code="class Solution:\n    def twoSum(self, nums, target):",
        public_test_cases=calls, private_test_cases=base64.b64encode(zlib.compress(pickle.dumps(calls))).decode(),
        metadata=json.dumps({"func_name": "twoSum"}),
    )
    hostile = dict(row, question_id="hostile", private_test_cases=base64.b64encode(zlib.compress(pickle.dumps(Calls()))).decode())
    with open(OUT / "livecodebench.jsonl", "w", encoding="utf-8") as out:
        for item in [row, function, hostile]:
            out.write(json.dumps(item) + "\n")


def plain_tuple(value):
    if isinstance(value, (list, tuple)):
        return [plain_tuple(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_tuple(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    parquet_files()
    snappy_blocks()
    pickles()
    print(f"pyarrow {pa.__version__}")
