"""The Tinker SDK as it is published, against a running server: called by conformance.py."""
import importlib.metadata
import json
import os
import statistics
import urllib.request

import numpy


def losses(logprobs, behaviour, advantages):
    """Tinker's losses by its documentation, and GPPO by Klear-Reasoner's Eq. 11: (name, constants) -> value."""
    ratio = numpy.exp(logprobs - behaviour)
    def clip(low, high):
        return -numpy.minimum(ratio * advantages, numpy.clip(ratio, low, high) * advantages).sum()
    return [
        ("importance_sampling", None, -(ratio * advantages).sum()),
        ("ppo", None, clip(0.8, 1.2)),
        ("ppo", {"clip_low_threshold": 0.9, "clip_high_threshold": 1.05}, clip(0.9, 1.05)),
        # GPPO's loss is clip-higher's; what differs is the gradient.
        ("ppo", {"gppo_beta1": 1.0, "gppo_beta2": 1.0, "gppo_dual_clip": 0.0}, clip(0.8, 1.28)),
        ("cispo", None, -(numpy.clip(ratio, 0, 4) * logprobs * advantages).sum()),
        ("dro", {"beta": 0.1}, -(logprobs * advantages - 0.05 * (logprobs - behaviour) ** 2).sum()),
    ]


def tinker_sdk(url, table):
    os.environ["TINKER_TELEMETRY"] = "0"
    import tinker
    from tinker import types
    client = "tinker " + importlib.metadata.version("tinker")
    service = tinker.ServiceClient(base_url=url, api_key="tml-any")
    models = service.get_server_capabilities().supported_models
    table.check(client, "capabilities", len(models) == 1 and models[0].max_context_length > 0, models)
    trainer = service.create_lora_training_client(base_model=models[0].model_name, rank=8, seed=1)
    info = trainer.get_info()
    table.check(client, "get_info", info.is_lora and info.lora_rank == 8 and info.model_name == models[0].model_name, info)

    prompt = [40, 41, 42]
    sampler = trainer.save_weights_and_get_sampling_client()
    params = types.SamplingParams(max_tokens=8, temperature=1.0, seed=7)
    sampled = sampler.sample(types.ModelInput.from_ints(prompt), 4, params).result().sequences
    again = sampler.sample(types.ModelInput.from_ints(prompt), 4, params).result().sequences
    table.check(client, "sample is repeated by its seed", [s.tokens for s in sampled] == [s.tokens for s in again])
    whole = prompt + list(sampled[0].tokens)
    scored = sampler.compute_logprobs(types.ModelInput.from_ints(whole)).result()
    table.check(client, "compute_logprobs are the sample's to the bit", scored[3:] == list(sampled[0].logprobs), scored)
    stopped = sampler.sample(
        types.ModelInput.from_ints(prompt), 1, types.SamplingParams(max_tokens=64, seed=7, stop=[sampled[0].tokens[3]]))
    last = stopped.result().sequences[0]
    table.check(client, "a stop token ends the sample", last.stop_reason == "stop" and len(last.tokens) <= 4, last)

    def datum(sequence, advantage):
        text, before = prompt + list(sequence.tokens), len(prompt) - 1
        return types.Datum(model_input=types.ModelInput.from_ints(text[:-1]), loss_fn_inputs={
            "target_tokens": numpy.array(text[1:], dtype=numpy.int64),
            "logprobs": numpy.array([0.0] * before + list(sequence.logprobs), dtype=numpy.float32),
            "advantages": numpy.array([0.0] * before + [advantage] * len(sequence.tokens), dtype=numpy.float32)})

    data = [datum(sequence, advantage) for sequence, advantage in zip(sampled, [1.0, -1.0, 0.5, -0.25])]
    adam = types.AdamParams(learning_rate=0.02)
    # So that ratios are not 1.
    trainer.forward_backward(data, "importance_sampling").result()
    trainer.optim_step(adam).result()
    present = trainer.forward(data, "importance_sampling").result()
    for name, constants, expected in losses(
            numpy.concatenate([numpy.array(o["logprobs"].data, dtype=float) for o in present.loss_fn_outputs]),
            numpy.concatenate([numpy.array(d.loss_fn_inputs["logprobs"].data, dtype=float) for d in data]),
            numpy.concatenate([numpy.array(d.loss_fn_inputs["advantages"].data, dtype=float) for d in data])):
        found = trainer.forward(data, name, constants).result().metrics["loss:sum"]
        table.check(client, f"{name} {constants or ''}", abs(found - expected) < 1e-4 * max(1, abs(expected)), (found, expected))
    weighted = [types.Datum(model_input=d.model_input, loss_fn_inputs={
        "target_tokens": d.loss_fn_inputs["target_tokens"],
        "weights": numpy.array([0.0, 0.0] + [1.0] * 8, dtype=numpy.float32)}) for d in data]
    passed = trainer.forward_backward(weighted, "cross_entropy").result()
    expected = -sum(sum(o["logprobs"].data[2:]) for o in passed.loss_fn_outputs)
    table.check(client, "cross_entropy", abs(passed.metrics["loss:sum"] - expected) < 1e-3, (passed.metrics, expected))
    stepped = trainer.optim_step(adam).result()
    table.check(client, "optim_step", stepped.metrics["grad_norm"] > 0 and stepped.metrics["applied"] == 1, stepped)

    state = trainer.save_state("conformance", overwrite=True).result()
    named = trainer.save_weights_for_sampler("conformance").result()
    ours = trainer.forward(weighted, "cross_entropy").result()
    copy = service.create_training_client_from_state_with_optimizer(state.path)
    theirs = copy.forward(weighted, "cross_entropy").result()
    table.check(client, "a state goes on to the same bits", ours.metrics == theirs.metrics, (ours.metrics, theirs.metrics))
    from_path = service.create_sampling_client(model_path=named.path)
    scored = from_path.compute_logprobs(types.ModelInput.from_ints(whole)).result()
    table.check(client, "named weights are the model's",
                numpy.allclose(scored[3:], ours.loss_fn_outputs[0]["logprobs"].data[2:], atol=1e-5), scored)
    rest = service.create_rest_client()
    kept = rest.list_checkpoints(trainer.model_id).result().checkpoints
    table.check(client, "checkpoints are listed", len(kept) == 2, kept)
    for checkpoint in kept:
        rest.delete_checkpoint(trainer.model_id, checkpoint.checkpoint_id).result()
    table.check(client, "and deleted", not rest.list_checkpoints(trainer.model_id).result().checkpoints)

    try:
        trainer.forward_backward(data, "ppo", {"clip": 1.0}).result()
        refused = None
    except tinker.APIStatusError as error:
        refused = error
    table.check(client, "an unknown constant is refused by name", refused is not None and "clip" in str(refused), refused)
    table.check(client, "the same seq_id is done once", repeats(url, trainer.model_id))
    table.check(client, "GPPO raises a reward", *rises(trainer, types, datum, prompt))


def repeats(url, model):
    """The same request under a number twice, as after a connection that broke: one step, not two."""
    def post(path, body):
        request = urllib.request.Request(url + "/api/v1/" + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    body = {"model_id": model, "seq_id": 1_000_000, "adam_params": {"learning_rate": 0.0}}
    first, second = post("optim_step", body), post("optim_step", body)
    return first == second and post("retrieve_future", {"request_id": first["request_id"]})["metrics"]["applied"] == 1


def rises(trainer, types, datum, prompt, steps=40, group=64):
    """A reward that has nothing to do with the model's prior: the share of even tokens."""
    means = []
    for step in range(steps):
        sampler = trainer.save_weights_and_get_sampling_client()
        params = types.SamplingParams(max_tokens=8, temperature=1.0, seed=100 + step)
        found = sampler.sample(types.ModelInput.from_ints(prompt), group, params).result().sequences
        rewards = [sum(token % 2 == 0 for token in sequence.tokens) / len(sequence.tokens) for sequence in found]
        means.append(statistics.fmean(rewards))
        mean, deviation = statistics.fmean(rewards), statistics.stdev(rewards) + 1e-6
        data = [datum(sequence, (reward - mean) / deviation / 512) for sequence, reward in zip(found, rewards)]
        trainer.forward_backward(data, "ppo", {"gppo_beta1": 1.0, "gppo_beta2": 1.0})
        trainer.optim_step(types.AdamParams(learning_rate=0.02, eps=1e-8, grad_clip_norm=1.0)).result()
    first, last = statistics.fmean(means[:5]), statistics.fmean(means[-5:])
    return last > first + 0.15, f"{first:.2f} to {last:.2f}"
