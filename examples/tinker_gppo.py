#!/usr/bin/env python3
"""Reinforcement learning with GPPO through the Tinker SDK, on a rolloutd that serves its built-in model.

    pip install tinker==0.24.1
    examples/tinker_gppo.py http://127.0.0.1:8080

The SDK trains an adapter on top of the server's first policy; the policy itself stays as it is. Problems are sums,
differences and products; rolloutd's verifier says which answers are right. Let the server's own learner rest meanwhile, or it
takes half of the cores:

    curl -s -X POST 127.0.0.1:8080/admin/pause -H 'content-type: application/json' -d '{"what":["learning"],"reason":"tinker"}'
"""
import argparse
import json
import os
import random
import statistics
import sys
import urllib.request


def call(options, path, body):
    """One request to rolloutd's own API."""
    headers = {"Content-Type": "application/json"}
    if options.key:
        headers["Authorization"] = f"Bearer {options.key}"
    request = urllib.request.Request(options.server + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def problem(chance):
    """A question in the form that the built-in model knows, and its answer."""
    kind = chance.choice("+-*")
    a, b = chance.randint(100, 999), chance.randint(2, 9) if kind == "*" else chance.randint(100, 999)
    if kind == "-" and a < b:
        a, b = b, a
    return f"What is {a} {kind} {b}?\n", str({"+": a + b, "-": a - b, "*": a * b}[kind])


def tokens(options, texts):
    """Texts as token ids, by the server's own tokenizer."""
    answer = call(options, "/v1/completions", {"prompt": texts, "max_tokens": 0, "echo": True, "return_token_ids": True})
    return [choice["prompt_token_ids"] for choice in answer["choices"]]


def texts(options, prompts, sampled):
    """What was sampled after each prompt, as text."""
    found = []
    for start in range(0, len(sampled), 64):
        whole = [prompt + more for prompt, more in zip(prompts[start:start + 64], sampled[start:start + 64])]
        answer = call(options, "/v1/completions", {"prompt": whole, "max_tokens": 0, "echo": True})
        found += [choice["text"] for choice in answer["choices"]]
    return found


def rewards(options, answers, responses):
    """1 for right, 0 for wrong, None for what could not be judged: that is no reward, and is not learned from."""
    items = [{"task": {"type": "math", "answer": answer}, "response": response}
             for answer, response in zip(answers, responses)]
    found = []
    for start in range(0, len(items), 1024):
        found += call(options, "/v1/score", {"items": items[start:start + 1024]})["results"]
    return [result["reward"] for result in found]


def datum(types, numpy, prompt, sequence, advantage):
    """A sample as the loss reads it: its targets, the log-probs it was sampled with, and its advantage; 0 on the prompt."""
    whole, before = prompt + list(sequence.tokens), len(prompt) - 1
    inputs = {
        "target_tokens": numpy.array(whole[1:], dtype=numpy.int64),
        "logprobs": numpy.array([0.0] * before + list(sequence.logprobs), dtype=numpy.float32),
        "advantages": numpy.array([0.0] * before + [advantage] * len(sequence.tokens), dtype=numpy.float32),
    }
    return types.Datum(model_input=types.ModelInput.from_ints(whole[:-1]), loss_fn_inputs=inputs)


def sample(options, types, client, problems, group, seed):
    """`group` samples of each problem with their rewards."""
    prompts = []
    for start in range(0, len(problems), 64):
        prompts += tokens(options, [text for text, _ in problems[start:start + 64]])
    params = types.SamplingParams(max_tokens=options.max_tokens, temperature=1.0, seed=seed)
    futures = [client.sample(types.ModelInput.from_ints(prompt), group, params) for prompt in prompts]
    sequences = [sequence for future in futures for sequence in future.result().sequences]
    repeated = [prompt for prompt in prompts for _ in range(group)]
    answers = [answer for _, answer in problems for _ in range(group)]
    judged = rewards(options, answers, texts(options, repeated, [list(sequence.tokens) for sequence in sequences]))
    return repeated, sequences, judged


def train(options, tinker, numpy):
    types, chance = tinker.types, random.Random(options.seed)
    service = tinker.ServiceClient(base_url=options.server, api_key="tml-" + (options.key or "none"))
    client = service.create_lora_training_client(base_model=options.base, rank=options.rank, seed=options.seed)
    adam = types.AdamParams(learning_rate=options.learning_rate, beta1=0.9, beta2=0.98, eps=1e-8, grad_clip_norm=1.0)
    means = []
    for step in range(options.steps):
        sampler = client.save_weights_and_get_sampling_client()
        problems = [problem(chance) for _ in range(options.groups)]
        prompts, sequences, judged = sample(options, types, sampler, problems, options.group, options.seed * 10_007 + step)
        means.append(statistics.fmean(reward for reward in judged if reward is not None))
        members = []
        for start in range(0, len(sequences), options.group):
            places = [place for place in range(start, start + options.group) if judged[place] is not None]
            values = [judged[place] for place in places]
            if len(values) < 2 or max(values) == min(values):
                continue  # All alike: nothing to compare.
            mean, deviation = statistics.fmean(values), statistics.stdev(values)
            members += [(place, (judged[place] - mean) / (deviation + 1e-6)) for place in places]
        chance.shuffle(members)
        kept = {"below": 0.0, "above": 0.0}
        # Mini-batches on the same samples: from the second on the policy has moved, and clipping would drop tokens.
        for part in range(options.mini_batches):
            chosen = members[part::options.mini_batches]
            total = sum(len(sequences[place].tokens) for place, _ in chosen)
            if not chosen:
                continue
            data = [datum(types, numpy, prompts[place], sequences[place], advantage / total) for place, advantage in chosen]
            passed = client.forward_backward(data, "ppo", {"gppo_beta1": 1.0, "gppo_beta2": 1.0})
            stepped = client.optim_step(adam)
            metrics = passed.result().metrics
            stepped.result()
            kept["below"] += metrics["tokens_below_range:sum"]
            kept["above"] += metrics["tokens_above_range:sum"]
        print(f"step {step:3d}  reward {means[-1]:.3f}  samples learned from {len(members):4d}  "
              f"tokens kept below {kept['below']:.0f}, above {kept['above']:.0f}", flush=True)
    saved = client.save_state(options.name, overwrite=True).result() if options.name else None
    return means, saved


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", nargs="?", default="http://127.0.0.1:8080", help="where rolloutd serves")
    parser.add_argument("--key", default=os.environ.get("ROLLOUTD_API_KEY"), help="an API key with the roles generate, score, train")
    parser.add_argument("--base", default="policy@0", help="what the adapter begins on; policy is the newest version")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--groups", type=int, default=32, help="problems of a step")
    parser.add_argument("--group", type=int, default=8, help="samples of a problem")
    parser.add_argument("--mini-batches", type=int, default=4, help="optimiser steps of a step")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--max-tokens", type=int, default=96)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", help="keep the trained state under this name")
    options = parser.parse_args()
    options.server = options.server.rstrip("/")
    try:
        import numpy
        import tinker
    except ImportError as error:
        sys.exit(f"{error}; install the SDK with: pip install tinker==0.24.1")
    means, saved = train(options, tinker, numpy)
    if saved:
        print("kept as", saved.path)
    part = max(1, len(means) // 4)
    first, last = statistics.fmean(means[:part]), statistics.fmean(means[-part:])
    print(f"mean reward of the first {part} steps {first:.3f}, of the last {last:.3f}")


if __name__ == "__main__":
    main()
