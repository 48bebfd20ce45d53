#!/usr/bin/env python3
"""llama.cpp's llama-server as a generator for rolloutd: standard library only.

    llama-server -m model.gguf --port 8081 --parallel 8
    examples/llama_cpp_generator.py --rolloutd http://127.0.0.1:8080 --llama http://127.0.0.1:8081

Its own /completion is asked, for it gives token ids with log-probs (`n_probs`, `completion_probabilities`). Sampling is at temperature
1 with nothing cut, so that the log-probs of the raw distribution that llama.cpp tells are those of the one that it samples from. The
model must be the policy that is trained: the log-prob gate finds another, or a quantisation too coarse.
"""
import argparse
import json
import os
import sys

from generator import call

# Every sampler but the last is named away: what is left is the raw distribution.
RAW = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0, "samplers": ["temperature"], "cache_prompt": True}


def sample(options, prompt, seed):
    """One sample: text, token ids, log-probs, finish reason."""
    body = {"prompt": prompt, "n_predict": options.max_tokens, "n_probs": 1, "return_tokens": True, "seed": seed, **RAW}
    answer = call("POST", options.llama + "/completion", body, options.llama_key, timeout=600)
    told = answer.get("completion_probabilities") or []
    ids = [token["id"] for token in told]
    if any(token.get("logprob") is None for token in told) or (answer.get("tokens") and answer["tokens"] != ids):
        ids, told = [], []  # Judged all the same, but the learner cannot use it: not all tokens are told with their log-probs.
    reason = "stop" if answer.get("stop_type") in ("eos", "word") else "length"
    return answer["content"], ids, [min(0.0, token["logprob"]) for token in told], reason


def chat_prompt(options, prompt):
    """The text of a prompt; conversations by llama-server's own template."""
    if "messages" not in prompt:
        return prompt["text"]
    return call("POST", options.llama + "/apply-template", {"messages": prompt["messages"]}, options.llama_key)["prompt"]


def work(options):
    """Leases groups, samples and posts them; returns how many groups were posted."""
    posted = 0
    while options.groups is None or posted < options.groups:
        lease = call("POST", options.rolloutd + "/v1/leases", {
            "kind": "generate", "worker": options.worker, "max": 1, "wait_seconds": 20,
            **({"dataset": options.dataset} if options.dataset else {})}, options.key)
        if not lease.get("groups"):
            if options.groups is not None:
                break
            continue
        for group in lease["groups"]:
            prompt = chat_prompt(options, group["prompt"])
            rollouts = []
            for index in range(group["rollouts"]):
                text, ids, logprobs, reason = sample(options, prompt, posted * 1000 + index)
                rollouts.append({
                    "id": f"{group['group_id']}/{lease['attempt']}/{index}", "prompt_id": group["prompt"]["id"],
                    "group_id": group["group_id"], "attempt": lease["attempt"], "response": text, "token_ids": ids, "logprobs": logprobs,
                    "policy_version": lease["policy_version"], "finish_reason": reason, "generator": options.worker})
            answer = call("POST", options.rolloutd + "/v1/rollouts", {"rollouts": rollouts}, options.key)
            for item in answer["rollouts"]:
                if "error" in item:
                    print(f"refused: {item['error']}", file=sys.stderr)
            posted += 1
    return posted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rolloutd", default="http://127.0.0.1:8080", help="where rolloutd serves")
    parser.add_argument("--llama", default="http://127.0.0.1:8081", help="where llama-server serves")
    parser.add_argument("--worker", default=f"llama-{os.getpid()}", help="this generator's name")
    parser.add_argument("--dataset", help="lease only prompts of this data set")
    parser.add_argument("--max-tokens", type=int, default=512, help="new tokens of one rollout")
    parser.add_argument("--groups", type=int, help="stop after so many groups, or when there is no work; default: go on")
    parser.add_argument("--key", default=os.environ.get("ROLLOUTD_API_KEY"), help="API key of rolloutd")
    parser.add_argument("--llama-key", default=os.environ.get("LLAMA_API_KEY"), help="API key of llama-server")
    print(json.dumps({"posted_groups": work(parser.parse_args())}))


if __name__ == "__main__":
    main()
