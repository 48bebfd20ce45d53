"""The peers' side of Benchmarks/model.sh: PyTorch trains and Hugging Face generates the model that rolloutd bench measures.

    python model_side.py SHAPE THREADS REPEATS TASK,TASK,... [SEQUENCES]   ->   one line a reading: TASK PRECISION TOKENS_PER_SECOND

Tasks: train, train-bf16 (autocast), sample, sample-bf16, decode, decode-bf16; as in rolloutd's ModelBenchmark.
"""

import sys
import time

import torch
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

SHAPES = {
    "5m": dict(vocab_size=512, hidden_size=256, num_hidden_layers=6, num_attention_heads=8, num_key_value_heads=4,
               head_dim=32, intermediate_size=768),
    "50m": dict(vocab_size=4096, hidden_size=640, num_hidden_layers=10, num_attention_heads=10, num_key_value_heads=5,
                head_dim=64, intermediate_size=1920),
}


def make(shape: str) -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    configuration = Qwen3Config(**SHAPES[shape], max_position_embeddings=1024, tie_word_embeddings=True,
                                attn_implementation="sdpa")
    return Qwen3ForCausalLM(configuration).float()


def train(model, bf16: bool, sequences: int) -> tuple[int, float]:
    if not hasattr(model, "optimiser"):
        model.train()
        model.optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), weight_decay=0, foreach=True)
        model.batch = torch.randint(0, model.config.vocab_size, (sequences, 257))
    start = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        logits = model(input_ids=model.batch[:, :-1], use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), model.batch[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    model.optimiser.step()
    model.optimiser.zero_grad(set_to_none=True)
    return sequences * 256, time.perf_counter() - start


@torch.inference_mode()
def generate(model, prompts: int) -> tuple[int, float]:
    model.eval()
    batch = torch.randint(0, model.config.vocab_size, (prompts, 32))
    settings = GenerationConfig(do_sample=True, temperature=1.0, top_k=0, max_new_tokens=128, min_new_tokens=128,
                                pad_token_id=0, eos_token_id=None)
    start = time.perf_counter()
    out = model.generate(batch, attention_mask=torch.ones_like(batch), generation_config=settings)
    assert out.shape[1] == 160
    return 128 * prompts, time.perf_counter() - start


def main() -> None:
    shape, threads, repeats, tasks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(",")
    sequences = int(sys.argv[5]) if len(sys.argv) > 5 else 32
    torch.set_num_threads(threads)
    for task in tasks:
        name, _, precision = task.partition("-")
        model = make(shape)
        bf16 = precision == "bf16"
        if name != "train" and bf16:
            model = model.to(torch.bfloat16)
        for round in range(repeats + 1):
            if name == "train":
                tokens, seconds = train(model, bf16, sequences)
            else:
                tokens, seconds = generate(model, 64 if name == "sample" else 1)
            if round:
                print(name, precision or "fp32", f"{tokens / seconds:.0f}", flush=True)


if __name__ == "__main__":
    main()
