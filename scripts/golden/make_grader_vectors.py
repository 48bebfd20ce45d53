"""Golden values of text similarity: RapidFuzz, NLTK and rouge-score, over pairs of texts. Writes Tests/Vectors/graders/similarity.jsonl.

    python -m venv v && v/bin/pip install nltk==3.10.4 rouge-score==0.1.2 rapidfuzz==3.14.6
    v/bin/python scripts/golden/make_grader_vectors.py Tests/Vectors/graders/similarity.jsonl
"""
import json
import random
import sys
import warnings

from nltk.translate.bleu_score import sentence_bleu
from nltk.translate.gleu_score import sentence_gleu
from rapidfuzz import fuzz
from rouge_score.rouge_scorer import RougeScorer

HAND = [
    ("", ""), ("", "a"), ("a", ""), ("a", "a"), ("the cat sat on the mat", "the cat sat on the mat"),
    ("the cat sat on the mat", "the cat is on the mat"), ("the the the the", "the cat the mat"),
    ("It is a guide to action which ensures that the military always obeys the commands of the party",
     "It is a guide to action that ensures that the military will forever heed Party commands"),
    ("A, b; C's 42nd!", "a b c s 42nd"), ("naïve café", "naive cafe"), ("日本語 の 文", "日本語 の 本"),
    ("one\ttwo\n three\u00a0four", "one two three four"), ("İstanbul straße", "istanbul strasse"), ("x" * 200, "x" * 130 + "y"),
    ("\x1cα β", "α\x85β"), ("٣ apples", "3 apples"), ("ABC", "abc"), ("🙂🙃 e\u0301", "🙂 \u00e9"),
]


def values(text, reference):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            "fuzzy_match": fuzz.ratio(text, reference) / 100,
            "bleu": sentence_bleu([reference.split()], text.split()),
            "gleu": sentence_gleu([reference.split()], text.split()),
        }
    names = [f"rouge{n}" for n in range(1, 6)] + ["rougeL"]
    scores = RougeScorer(names, use_stemmer=False).score(reference, text)
    for name in names:
        found[name.lower().replace("rouge", "rouge_")] = scores[name].fmeasure
    return {name: float(value) for name, value in found.items()}


def main():
    pick = random.Random(7)
    words = "the a cat sat on mat and ran is not café 7 3.5 x-ray O'Neil Ünit".split()
    pairs = list(HAND)
    for _ in range(150):
        text = [pick.choice(words) for _ in range(pick.randrange(0, 30))]
        other = [w for w in text if pick.random() > 0.2]
        for _ in range(pick.randrange(0, 5)):
            other.insert(pick.randrange(len(other) + 1), pick.choice(words))
        pairs.append((" ".join(text), " ".join(other)))
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for text, reference in pairs:
            file.write(json.dumps({"text": text, "reference": reference, "values": values(text, reference)}) + "\n")


main()
