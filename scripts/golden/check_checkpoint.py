#!/usr/bin/env python3
"""Loads checkpoints written by this project in transformers, and adapters in PEFT, and compares the logits.

Not part of the build; run by hand, with no argument:

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    VENV/bin/python scripts/golden/check_checkpoint.py

It has `swift test` write the models (CheckpointExportTests, AdapterFileTests), each in fp32, bf16 and fp16, some in several files. With a
directory as argument it checks the models that are there already.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4


def export(directory: pathlib.Path) -> None:
    subprocess.run(["swift", "test", "--no-parallel", "--filter", "CheckpointExportTests|AdapterFileTests"], cwd=ROOT, check=True,
                   env=os.environ | {"ROLLOUTD_EXPORT_DIRECTORY": str(directory)})


def check(directory: pathlib.Path) -> float:
    """The largest difference of a logit; raises where anything else differs."""
    expected = json.loads((directory / "logits.json").read_text())
    model, report = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, output_loading_info=True)
    assert not any(report.values()), report
    assert str(AutoModelForCausalLM.from_pretrained(directory, dtype="auto").dtype) == "torch." + expected["dtype"]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([expected["tokens"]])).logits[0]
    ours = torch.tensor(expected["logits"]).reshape(logits.shape)
    generation = GenerationConfig.from_pretrained(directory)
    assert (generation.eos_token_id, generation.top_k, generation.top_p) == ([3, 5], 20, 0.95), generation
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(directory / "tokenizer.json"))
    assert tokenizer.decode(tokenizer("The answer is \\boxed{56}.<|im_end|>").input_ids).endswith("<|im_end|>")
    return (logits - ours).abs().max().item()


def check_adapter(directory: pathlib.Path) -> float:
    """The largest difference of a logit of the base with the adapter on it."""
    expected = json.loads((directory / "adapter_logits.json").read_text())
    base = AutoModelForCausalLM.from_pretrained(directory / "base", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, directory / "adapter")
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([expected["tokens"]])).logits[0]
        merged = model.merge_and_unload()(input_ids=torch.tensor([expected["tokens"]])).logits[0]
    ours = torch.tensor(expected["logits"]).reshape(logits.shape)
    return max((logits - ours).abs().max().item(), (merged - ours).abs().max().item())


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        if len(sys.argv) == 1:
            export(directory)
        models = sorted(path.parent for path in directory.glob("*/logits.json"))
        errors = {path.name: check(path) for path in models}
        adapters = sorted(path.parent for path in directory.glob("*/adapter_logits.json"))
        errors |= {path.name: check_adapter(path) for path in adapters}
        for name, error in errors.items():
            print(f"{name}: logits differ by {error:.1e} at most")
        if not errors or max(errors.values()) > TOLERANCE:
            sys.exit(f"no models, or logits differ by more than {TOLERANCE}")


if __name__ == "__main__":
    main()
