"""TRL's GRPOTrainer on the prompts, in the order and from the weights of a run of ours, judged by our server.

Usage: trl_side.py DIRECTORY UPDATES; DIRECTORY is what trl.sh has filled. Prints rows of a Markdown table.
"""
import json
import re
import sqlite3
import sys
import time
import urllib.request
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

GROUPS, GROUP_SIZE, STEPS = 32, 8, 4
RESPONSE_TOKENS = 96
EVALUATE_EVERY = 2

directory, updates = Path(sys.argv[1]), int(sys.argv[2])


def server_address() -> str:
    for _ in range(100):
        found = re.search(r"serving on (http://\S+?)/?\s", (directory / "log").read_text())
        if found:
            return found.group(1).rstrip("/")
        time.sleep(0.1)
    raise SystemExit("the judge did not start: " + (directory / "log").read_text())


def score(tasks: list, responses: list) -> list:
    items = [{"task": task, "response": response} for task, response in zip(tasks, responses)]
    body = json.dumps({"items": items}).encode()
    request = urllib.request.Request(address + "/v1/score", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return [result["verdict"] == "passed" for result in json.load(answer)["results"]]


class Progress(TrainerCallback):
    """Measures held-out accuracy every so many updates, outside the time that counts."""

    def __init__(self):
        self.seconds, self.mark, self.points = 0.0, None, []

    def on_train_begin(self, args, state, control, **kwargs):
        self.measure(0, kwargs["model"])
        self.mark = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step % STEPS:
            return
        self.seconds += time.perf_counter() - self.mark
        update = state.global_step // STEPS
        print(f"TRL: update {update}, {self.seconds:.1f} s", file=sys.stderr, flush=True)
        if update % EVALUATE_EVERY == 0:
            self.measure(update, kwargs["model"])
            control.should_training_stop = self.points[-1][2] >= target
        self.mark = time.perf_counter()

    def measure(self, update, model):
        model.eval()
        right = []
        for start in range(0, len(held_out), 64):
            part = held_out[start : start + 64]
            batch = tokenizer([problem["text"] for problem in part], return_tensors="pt", padding=True)
            with torch.no_grad():
                tokens = model.generate(**batch, max_new_tokens=RESPONSE_TOKENS, do_sample=False)
            texts = tokenizer.batch_decode(tokens[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
            right += score([problem["task"] for problem in part], texts)
        model.train()
        self.points.append((update, self.seconds, sum(right) / len(right)))
        print(f"TRL: held-out {self.points[-1][2]:.3f} after {update} updates", file=sys.stderr, flush=True)


torch.set_num_threads(2)
address = server_address()
held_out = [json.loads(line) for line in (directory / "held-out.ndjson").read_text().splitlines()]

ledger = sqlite3.connect(directory / "run.sqlite")
ours = [json.loads(row[0]) for row in ledger.execute("SELECT metrics FROM updates ORDER BY version")]
parts = ["seconds_sampling", "seconds_scoring", "seconds_training"]
our_times = [sum(dict(metrics)[name] for name in parts) for metrics in ours]
our_points = ledger.execute(
    "SELECT version, learning_seconds, greedy_accuracy FROM evaluations WHERE kind = 'all' ORDER BY version"
).fetchall()
# The mean of our last three measurements: a single one is a little luck.
target = sum(point[2] for point in our_points[-3:]) / 3
reached = next(point for point in our_points if point[2] >= target)
prompts = ledger.execute(
    "SELECT content, task FROM prompts JOIN prompt_bodies ON prompt_seq = seq ORDER BY seq LIMIT ?", [GROUPS * updates]
).fetchall()
rows = [{"prompt": json.loads(content), "task": task} for content, task in prompts]

tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(directory / "policy-0" / "tokenizer.json"))
tokenizer.eos_token = "<|endoftext|>"
tokenizer.pad_token = "<|endoftext|>"
tokenizer.padding_side = "left"
model = AutoModelForCausalLM.from_pretrained(directory / "policy-0", dtype=torch.float32)
model.generation_config.eos_token_id = tokenizer.eos_token_id
model.generation_config.pad_token_id = tokenizer.pad_token_id
progress = Progress()
arguments = GRPOConfig(
    output_dir=str(directory / "trl"), use_cpu=True, bf16=False, seed=1, report_to=[], save_strategy="no",
    logging_strategy="no", disable_tqdm=True, shuffle_dataset=False, max_steps=updates * STEPS,
    per_device_train_batch_size=GROUPS * GROUP_SIZE // STEPS, gradient_accumulation_steps=1,
    steps_per_generation=STEPS, num_iterations=1, num_generations=GROUP_SIZE, gradient_checkpointing=False,
    max_completion_length=RESPONSE_TOKENS, temperature=1.0, top_p=1.0, top_k=0, learning_rate=1e-4,
    lr_scheduler_type="constant_with_warmup", warmup_steps=5 * STEPS, adam_beta1=0.9, adam_beta2=0.98, weight_decay=0.0,
    max_grad_norm=1.0, beta=0.0, epsilon=0.2, epsilon_high=0.28, loss_type="dapo", scale_rewards="group",
)
trainer = GRPOTrainer(
    model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, callbacks=[progress],
    reward_funcs=lambda completions, task, **_: [
        float(right) for right in score([json.loads(text) for text in task], completions)
    ],
)
trainer.train()

done = trainer.state.global_step // STEPS
theirs = progress.seconds / done
mean = sum(our_times) / len(our_times)
end = next((point for point in progress.points if point[2] >= target), None)
print(f"| GRPO update, 32 groups of 8, 1.05 M parameters, beside TRL (PyTorch CPU, two threads) | "
      f"{mean:.2f} s against {theirs:.2f} s ({theirs / mean:.1f} times) |")
start = f"from {our_points[0][2]:.1%} (TRL measures {progress.points[0][2]:.1%})"
if end is None:
    print(f"| held-out accuracy {target:.1%}, {start} | {reached[1]:.1f} s; TRL was at {progress.points[-1][2]:.1%} after "
          f"{done} updates, {progress.seconds:.0f} s |")
else:
    print(f"| held-out accuracy {target:.1%}, {start} | {reached[1]:.1f} s and {reached[0]} updates against "
          f"{end[1]:.1f} s and {end[0]} ({end[1] / reached[1]:.1f} times) |")
