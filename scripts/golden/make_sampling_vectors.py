#!/usr/bin/env python3
"""Makes Tests/Vectors/sampling: what transformers' generator draws from, for rows of logits and settings.

Not part of the build; run by hand when the vectors must change (see Tests/Vectors/sampling/ORIGIN.md):

    python3 -m venv VENV && VENV/bin/pip install torch transformers
    VENV/bin/python scripts/golden/make_sampling_vectors.py
"""

import itertools
import pathlib

import torch
from safetensors.torch import save_file
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "sampling"
VOCABULARY = 101
# Not cut; one bound at a time; and all together. (penalty, temperature, top_k, top_p, min_p)
SETTINGS = [
    (1.0, 1.0, 0, 1.0, 0.0), (1.0, 0.7, 0, 1.0, 0.0), (1.3, 1.0, 0, 1.0, 0.0), (0.8, 1.5, 0, 1.0, 0.0),
    (1.0, 1.0, 7, 1.0, 0.0), (1.0, 1.0, 200, 1.0, 0.0), (1.0, 1.0, 0, 0.9, 0.0), (1.0, 0.5, 0, 0.3, 0.0),
    (1.0, 1.0, 0, 1.0, 0.1), (1.0, 1.0, 0, 1.0, 1.0), (1.0, 2.0, 40, 0.8, 0.0), (1.0, 0.9, 12, 1.0, 0.2),
    (1.0, 1.2, 0, 0.95, 0.05), (1.4, 0.8, 30, 0.9, 0.02), (1.1, 1.3, 60, 0.99, 0.001), (1.2, 0.6, 1, 0.5, 0.5),
]


def processors(penalty, temperature, top_k, top_p, min_p):
    """The processors as the generator itself puts them together, in its order."""
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1,
            head_dim=8, intermediate_size=8))
    config = GenerationConfig(
        do_sample=True, repetition_penalty=penalty, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    return model._get_logits_processor(config, input_ids_seq_length=4, model_kwargs={})


def main() -> None:
    torch.manual_seed(11)
    # Peaked, ordinary and nearly flat rows.
    rows = [torch.randn(VOCABULARY) * spread for spread in (6.0, 2.0, 0.2)]
    inputs, settings, tokens, expected = [], [], [], []
    for row, setting in itertools.product(rows, SETTINGS):
        ids = torch.randint(0, VOCABULARY, (1, 9))
        ids[0, 3] = ids[0, 0]  # a token that came twice counts once
        scores = processors(*setting)(ids, row[None].clone())
        inputs.append(row)
        settings.append(torch.tensor(setting))
        tokens.append(ids[0].float())
        expected.append(torch.log_softmax(scores, dim=-1)[0])
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            "logits": torch.stack(inputs), "settings": torch.stack(settings), "tokens": torch.stack(tokens),
            "logprobs": torch.stack(expected),
        },
        OUT / "processed.safetensors")


if __name__ == "__main__":
    main()
