#!/usr/bin/env python3
"""Writes Tests/Vectors/gppo/*.json: losses and gradients of policy objectives by PyTorch's autograd, in float64.

Each method is written as its paper or its released code has it (stop-gradients, clamps, torch.min), never in the closed
form that Sources/Learning uses, so that the closed form is judged by something else. Needs torch; not part of the build.

    python3 scripts/golden/make_objective_vectors.py Tests/Vectors/gppo
"""
import json
import math
import sys

import torch

torch.set_default_dtype(torch.float64)

RATIOS = [0.05, 0.5, 0.79, 0.95, 1.1, 1.25, 1.5, 4.0, 12.0]
sg = torch.Tensor.detach


def ratio_of(logp, old):
    return torch.exp(logp - old)


def dual(loss, advantage, cap):
    if cap is None:
        return loss
    return torch.where(advantage < 0, torch.minimum(loss, -advantage * cap), loss)


def clip(low, high, cap=None):
    def loss(logp, old, advantage):
        r = ratio_of(logp, old)
        inner = torch.maximum(-advantage * r, -advantage * torch.clamp(r, 1 - low, 1 + high))
        return dual(inner, advantage, cap)
    return loss


def gppo(low, high, cap=None):
    """KlearReasoner, verl/trainer/ppo/core_algos.py: the clamp's bounds carry r / sg(r)."""
    def loss(logp, old, advantage):
        r = ratio_of(logp, old)
        bounded = torch.clamp(r, (1 - low) / sg(r) * r, (1 + high) / sg(r) * r)
        return dual(torch.maximum(-advantage * r, -advantage * bounded), advantage, cap)
    return loss


def ce_gppo(low, high, beta1, beta2, cap):
    """CE-GPPO: three cases by masks, the clipped ones scaled."""
    def loss(logp, old, advantage):
        r = ratio_of(logp, old)
        below = beta1 * (1 - low) / sg(r) * r
        above = beta2 * (1 + high) / sg(r) * r
        chosen = torch.where((r < 1 - low) & (advantage < 0), below, r)
        chosen = torch.where((r > 1 + high) & (advantage > 0), above, chosen)
        return dual(-advantage * chosen, advantage, cap)
    return loss


def cispo(low, high):
    def loss(logp, old, advantage):
        return -sg(torch.clamp(ratio_of(logp, old), low, high)) * advantage * logp
    return loss


def sapo(positive, negative):
    def loss(logp, old, advantage):
        tau = torch.where(advantage > 0, positive, negative)
        return -4 / tau * torch.sigmoid(tau * (ratio_of(logp, old) - 1)) * advantage
    return loss


def aspo(low, high, cap):
    """ASPO: the weight of positive tokens is flipped; a soft dual clip bounds both weights and keeps the gradient."""
    def loss(logp, old, advantage):
        r = ratio_of(logp, old)
        flipped = torch.where(advantage > 0, r / sg(r) ** 2, r)
        is_clipped = torch.where(advantage > 0, sg(r) > 1 + high, sg(r) < 1 - low)
        bound = torch.where(advantage > 0, torch.tensor(1 / (1 + high)), torch.tensor(1 - low))
        soft = sg(torch.clamp(flipped, max=cap)) * logp
        value = torch.where(sg(flipped) > cap, soft, flipped)
        return -advantage * torch.where(is_clipped, bound, value)
    return loss


METHODS = {
    "PPO/GRPO clip .2/.2": clip(0.2, 0.2),
    "DAPO .2/.28": clip(0.2, 0.28),
    "DAPO+dual c=3": clip(0.2, 0.28, 3),
    "DAPO+dual c=10": clip(0.2, 0.28, 10),
    "GPPO paper (no dual)": gppo(0.2, 0.28),
    "GPPO code c=10": gppo(0.2, 0.28, 10),
    "CE-GPPO b=(.5,1) .2/.2 c=10": ce_gppo(0.2, 0.2, 0.5, 1, 10),
    "CE-GPPO b=(.75,1) .2/.2 c=10": ce_gppo(0.2, 0.2, 0.75, 1, 10),
    "CE-GPPO b=(0,0) .2/.2 c=10": ce_gppo(0.2, 0.2, 0, 0, 10),
    "CISPO .2/.28": cispo(0.8, 1.28),
    "CISPO upper-only 0/5": cispo(0.0, 5.0),
    "SAPO tau 1/1.05": sapo(1.0, 1.05),
    "ASPO .2/.2 c=3/3": aspo(0.2, 0.2, 3),
}


def token_rows():
    rows = []
    for advantage in (1.0, -1.0):
        for ratio in RATIOS:
            for name, method in METHODS.items():
                logp = torch.tensor(-1 + math.log(ratio), requires_grad=True)
                loss = method(logp, torch.tensor(-1.0), torch.tensor(advantage))
                gradient = torch.autograd.grad(loss, logp, allow_unused=True)[0] if loss.requires_grad else None
                slope = 0.0 if gradient is None else gradient.item()
                rows.append({"method": name, "A": advantage, "ratio": ratio, "loss": loss.item(),
                             "dloss_dlogp": slope, "w": -slope / advantage})
    return rows


# The batch of three sequences: lengths 3, 1, 2, padded to 3.
BATCH_RATIOS = [[1.5, 0.9, 1.1], [0.5, 1, 1], [2.0, 0.7, 1]]
BATCH_OLD = [[-0.5, -1, -2], [-0.7, 0, 0], [-1.5, -0.3, 0]]
BATCH_MASK = torch.tensor([[1.0, 1, 1], [1, 0, 0], [1, 1, 0]])
BATCH_ADVANTAGES = torch.tensor([[1.2], [-0.8], [-0.4]])
BATCH_RHO = torch.tensor([[1.1, 3, 0.5], [2.5, 1, 1], [0.9, 1, 1]])


def gspo(low, high):
    """verl's gspo: the sequence's ratio as value, its gradient through every token's own log-prob."""
    def loss(logp, old, advantage):
        mean = ((logp - old) * BATCH_MASK).sum(-1) / BATCH_MASK.sum(-1)
        r = torch.exp(torch.clamp(logp - sg(logp) + sg(mean).unsqueeze(-1), max=10.0))
        return torch.maximum(-advantage * r, -advantage * torch.clamp(r, 1 - low, 1 + high))
    return loss


def token_mean(m):
    return (m * BATCH_MASK).sum() / BATCH_MASK.sum()


def sequence_mean_token_mean(m):
    return ((m * BATCH_MASK).sum(-1) / BATCH_MASK.sum(-1)).mean()


def sum_over(scale):
    return lambda m: (m * BATCH_MASK).sum() / scale


def batch_case(method, aggregate, weights=None, positive=None):
    old = torch.tensor(BATCH_OLD)
    logp = (old + torch.log(torch.tensor(BATCH_RATIOS))).requires_grad_()
    matrix = method(logp, old, BATCH_ADVANTAGES.expand(3, 3))
    loss = aggregate(matrix if weights is None else matrix * weights)
    if positive is not None:
        mask = BATCH_MASK * torch.tensor(positive).unsqueeze(-1)
        loss = loss + 0.1 * (-logp * mask).sum() / mask.sum()
    loss.backward()
    return {"loss": loss.item(), "grad": (logp.grad * BATCH_MASK).tolist()}


def batch_cases():
    released = gppo(0.2, 0.28, 10)
    sequence_weights = torch.clamp((BATCH_RHO ** BATCH_MASK).prod(-1, keepdim=True), max=2).expand(3, 3)
    return {
        "GPPO|token-mean": batch_case(released, token_mean),
        "DAPO|token-mean": batch_case(clip(0.2, 0.28, 10), token_mean),
        "CISPO|token-mean": batch_case(cispo(0.8, 1.28), token_mean),
        "GRPO eps .2/.2 (orig)|seq-mean-token-mean": batch_case(clip(0.2, 0.2), sequence_mean_token_mean),
        "DrGRPO clip .2/.2 (verl norm N=3)|seq-mean-token-sum-norm": batch_case(clip(0.2, 0.2), sum_over(3)),
        "DrGRPO clip .2/.2 (const L=4)|seq-mean-token-sum-norm": batch_case(clip(0.2, 0.2), sum_over(4)),
        "GPPO|seq-mean-token-mean": batch_case(released, sequence_mean_token_mean),
        "GSPO eps 3e-4/4e-4|seq-mean-token-mean": batch_case(gspo(3e-4, 4e-4), sequence_mean_token_mean),
        "GSPO eps .2/.28|seq-mean-token-mean": batch_case(gspo(0.2, 0.28), sequence_mean_token_mean),
        "GPPO + TIS token cap2|token-mean": batch_case(released, token_mean, torch.clamp(BATCH_RHO, max=2)),
        "GPPO + TIS seq cap2|token-mean": batch_case(released, token_mean, sequence_weights),
        "GPPO + 0.1 LM, positive = sequence 1|token-mean": batch_case(released, token_mean, positive=[1.0, 0, 0]),
    }


def advantage_cases():
    groups = [[1, 1, -1, -1, -1, -1, -1, -1], [1, -1, -1, -1, -1, -1, -1, -1], [1, -1, -0.5, -2, 1, -1, -1, -1],
              [1, 0.5, 0, -0.5, -0.5, -1, -1, -1], [1, 0.25, 0.25, 0], [1, -0.5, -0.5, -1], [1, 1, 1, 1]]
    rows = []
    for rewards in groups:
        r = torch.tensor(rewards, dtype=torch.float64)
        mean = r.mean()
        others = (r.sum() - r) / (len(rewards) - 1)
        rows.append({
            "rewards": rewards,
            "std": ((r - mean) / (r.std() + 1e-6)).tolist(),
            "std-biased": ((r - mean) / (r.std(unbiased=False) + 1e-6)).tolist(),
            "mean": (r - mean).tolist(),
            "leave-one-out": (r - others).tolist(),
        })
    return rows


def penalty_cases():
    """k1, k2, k3 (Schulman) and verl's k3+ (value of k3, gradient of k2)."""
    rows = []
    for own, reference in [(-1.2, -0.9), (-0.6, -1.5), (-2.0, -2.0), (-9.0, -0.1)]:
        for name in ("k1", "k2", "k3", "k3-plus"):
            logp = torch.tensor(own, requires_grad=True)
            d = logp - reference
            k2, k3 = d * d / 2, torch.exp(-d) + d - 1
            value = {"k1": d, "k2": k2, "k3": k3, "k3-plus": sg(k3) + k2 - sg(k2)}[name]
            value.backward()
            rows.append({"penalty": name, "logprob": own, "reference": reference, "value": value.item(),
                         "gradient": logp.grad.item()})
    return rows


def main():
    folder = sys.argv[1]
    files = {"policy_objectives_tokens": token_rows(), "policy_objectives_batch": batch_cases(),
             "advantages": advantage_cases(), "kl_penalties": penalty_cases()}
    for name, content in files.items():
        is_list = isinstance(content, list)
        rows = [json.dumps(row) for row in content] if is_list else [
            f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
        with open(f"{folder}/{name}.json", "w") as file:
            file.write(("[\n" if is_list else "{\n") + ",\n".join(rows) + ("\n]\n" if is_list else "\n}\n"))


if __name__ == "__main__":
    main()
