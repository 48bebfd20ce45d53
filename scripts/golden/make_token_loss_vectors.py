#!/usr/bin/env python3
"""Writes Tests/Vectors/tinker/token_losses.json: Tinker's losses and GPPO, with their gradients by PyTorch's autograd, in float64.

The losses are written as Tinker's documentation ("Loss Functions") has them: sums over tokens of per-token weights or advantages. GPPO is
written as Klear-Reasoner's released code has it, with stop-gradients. Needs torch; not part of the build.

    python3 scripts/golden/make_token_loss_vectors.py Tests/Vectors/tinker
"""
import json
import os
import random
import sys

import torch

torch.set_default_dtype(torch.float64)
sg = torch.Tensor.detach


def cross_entropy(logp, inputs):
    return -(logp * inputs["weights"]).sum()


def importance_sampling(logp, inputs):
    return -(torch.exp(logp - inputs["logprobs"]) * inputs["advantages"]).sum()


def ppo(logp, inputs, low, high):
    ratio, advantages = torch.exp(logp - inputs["logprobs"]), inputs["advantages"]
    return -torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages).sum()


def cispo(logp, inputs, low, high):
    ratio = torch.exp(logp - inputs["logprobs"])
    return -(sg(ratio.clamp(low, high)) * logp * inputs["advantages"]).sum()


def dro(logp, inputs, beta):
    return -(logp * inputs["advantages"] - 0.5 * beta * (logp - inputs["logprobs"]) ** 2).sum()


def gppo(logp, inputs, low, high, beta1, beta2, dual_clip):
    """The bounds carry beta r / sg(r) (CE-GPPO, Eq. 17)."""
    ratio, advantages = torch.exp(logp - inputs["logprobs"]), inputs["advantages"]
    def bound(value, beta):
        return beta * value * ratio / sg(ratio)
    below = (advantages < 0) & (ratio < low)
    above = (advantages > 0) & (ratio > high)
    weight = torch.where(below, bound(low, beta1), torch.where(above, bound(high, beta2), ratio))
    loss = -advantages * weight
    if dual_clip:
        loss = torch.where(advantages < 0, torch.minimum(loss, -advantages * dual_clip), loss)
    return loss.sum()


CASES = [
    ("cross_entropy", cross_entropy, {}), ("importance_sampling", importance_sampling, {}),
    ("ppo", ppo, {"low": 0.8, "high": 1.2}), ("ppo", ppo, {"low": 0.7, "high": 1.28}),
    ("cispo", cispo, {"low": 0.0, "high": 4.0}), ("cispo", cispo, {"low": 0.8, "high": 1.2}),
    ("dro", dro, {"beta": 0.1}), ("gppo", gppo, {"low": 0.8, "high": 1.28, "beta1": 1.0, "beta2": 1.0, "dual_clip": 10.0}),
    ("gppo", gppo, {"low": 0.8, "high": 1.28, "beta1": 0.5, "beta2": 2.0, "dual_clip": None}),
]


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    chance, rows = random.Random(5), []
    for _ in range(8):
        for name, loss, constants in CASES:
            count = chance.randint(1, 12)
            # The numbers are 32-bit floats, as on the wire.
            f32 = lambda x: torch.tensor(x, dtype=torch.float32).to(torch.float64)
            old = f32([-chance.uniform(0.01, 8) for _ in range(count)])
            logp = f32([min(0.0, float(o) + chance.gauss(0, 1.2)) for o in old]).requires_grad_()
            inputs = {
                "logprobs": old,
                "weights": f32([chance.choice([0, 1, 1, -0.5, 2.5]) for _ in range(count)]),
                "advantages": f32([chance.choice([0, 1, -1, chance.gauss(0, 1)]) for _ in range(count)]),
            }
            value = loss(logp, inputs, **constants)
            (gradient,) = torch.autograd.grad(value, logp)
            rows.append({
                "loss": name, **constants, "logprobs": logp.tolist(), "behaviour": old.tolist(),
                "weights": inputs["weights"].tolist(), "advantages": inputs["advantages"].tolist(),
                "value": float(value), "gradient": gradient.tolist()})
    with open(os.path.join(folder, "token_losses.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


main()
