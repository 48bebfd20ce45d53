#!/usr/bin/env python3
"""Makes Tests/Vectors/transformer: what PyTorch says about two tiny Qwen3 models.

Not part of the build; run by hand when the vectors must change (see Tests/Vectors/transformer/ORIGIN.md):

    python3 -m venv VENV && VENV/bin/pip install torch transformers
    VENV/bin/python scripts/golden/make_transformer_vectors.py
"""

import json
import pathlib
import sys

import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Qwen3Config, Qwen3ForCausalLM

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "transformer"

# Ragged on purpose: lengths that are no multiple of anything, one response of a single token, two equal prompts.
SEQUENCES = [(19, 7), (2, 1), (11, 4), (33, 30), (12, 4)]  # (tokens, prompt tokens)

ADAMW = dict(lr=1e-2, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.1)
MAXIMUM_GRADIENT_NORM = 1.0
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def configuration(tied: bool) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=41, hidden_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        intermediate_size=28, rms_norm_eps=1e-6, tie_word_embeddings=tied, max_position_embeddings=64,
        rope_theta=10000.0, attention_bias=False, hidden_act="silu", use_cache=False,
    )


def statistics(model, sequence, prompt):
    """Log-probabilities and entropies of the response tokens, and all logits."""
    logits = model(input_ids=sequence[None]).logits[0]
    rows = torch.log_softmax(logits[prompt - 1 : -1], dim=-1)
    logprobs = rows.gather(1, sequence[prompt:, None])[:, 0]
    entropies = -(rows.exp() * rows).sum(-1)
    return logprobs, entropies, logits


def total_loss(model, sequences, weights):
    loss = 0.0
    for (sequence, prompt), weight in zip(sequences, weights):
        logprobs, _, _ = statistics(model, sequence, prompt)
        loss = loss - (weight * logprobs).sum()
    return loss


def make(name: str, tied: bool, seed: int) -> None:
    torch.manual_seed(seed)
    model = Qwen3ForCausalLM(configuration(tied)).float().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Norm weights away from one, matrices large enough that every path carries a visible gradient.
            parameter.normal_(1.0, 0.2) if "norm" in key else parameter.normal_(0.0, 0.15)
    names = dict(model.named_parameters())
    sequences = [(torch.randint(0, 41, (length,)), prompt) for length, prompt in SEQUENCES]
    sequences[4][0][:4] = sequences[2][0][:4]
    weights = [torch.randn(length - prompt) * 0.1 for length, prompt in SEQUENCES]

    directory = OUT / name
    directory.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in names.items()}, directory / "model.safetensors",
              metadata={"format": "pt"})
    model.config.architectures = ["Qwen3ForCausalLM"]
    (directory / "config.json").write_text(model.config.to_json_string(use_diff=False))

    with torch.no_grad():
        prompt = sequences[0][0][:5]
        out = model.generate(prompt[None], max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=None)
    (directory / "greedy.json").write_text(json.dumps({"prompt": prompt.tolist(), "tokens": out[0, 5:].tolist()}) + "\n")

    loss = total_loss(model, sequences, weights)
    loss.backward()
    expected = {"grad." + k: v.grad.clone() for k, v in names.items()}
    for index, ((sequence, prompt), weight) in enumerate(zip(sequences, weights)):
        with torch.no_grad():
            logprobs, entropies, logits = statistics(model, sequence, prompt)
        expected[f"tokens.{index}"] = sequence.to(torch.float32)
        expected[f"weights.{index}"] = weight
        expected[f"logprobs.{index}"] = logprobs
        expected[f"entropies.{index}"] = entropies
        if index < 3:
            expected[f"logits.{index}"] = logits.contiguous()
    expected["loss"] = loss.detach().reshape(1)

    optimiser = torch.optim.AdamW(model.parameters(), **ADAMW)
    losses, norms = [], []
    for _ in range(10):
        optimiser.zero_grad()
        loss = total_loss(model, sequences, weights)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), MAXIMUM_GRADIENT_NORM).item())
        optimiser.step()
        losses.append(loss.item())
    expected["adamw.losses"] = torch.tensor(losses)
    expected["adamw.norms"] = torch.tensor(norms)
    save_file({k: v.contiguous() for k, v in expected.items()}, directory / "expected.safetensors")


def make_types() -> None:
    """One tensor in three types; the F32 copies say what a reader must find in the narrow ones."""
    values = torch.tensor([0.0, -0.0, 1.0, -1.5, 3.14159, 6.1e-5, 5.96e-8, 1e-40, 65504.0, -1e30, float("inf")])
    half = torch.clamp(values, -65504.0, 65504.0).to(torch.float16)
    wide = values.to(torch.bfloat16)
    save_file({"f16": half, "f16.as_f32": half.float(), "bf16": wide, "bf16.as_f32": wide.float()},
              OUT / "types.safetensors")


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
    directory = OUT / "tokenizer"
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    samples = [{"text": text, "ids": tokenizer.encode(text).ids} for text in SAMPLES]
    (directory / "encodings.json").write_text(json.dumps(samples, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    make("tied", True, 1)
    make("untied", False, 2)
    make_types()
    make_tokenizer()
    print("python", sys.version.split()[0], "torch", torch.__version__, "transformers", transformers.__version__,
          "tokenizers", tokenizers.__version__)
