#!/usr/bin/env python3
"""Makes Tests/Vectors/tokenizer: what the Hugging Face tokenizers library says about texts.

Not part of the build; run by hand when the vectors must change (see Tests/Vectors/tokenizer/ORIGIN.md):

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    VENV/bin/python scripts/golden/make_tokenizer_vectors.py
"""

import json
import pathlib
import sys

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "tokenizer"

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CORPUS = [
    "The quick brown fox jumps over the lazy dog. Then 12 + 30 = 42, and it's done.",
    "Let x be 3. We have 7 * 8 = 56; carry 5. So the answer is \\boxed{56}.",
    "def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n",
    "Grüße aus München, 東京 и Москва. Naïve café — \u00a0non-breaking.",
    "I'll we've they'd I'M DON'T  two  spaces\tand\ttabs\r\nand lines\n\n",
] * 4

SAMPLES = CORPUS[:5] + [
    "", " ", "  ", "\n", " \n ", "\n\n  x", "a  b", "   leading", "trailing   ", "12345 67.89", "x1y2", "it's IT'S 'sun",
    "<|im_start|>user\nhello<|im_end|>\n", "<|im_start|", "٣ Ⅷ ½ ²", "e\u0301 é", "👩‍👩‍👧‍👦 family", "\u200bzero", "\u3000wide space",
    "....!!!\n\n?", " .\r\n\r\n.", "tab\t\tx", "\u0085next", "\x00\x01\x7f", "'", "''s", " 's", "'ſ 'S", "ﬁ ǅ ʰ ա", "a\u2028b",
    "The the THE quick brown answer is \\boxed{56} = 7 * 8",
]


def make_tokenizer() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    directory = OUT
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    samples = [{"text": text, "ids": tokenizer.encode(text).ids} for text in SAMPLES]
    (directory / "encodings.json").write_text(json.dumps(samples, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    make_tokenizer()
    print("python", sys.version.split()[0], "tokenizers", tokenizers.__version__)
