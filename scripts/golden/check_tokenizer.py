#!/usr/bin/env python3
"""Encodes a large set of texts here and with the Hugging Face tokenizers library, and compares every id.

Not part of the build; run by hand:

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    VENV/bin/python scripts/golden/check_tokenizer.py [--megabytes 30] [--tiktoken FILE] [--package DIRECTORY]

The texts are made of what the machine has (sources, documents, translations), of every Unicode character in several
surroundings, and of random ones. Tokenizers: some trained on a part of that, with awkward added tokens; with --tiktoken also
one from a vocabulary like Qwen's own (a line is a token in base 64 and its rank), with Qwen3's added tokens.
"""

import argparse
import base64
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import models  # noqa: E402

from tokenizer_texts import (  # noqa: E402
    AWKWARD, QWEN3_ADDED, SAMPLES, every_character, names_and_forms, qwen_tokenizer, random_texts, trained)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".py", ".pyi", ".c", ".h", ".cpp", ".hpp", ".swift", ".js", ".html", ".css", ".md", ".rst", ".txt", ".po", ".json",
            ".xml", ".yaml", ".toml", ".sh", ".f", ".cu", ".ts", ".sql", ".jinja", ".csv", ".tex"}


def files(megabytes, generator):
    """Texts of files from this machine, up to 64 KiB each, in an order that mixes kinds."""
    places = [sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["purelib"], "/usr/share", "/usr/include", str(ROOT)]
    paths = [p for place in places for p in sorted(pathlib.Path(place).rglob("*"))
             if p.suffix in SUFFIXES or "licenses" in p.parts or "i18n" in p.parts]
    generator.shuffle(paths)
    left = int(megabytes * 1e6)
    for path in paths:
        try:
            text = path.read_bytes()[: 1 << 16].decode("utf-8", errors="ignore")
        except OSError:
            continue
        left -= len(text.encode())
        if left < 0:
            return
        yield text


def from_tiktoken(path):
    """A tokenizer from a file of ranks: the merges of a token are those that the lower ranks allow."""
    ranks = {}
    for line in pathlib.Path(path).read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    alphabet = bytes_to_unicode()
    spelled = lambda token: "".join(alphabet[b] for b in token)  # noqa: E731
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            merges.append(tuple(map(spelled, halves(token, rank, ranks))))
    return qwen_tokenizer(models.BPE(vocab={spelled(t): r for t, r in ranks.items()}, merges=merges), QWEN3_ADDED)


def halves(token, limit, ranks):
    """The two parts that merge into a token last."""
    parts = [bytes([b]) for b in token]
    while len(parts) > 2:
        _, place = min((ranks.get(parts[i] + parts[i + 1], limit), i) for i in range(len(parts) - 1))
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def bytes_to_unicode():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


def write(directory, name, tokenizer, texts):
    folder = directory / name
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    with open(folder / "texts.bin", "wb") as file:
        for text in texts:
            data = text.encode()
            file.write(struct.pack("<i", len(data)) + data)


def compare(folder, tokenizer, texts):
    """How many ids were compared; ends the program at the first difference."""
    data = memoryview((folder / "ours.bin").read_bytes())
    place = total = 0

    def take():
        nonlocal place
        (count,) = struct.unpack_from("<i", data, place)
        start, place = place + 4, place + 4 + 4 * count
        return list(data[start:place].cast("i"))

    theirs, seconds = [], 0.0
    for special in [True, False]:
        tokenizer.encode_special_tokens = not special
        start = time.perf_counter()
        # In parts, so that the library's own objects do not fill the memory.
        ids = [e.ids for i in range(0, len(texts), 512) for e in tokenizer.encode_batch_fast(texts[i : i + 512])]
        seconds = seconds or time.perf_counter() - start
        theirs.append(ids)
    tokenizer.encode_special_tokens = False
    for number, text in enumerate(texts):
        for kind, ids in zip(["reading special tokens", "plain"], theirs):
            ours = take()
            if ours != ids[number]:
                at = next(i for i in range(len(ours) + 1) if ours[: i + 1] != ids[number][: i + 1])
                sys.exit(f"{folder.name}, {kind}: text {number} differs at token {at}: {ours[at:at + 5]} here, "
                         f"{ids[number][at:at + 5]} there, after {tokenizer.decode(ids[number][max(0, at - 5):at])!r}, of "
                         f"{text[:200]!r}")
            total += len(ours)
        (length,) = struct.unpack_from("<i", data, place)
        decoded = bytes(data[place + 4 : place + 4 + length]).decode("utf-8", errors="replace")
        place += 4 + length
        expected = tokenizer.decode(theirs[0][number], skip_special_tokens=False)
        if decoded != expected:
            sys.exit(f"{folder.name}: the ids of text {number} decode to {decoded[:200]!r} here, {expected[:200]!r} there")
    return total, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=30)
    parser.add_argument("--tiktoken")
    parser.add_argument("--package", default=str(ROOT), help="where to run swift test")
    parser.add_argument("--only", help="the name of one tokenizer")
    options = parser.parse_args()
    generator = random.Random(1)
    real = list(files(options.megabytes, generator))
    made = SAMPLES + list(every_character()) + list(names_and_forms()) + list(random_texts(20_000, generator))
    part = generator.sample(real, len(real) // 10) + made[:: 20]
    tokenizers = {
        "small": (trained(part, 700, QWEN3_ADDED, True), made + part),
        "awkward": (trained(part, 2_000, AWKWARD, True), made + part),
        "raw": (trained(part, 8_000, AWKWARD[:4], False), made + part),
    }
    if options.tiktoken:
        tokenizers["qwen"] = (from_tiktoken(options.tiktoken), made + real)
    if options.only:
        tokenizers = {options.only: tokenizers[options.only]}
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        for name, (tokenizer, texts) in tokenizers.items():
            write(directory, name, tokenizer, texts)
        (directory / "tokenizers.txt").write_text("\n".join(tokenizers))
        run = subprocess.run(["swift", "test", "-c", "release", "-Xswiftc", "-enable-testing", "--no-parallel", "--filter",
                              "TokenizerCheckTests"], cwd=options.package, capture_output=True, text=True,
                             env=os.environ | {"ROLLOUTD_TOKENIZER_DIRECTORY": temporary})
        if run.returncode:
            sys.exit(run.stdout + run.stderr)
        for name, (tokenizer, texts) in tokenizers.items():
            total, seconds = compare(directory / name, tokenizer, texts)
            ours = json.loads((directory / name / "ours.json").read_text())
            size = sum(len(text.encode()) for text in texts) / 1e6
            print(f"{name}: {tokenizer.get_vocab_size():,} tokens; {len(texts):,} texts, {size:.1f} MB, {total:,} ids equal; "
                  f"{size / ours['encoding_seconds']:.1f} MB/s here, {size / seconds:.1f} MB/s there, one thread; "
                  f"loaded in {ours['loading_seconds']:.2f} s", flush=True)


if __name__ == "__main__":
    main()
