#!/usr/bin/env python3
"""Makes Sources/Modeling/Tokenizing/UnicodeTables.swift: Unicode as the Hugging Face tokenizers library knows it.

Not part of the build; run by hand when that library moves to another version of Unicode:

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    VENV/bin/python scripts/golden/make_unicode_tables.py

Every fact is asked of the library: what its expressions match, what its NFC and NFD make of each character. Python's own
tables only say where to ask.
"""

import pathlib
import textwrap
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

OUT = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Modeling" / "Tokenizing" / "UnicodeTables.swift"
ALL = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def members(expression):
    """The characters that an expression of one character matches."""
    removing = pre_tokenizers.Split(Regex(expression), "removed")
    found = set()
    for start in range(0, len(ALL), 4096):
        part = ALL[start : start + 4096]
        kept = {ord(c) for piece, _ in removing.pre_tokenize_str("".join(map(chr, part))) for c in piece}
        found.update(c for c in part if c not in kept)
    return found


def combining_classes():
    """The classes of all marks, as far as the library knows them: a mark it does not know never moves."""
    nfd = normalizers.NFD()
    classes = {}
    for c in ALL:
        value = unicodedata.combining(chr(c))
        if not value:
            continue
        # U+0345 has the highest class, U+0334 the lowest: a mark moves before the one or stays behind the other.
        moves = nfd.normalize_str("a\u0345" + chr(c)) != "a\u0345" + chr(c)
        moves |= nfd.normalize_str("a" + chr(c) + "\u0334") != "a" + chr(c) + "\u0334"
        if moves:
            classes[c] = value
    return classes


def decompositions():
    """One step of canonical decomposition, and whether NFC goes back; Hangul syllables are arithmetic."""
    nfc, nfd = normalizers.NFC(), normalizers.NFD()
    steps = []
    for c in ALL:
        if nfd.normalize_str(chr(c)) == chr(c) or 0xAC00 <= c <= 0xD7A3:
            continue
        parts = [int(part, 16) for part in unicodedata.decomposition(chr(c)).split()]
        steps.append((c, parts, len(parts) == 2 and nfc.normalize_str(chr(c)) == chr(c)))
    return steps


def number(value):
    text = ""
    while True:
        text = DIGITS[value % 36] + text
        value //= 36
        if not value:
            return text


def ranges(characters):
    """Gaps and lengths in turn, beginning with the gap from zero."""
    words, end = [], 0
    runs = []
    for c in sorted(characters):
        if runs and runs[-1][1] == c:
            runs[-1][1] = c + 1
        else:
            runs.append([c, c + 1])
    for start, stop in runs:
        words += [number(start - end), number(stop - start)]
        end = stop
    return words


def class_words(classes):
    words = []
    for value in sorted(set(classes.values())):
        words += [number(value)] + ranges(c for c in classes if classes[c] == value) + ["-"]
    return words


def decomposition_words(steps):
    words, last = [], 0
    for c, parts, composes in steps:
        words.append(number(c - last) + ("+" if composes else "") + "".join("." + number(p) for p in parts))
        last = c
    return words


def literal(name, comment, words):
    lines = textwrap.wrap(" ".join(words), 110, break_long_words=False, break_on_hyphens=False)
    body = "\n".join("        " + line for line in lines)
    return f'    /// {comment}\n    static let {name} = """\n{body}\n        """\n'


def main():
    letters, numbers, spaces = members(r"\p{L}"), members(r"\p{N}"), members(r"\s")
    parts = [
        literal("letters", "Characters that `\\p{L}` matches: gaps and lengths in turn.", ranges(letters)),
        literal("numbers", "Characters that `\\p{N}` matches.", ranges(numbers)),
        literal("spaces", "Characters that `\\s` matches.", ranges(spaces)),
        literal("combiningClasses", "A canonical combining class, the characters that have it, a dash.",
                class_words(combining_classes())),
        literal("decompositions", "Distance from the last character, `+` if NFC puts it together again, its parts.",
                decomposition_words(decompositions())),
    ]
    OUT.write_text(
        "// Made by scripts/golden/make_unicode_tables.py; do not edit. Unicode as the Hugging Face tokenizers library\n"
        f"// (version {tokenizers.__version__}) knows it, whatever the Unicode of the Swift that compiles this. "
        "Numbers in base 36.\n\n"
        "/// Tables of characters as text; `CharacterTables` unpacks them.\n"
        "enum UnicodeTables {\n" + "\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
