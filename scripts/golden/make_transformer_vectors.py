#!/usr/bin/env python3
"""Makes Tests/Vectors/transformer: what PyTorch says about tiny Qwen3 models.

Not part of the build; run by hand when the vectors must change (see Tests/Vectors/transformer/ORIGIN.md):

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    OMP_NUM_THREADS=1 VENV/bin/python scripts/golden/make_transformer_vectors.py
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM
from transformers.models.qwen3.modeling_qwen3 import Qwen3RotaryEmbedding

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "transformer"

# Ragged on purpose: lengths that are no multiple of anything, one response of a single token, two equal prompts.
SEQUENCES = [(19, 7), (2, 1), (11, 4), (33, 30), (12, 4)]  # (tokens, prompt tokens)
LONG = [(600, 570), (40, 30)]

ADAMW = dict(lr=1e-2, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.1)
MAXIMUM_GRADIENT_NORM = 1.0
LOGIT_ROWS = 40  # the last rows of a sequence that are kept

YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)


def configuration(tied, heads=(4, 2, 8), hidden=20, inner=28, vocabulary=41, positions=64, theta=10000.0, rope=None,
                  layers=2):
    query_heads, key_heads, width = heads
    return Qwen3Config(
        vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=query_heads,
        num_key_value_heads=key_heads, head_dim=width, intermediate_size=inner, rms_norm_eps=1e-6,
        tie_word_embeddings=tied, max_position_embeddings=positions,
        rope_parameters=dict(rope or {"rope_type": "default"}, rope_theta=theta), attention_bias=False,
        hidden_act="silu", use_cache=False,
    )


MODELS = {
    "tied": (1, configuration(True), SEQUENCES),
    "untied": (2, configuration(False), SEQUENCES),
    "mha": (3, configuration(True, (4, 4, 6), 16, 20, 31), SEQUENCES),
    "mqa": (4, configuration(False, (6, 1, 12), 16, 20, 31), SEQUENCES),
    "wide_heads": (5, configuration(True, (2, 1, 32), 16, 20, 31, theta=1e6), SEQUENCES),
    "long": (6, configuration(False, (2, 1, 16), 16, 20, 31, positions=40960, theta=1e6), LONG),
    "yarn": (7, configuration(True, (4, 2, 8), 16, 20, 31, positions=128, rope=YARN), SEQUENCES[:3] + [(101, 90)]),
}


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


def make(name: str, seed: int, config: Qwen3Config, lengths) -> None:
    torch.manual_seed(seed)
    model = Qwen3ForCausalLM(config).float().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Norm weights away from one, matrices large enough that every path carries a visible gradient.
            parameter.normal_(1.0, 0.2) if "norm" in key else parameter.normal_(0.0, 0.15)
    names = dict(model.named_parameters())
    sequences = [(torch.randint(0, config.vocab_size, (length,)), prompt) for length, prompt in lengths]
    if len(lengths) == 5:
        sequences[4][0][:4] = sequences[2][0][:4]
    weights = [torch.randn(length - prompt) * 0.1 for length, prompt in lengths]

    directory = OUT / name
    directory.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in names.items()}, directory / "model.safetensors",
              metadata={"format": "pt"})
    model.config.architectures = ["Qwen3ForCausalLM"]
    (directory / "config.json").write_text(model.config.to_json_string(use_diff=False))

    greedy(model, sequences[0][0][:5], directory / "greedy.json")

    loss = total_loss(model, sequences, weights)
    loss.backward()
    expected = {"grad." + k: v.grad.clone() for k, v in names.items()}
    expected["prompts"] = torch.tensor([float(prompt) for _, prompt in lengths])
    for index, ((sequence, prompt), weight) in enumerate(zip(sequences, weights)):
        with torch.no_grad():
            logprobs, entropies, logits = statistics(model, sequence, prompt)
        expected[f"tokens.{index}"] = sequence.to(torch.float32)
        expected[f"weights.{index}"] = weight
        expected[f"logprobs.{index}"] = logprobs
        expected[f"entropies.{index}"] = entropies
        if index < 3:
            expected[f"logits.{index}"] = logits[-LOGIT_ROWS:].contiguous()
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
    expected |= {"final." + k: v.detach() for k, v in names.items()}
    save_file({k: v.contiguous() for k, v in expected.items()}, directory / "expected.safetensors")


def greedy(model, prompt, path) -> None:
    """Thirty-two tokens of generate, none of which another order of sums could turn over."""
    with torch.no_grad():
        out = model.generate(prompt[None], max_new_tokens=32, do_sample=False, pad_token_id=0, eos_token_id=None)
        best = model(input_ids=out[:, :-1]).logits[0, 4:].topk(2).values
    assert (best[:, 0] - best[:, 1]).min() > 1e-4, path
    path.write_text(json.dumps({"prompt": prompt.tolist(), "tokens": out[0, 5:].tolist()}) + "\n")


def make_far() -> None:
    """The last rows of 40,960 positions: what a frequency that is off by one bit would show."""
    torch.manual_seed(8)
    config = configuration(True, (2, 1, 12), 12, 16, 31, positions=40960, theta=1e6, layers=1)
    model = Qwen3ForCausalLM(config).float().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.normal_(1.0, 0.2) if "norm" in key else parameter.normal_(0.0, 0.4)
        # Tokens that a test can make itself.
        tokens = torch.arange(40960) ** 2 * 7 // 3 % 31
        logits = model(input_ids=tokens[None], logits_to_keep=8).logits[0]
    directory = OUT / "far"
    directory.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in model.named_parameters()}, directory / "model.safetensors",
              metadata={"format": "pt"})
    (directory / "config.json").write_text(model.config.to_json_string(use_diff=False))
    save_file({"logits": logits.contiguous()}, directory / "expected.safetensors")


ROTARY = {
    "default": (128, 1e6, 40960, {"rope_type": "default"}),
    "narrow": (12, 10000.0, 262144, {"rope_type": "default"}),
    "linear": (80, 5e5, 16384, {"rope_type": "linear", "factor": 2.5}),
    "yarn": (128, 1e6, 131072, dict(YARN, original_max_position_embeddings=32768)),
    "yarn_bounds": (64, 1e4, 8192, dict(YARN, factor=8.0, original_max_position_embeddings=1024, beta_fast=16.0,
                                        beta_slow=2.0, truncate=False)),
    "yarn_mscale": (32, 1e4, 8192, dict(YARN, factor=2.0, original_max_position_embeddings=4096, mscale=0.7,
                                        mscale_all_dim=1.3)),
    "yarn_attention": (16, 1e4, 256, dict(YARN, original_max_position_embeddings=64, attention_factor=0.9)),
}


def make_rotary() -> None:
    """Cosines and sines at some positions, for every kind of scaling."""
    expected = {}
    for name, (width, theta, positions, rope) in ROTARY.items():
        config = configuration(True, (2, 1, width), positions=positions, theta=theta, rope=rope)
        places = sorted({p for p in [0, 1, 2, 3, 77, 1000, 4097, 40959, positions - 1] if p < positions})
        cos, sin = Qwen3RotaryEmbedding(config)(torch.zeros(1), torch.tensor([places]))
        expected[name + ".positions"] = torch.tensor(places, dtype=torch.float32)
        expected[name + ".cos"] = cos[0, :, : width // 2]
        expected[name + ".sin"] = sin[0, :, : width // 2]
        directory = OUT / "rotary"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.json").write_text(config.to_json_string(use_diff=True))
    save_file({k: v.contiguous() for k, v in expected.items()}, OUT / "rotary" / "expected.safetensors")


def make_types() -> None:
    """One tensor in three types; the F32 copies say what a reader must find in the narrow ones."""
    values = torch.tensor([0.0, -0.0, 1.0, -1.5, 3.14159, 6.1e-5, 5.96e-8, 1e-40, 65504.0, -1e30, float("inf")])
    half = torch.clamp(values, -65504.0, 65504.0).to(torch.float16)
    wide = values.to(torch.bfloat16)
    # Halfway between two neighbours, just beside, and anywhere; up to the last that does not overflow.
    generator = torch.Generator().manual_seed(9)
    bits = torch.randint(0x33000000, 0x477FE000, (150,), generator=generator, dtype=torch.int32)
    exact = torch.cat([bits, bits & -0x8000 | 0x8000, bits & -0x2000 | 0x1000, bits & -0x8000 | 0x7FFF,
                       torch.tensor([0, 1, 0x33000000, 0x33000001, 0x387FFFFF, 0x38800000, 0x477FEFFF])])
    exact = torch.cat([exact, exact | -0x80000000]).view(torch.float32)
    save_file({"f16": half, "f16.as_f32": half.float(), "bf16": wide, "bf16.as_f32": wide.float(), "exact": exact,
               "exact.f16": exact.to(torch.float16), "exact.bf16": exact.to(torch.bfloat16)}, OUT / "types.safetensors")


if __name__ == "__main__":
    for name, (seed, config, lengths) in MODELS.items():
        make(name, seed, config, lengths)
    make_far()
    make_rotary()
    make_types()
    print("python", sys.version.split()[0], "torch", torch.__version__, "transformers", transformers.__version__)
