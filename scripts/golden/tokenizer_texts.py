"""Tokenizers like Qwen's, and texts that part one tokenizer from another. Imported by the scripts beside it."""

import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# Those of Qwen3, in the order of their ids; the first three are in every tokenizer of this project.
QWEN3_ADDED = [AddedToken(text, special=special, normalized=False) for text, special in [
    *((f"<|{name}|>", True) for name in [
        "endoftext", "im_start", "im_end", "object_ref_start", "object_ref_end", "box_start", "box_end", "quad_start",
        "quad_end", "vision_start", "vision_end", "vision_pad", "image_pad", "video_pad"]),
    ("<tool_call>", False), ("</tool_call>", False),
    *((f"<|{name}|>", False) for name in ["fim_prefix", "fim_middle", "fim_suffix", "fim_pad", "repo_name", "file_sep"]),
    ("<tool_response>", False), ("</tool_response>", False), ("<think>", False), ("</think>", False),
]]

# Every property that an added token can have, and texts that contain each other.
AWKWARD = [
    AddedToken("<|endoftext|>", special=True, normalized=False), AddedToken("<think>", special=False, normalized=False),
    AddedToken("<left>", lstrip=True, special=True, normalized=False),
    AddedToken("<right>", rstrip=True, special=False, normalized=False),
    AddedToken("<both>", lstrip=True, rstrip=True, special=False, normalized=True),
    AddedToken("word", single_word=True, special=False, normalized=True),
    AddedToken("word of", single_word=True, special=False, normalized=False),
    AddedToken("é", special=False, normalized=True), AddedToken("e\u0323\u0302x", special=False, normalized=True),
    AddedToken("e\u0301y", special=False, normalized=False), AddedToken("  ", special=False, normalized=False),
    AddedToken("<th", special=True, normalized=False), AddedToken("ink>", special=False, normalized=True),
    AddedToken("한", special=False, normalized=True), AddedToken("!\n", rstrip=True, special=False, normalized=True),
]


def qwen_tokenizer(model, added, normalizes=True):
    """A tokenizer as Qwen2 and Qwen3 have it around any byte-level model."""
    tokenizer = Tokenizer(model)
    if normalizes:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


def trained(texts, size, added, normalizes):
    tokenizer = qwen_tokenizer(models.BPE(), [], normalizes)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


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


def every_character():
    """Every character alone among letters, digits, spaces, line ends, punctuation and apostrophes."""
    characters = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and not 0x40000 <= c < 0xE0000 and c < 0xF0100]
    for start in range(0, len(characters), 64):
        part = [chr(c) for c in characters[start : start + 64]]
        yield "|".join(part)
        yield "a".join(part) + " 1".join(part)
        yield " ".join(part) + "\n".join(part)
        yield "'" + "'".join(part) + "." + ".".join(c + c for c in part)
        yield "\u0301".join(part) + "e\u0323".join(part)


def names_and_forms():
    """Sentences of character names, and characters of every script in composed and decomposed form."""
    for block in range(0, 0x30000, 0x80):
        characters = [chr(c) for c in range(block, block + 0x80) if unicodedata.name(chr(c), "")]
        if characters:
            yield "; ".join(unicodedata.name(c).title() + " " + c for c in characters)
            for form in ["NFD", "NFC", "NFKD"]:
                yield unicodedata.normalize(form, " ".join("".join(characters[i : i + 5]) for i in range(0, 128, 5)))


def random_texts(count, generator):
    """Short texts of characters that a tokenizer treats differently, and longer runs of one kind."""
    pools = [
        "abcXYZ \n\t'.,", "0123456789 ½Ⅷ٣४", " \t\r\n\u000b\u000c\u0085\u00a0\u2028\u3000\u200b\u200d\ufeff",
        "'s'S't're'VE'll'ſ'd'm ", "éèöñçåøßſÅ\u0301\u0323\u0308\u0345\u0334\u031b\u093c", "한국어조선말 \u1100\u1161\u11a8\u1112",
        "日本語中文，。！？「」々〆", "العربية \u064b\u0651\u0640ـ؟", "हिन्दी देवनागरी क़ख़ \u094d\u093c", "ไทย ภาษา กำ",
        "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽✈️", "(){}[]<>=+-*/\\%$#@!~^&|_`\"", "<|im_start|><|im_end|><think></think><|endoftext|>",
        "".join(map(chr, range(0x300, 0x370))), "".join(map(chr, range(0x1D100, 0x1D200))), "Việt Nam đường phố ộ ợ ữ",
    ]
    for _ in range(count):
        pool = "".join(generator.sample(pools, generator.randint(1, 4)))
        text = "".join(generator.choice(pool) for _ in range(generator.randint(1, 60)))
        yield generator.choice([text, unicodedata.normalize("NFD", text), text * generator.randint(1, 5)])
    specials = [token.content for token in AWKWARD] + [token.content for token in QWEN3_ADDED]
    for _ in range(count):
        parts = [generator.choice([generator.choice(specials), generator.choice(pools)[: generator.randint(0, 6)], " ", "x"])
                 for _ in range(generator.randint(1, 12))]
        yield "".join(parts)
    for unit in ["a", "ab", "1", " ", "\n", "\u0301", "é", "한", "'s", "!?", " \n", "<|im_start|", "a\u0323\u0301"]:
        yield unit * (20_000 // len(unit))
