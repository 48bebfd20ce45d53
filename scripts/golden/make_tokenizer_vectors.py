#!/usr/bin/env python3
"""Makes Tests/Vectors/tokenizer: what the Hugging Face tokenizers library says about texts.

Not part of the build; run by hand when the vectors must change (see Tests/Vectors/tokenizer/ORIGIN.md):

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    VENV/bin/python scripts/golden/make_tokenizer_vectors.py
"""

import json
import pathlib
import random
import sys

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from tokenizer_texts import AWKWARD, CORPUS, QWEN3_ADDED, SAMPLES, qwen_tokenizer, random_texts, trained

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "tokenizer"

LANGUAGES = [
    "Việt Nam đường phố ngày hội, ộ ợ ữ ẵ.", "한국어 조선말 안녕하세요", "日本語の文章。カタカナも、中文也有。", "العربية لغة جميلة، أليس كذلك؟",
    "हिन्दी में लिखा हुआ पाठ क़ानून", "ภาษาไทยไม่เว้นวรรค กำลัง", "Ελληνικά και ελληνικοί τόνοι", "עברית עם נִקּוּד", "Ünïcödé naïve façade",
    "for i in range(10):\n\tprint(f\"{i:>3}\")\r\n", "SELECT * FROM t WHERE a >= 10 AND b != 'x';\n\n", "\\frac{\\sqrt{x}}{2} \\le 3.14159",
]


def encoded(tokenizer, texts, path):
    """Ids with special tokens read, ids with special tokens left as text, and what the first decode to."""
    rows = []
    for text in texts:
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text).ids
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(text).ids
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        row = {"text": text, "ids": ids}
        rows.append(row | ({} if plain == ids else {"plain": plain}) | ({} if decoded == text else {"decoded": decoded}))
    path.write_text("[" + ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows) + "]\n")


def blocks():
    """Some characters of every block among letters and digits."""
    for start in [*range(0x80, 0x3400, 0x400), *range(0x3400, 0x32400, 0x1800)]:
        characters = [chr(c) for c in range(start, start + 0x400, 83) if not 0xD800 <= c <= 0xDFFF]
        yield "a".join(characters) + " " + " 1".join(characters)
    # Letters of Unicode 15 to 17, of which libraries know some.
    yield "x".join(map(chr, [0x1C89, 0xA7CB, 0x10D4A, 0x11380, 0x16D40, 0x31350, 0x33479, 0x323B0, 0xA7CE, 0x1E6C0, 0x2B73A]))


def save(tokenizer, name, texts):
    directory = OUT / name
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    encoded(tokenizer, texts, directory / "encodings.json")


def make_plain():
    """No normaliser, three special tokens: what this project trains itself."""
    tokenizer = qwen_tokenizer(models.BPE(), [], False)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    save(tokenizer, "plain", SAMPLES)


if __name__ == "__main__":
    generator = random.Random(1)
    texts = SAMPLES + LANGUAGES + [text for text in random_texts(90, generator) if len(text) < 120]
    make_plain()
    save(trained(CORPUS + LANGUAGES * 4, 500, AWKWARD, True), "awkward", texts)
    save(trained(CORPUS + LANGUAGES * 4, 400, QWEN3_ADDED, True), "qwen3", SAMPLES + LANGUAGES + list(blocks()))
    print("python", sys.version.split()[0], "tokenizers", tokenizers.__version__)
