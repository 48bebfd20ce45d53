"""Writes a Hugging Face directory with a random Qwen3 of ten thousand parameters, so that an update takes milliseconds."""
import json
import os
import random
import struct

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def byte_alphabet():
    """GPT-2's printable stand-ins for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte if byte in plain else next(others)) for byte in range(256)]


def write(directory, seed=3, deviation=0.02):
    os.makedirs(directory, exist_ok=True)
    hidden, heads, key_heads, width, inner, vocabulary = 16, 2, 1, 8, 32, 256 + len(SPECIAL)
    shapes = {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    layer = "model.layers.0."
    for name, shape in {
        "input_layernorm": (hidden,), "post_attention_layernorm": (hidden,), "self_attn.q_norm": (width,),
        "self_attn.k_norm": (width,), "self_attn.q_proj": (heads * width, hidden), "self_attn.k_proj": (key_heads * width, hidden),
        "self_attn.v_proj": (key_heads * width, hidden), "self_attn.o_proj": (hidden, heads * width),
        "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden), "mlp.down_proj": (hidden, inner),
    }.items():
        shapes[layer + name + ".weight"] = shape
    choose, header, data = random.Random(seed), {}, b""
    for name, shape in sorted(shapes.items()):
        count = 1
        for size in shape:
            count *= size
        values = [1.0 if "norm" in name else choose.gauss(0, deviation) for _ in range(count)]
        packed = struct.pack(f"<{count}f", *values)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{directory}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(f"{directory}/config.json", "w") as file:
        json.dump({
            "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": hidden, "num_hidden_layers": 1,
            "num_attention_heads": heads, "num_key_value_heads": key_heads, "head_dim": width, "intermediate_size": inner,
            "vocab_size": vocabulary, "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
            "tie_word_embeddings": True, "hidden_act": "silu", "attention_bias": False, "torch_dtype": "float32",
            "eos_token_id": 256}, file)
    added = [{"id": 256 + k, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for k, text in enumerate(SPECIAL)]
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    with open(f"{directory}/tokenizer.json", "w") as file:
        json.dump({
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_only]}, "post_processor": bytes_only,
            "decoder": bytes_only,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": {text: number for number, text in enumerate(byte_alphabet())}, "merges": []}}, file)


# The pre-tokenizer of Qwen's models.
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

if __name__ == "__main__":
    import sys
    # With 0.02, as models are begun, an adapter of so small a model hardly moves its logits; with 0.3 it learns.
    write(sys.argv[1], deviation=float(sys.argv[2]) if len(sys.argv) > 2 else 0.02)
