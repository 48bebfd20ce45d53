#!/usr/bin/env python3
"""An external generator for rolloutd: standard library only.

Leases groups, samples them from any OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, or rolloutd itself), and posts
the rollouts with token ids and log-probs. Run as many as you like; a killed one loses nothing, its lease expires and
the work goes to another.

    examples/generator.py --rolloutd http://127.0.0.1:8080 --endpoint http://127.0.0.1:8000 --model Qwen/Qwen3-0.6B

vLLM must be asked for token ids (`return_token_ids`, sent here) so that what is trained on is what was sampled.
"""
import argparse
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request

STOPPING = False


def call(method, url, body=None, key=None, timeout=120):
    """One JSON request; retries what the server says may be retried (429, 503) after Retry-After."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    for attempt in range(8):
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                text = response.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")
            if error.code not in (429, 503) or attempt == 7:
                raise RuntimeError(f"{method} {url}: {error.code} {detail}") from None
            time.sleep(float(error.headers.get("Retry-After", "1")))
        except urllib.error.URLError as error:
            if attempt == 7:
                raise RuntimeError(f"{method} {url}: {error.reason}") from None
            time.sleep(min(8, 0.25 * 2**attempt))
    raise RuntimeError("unreachable")


def sample(options, prompt, count):
    """`count` samples of one prompt: (text, token ids, log-probs, finish reason) each, and the version that made them."""
    body = {"model": options.model, "n": count, "max_tokens": options.max_tokens, "temperature": 1.0, "top_p": 1.0,
            "return_token_ids": True}
    if "messages" in prompt:
        body |= {"messages": prompt["messages"], "logprobs": True}
        answer = call("POST", options.endpoint + "/v1/chat/completions", body, options.endpoint_key, timeout=600)
    else:
        body |= {"prompt": prompt["text"], "logprobs": 0}
        answer = call("POST", options.endpoint + "/v1/completions", body, options.endpoint_key, timeout=600)
    version = answer.get("policy_version")  # rolloutd says it; for others it is the lease's.
    samples = []
    for choice in answer["choices"]:
        logprobs = choice.get("logprobs") or {}
        if "content" in logprobs:
            values = [token["logprob"] for token in logprobs["content"]]
        else:
            values = logprobs.get("token_logprobs") or []
        ids = choice.get("token_ids") or []
        if len(ids) != len(values):
            ids, values = [], []  # Judged all the same, but the learner cannot use it.
        text = choice["text"] if "text" in choice else choice["message"]["content"]
        reason = "length" if choice.get("finish_reason") == "length" else "stop"
        samples.append((text, ids, [min(0.0, value) for value in values], reason))
    return samples, version


def work(options):
    """Leases, samples and posts until told to stop; returns how many rollouts were posted."""
    posted = 0
    while not STOPPING and (options.groups is None or posted < options.groups):
        lease = call("POST", options.rolloutd + "/v1/leases", {
            "kind": "generate", "worker": options.worker, "max": options.max_groups, "wait_seconds": 20,
            **({"dataset": options.dataset} if options.dataset else {})}, options.key)
        if not lease.get("groups"):
            if options.groups is not None:
                break
            continue
        for number, group in enumerate(lease["groups"]):
            if number:  # The work before took time; with its last group posted a lease is over by itself.
                call("POST", f"{options.rolloutd}/v1/leases/{lease['lease_id']}/heartbeat", {}, options.key)
            samples, version = sample(options, group["prompt"], group["rollouts"])
            rollouts = [{
                "id": f"{group['group_id']}/{lease['attempt']}/{index}", "prompt_id": group["prompt"]["id"],
                "group_id": group["group_id"], "attempt": lease["attempt"], "response": text, "token_ids": ids,
                "logprobs": values, "policy_version": lease["policy_version"] if version is None else version,
                "finish_reason": reason, "generator": options.worker,
            } for index, (text, ids, values, reason) in enumerate(samples)]
            answer = call("POST", options.rolloutd + "/v1/rollouts", {"rollouts": rollouts}, options.key)
            refused = [item for item in answer["rollouts"] if "error" in item]
            for item in refused:
                print(f"refused: {item['error']}", file=sys.stderr)
            posted += 1
            print(f"group {group['group_id']}: posted {len(rollouts) - len(refused)} of {len(rollouts)}", flush=True)
    return posted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rolloutd", default="http://127.0.0.1:8080", help="where rolloutd serves")
    parser.add_argument("--endpoint", default="http://127.0.0.1:8080", help="an OpenAI-compatible endpoint to sample from")
    parser.add_argument("--model", default="policy", help="the model's name at the endpoint")
    parser.add_argument("--worker", default=f"generator-{os.getpid()}", help="this generator's name")
    parser.add_argument("--dataset", help="lease only prompts of this data set")
    parser.add_argument("--max-groups", type=int, default=4, help="groups in one lease")
    parser.add_argument("--max-tokens", type=int, default=96, help="new tokens of one rollout")
    parser.add_argument("--groups", type=int, help="stop after so many groups, or when there is no work; default: go on")
    parser.add_argument("--key", default=os.environ.get("ROLLOUTD_API_KEY"), help="API key of rolloutd")
    parser.add_argument("--endpoint-key", default=os.environ.get("OPENAI_API_KEY"), help="API key of the endpoint")

    def stop(*_):
        global STOPPING
        STOPPING = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"posted {work(parser.parse_args())} groups")


if __name__ == "__main__":
    main()
