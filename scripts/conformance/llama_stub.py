"""examples/llama_cpp_generator.py between a running server and a stub that answers as llama-server does."""
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

ANSWER = "So \\boxed{4}"


class LlamaServer(BaseHTTPRequestHandler):
    """`/completion` and `/apply-template` in the shape of llama.cpp's tools/server; keeps what it was asked."""
    asked = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        if self.path == "/apply-template":
            answer = {"prompt": "".join(m["content"] for m in body["messages"])}
        else:
            ids = list(ANSWER.encode())
            answer = {
                "index": 0, "content": ANSWER, "tokens": ids, "stop": True, "stop_type": "eos", "stopping_word": "", "truncated": False,
                "tokens_predicted": len(ids), "tokens_evaluated": 5, "completion_probabilities": [
                    {"id": i, "token": chr(i), "bytes": [i], "logprob": -0.5, "top_logprobs": [{"id": i, "token": chr(i), "bytes": [i], "logprob": -0.5}]}
                    for i in ids]}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def llama_generator(url, table):
    stub = ThreadingHTTPServer(("127.0.0.1", 0), LlamaServer)
    threading.Thread(target=stub.serve_forever, daemon=True).start()
    prompts = [{"id": "llama-1", "dataset": "llama", "text": "2+2?", "task": {"type": "math", "answer": "4"}},
               {"id": "llama-2", "dataset": "llama", "messages": [{"role": "user", "content": "2+2?"}], "task": {"type": "math", "answer": "4"}}]
    requests.post(url + "/v1/prompts", json={"prompts": prompts}, timeout=60).raise_for_status()
    example = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "llama_cpp_generator.py")
    ran = subprocess.run(
        [sys.executable, example, "--rolloutd", url, "--llama", f"http://127.0.0.1:{stub.server_port}", "--worker", "llama", "--groups", "2",
         "--dataset", "llama"], capture_output=True, text=True, timeout=120, check=False)
    stub.shutdown()
    client = "examples/llama_cpp_generator.py, llama.cpp as a stub"
    table.check(client, "two groups posted", ran.returncode == 0 and json.loads(ran.stdout) == {"posted_groups": 2} and not ran.stderr, (ran.stdout, ran.stderr))
    rollouts = []
    for prompt in ("llama-1", "llama-2"):
        rollouts += requests.get(url + "/v1/rollouts", params={"prompt_id": prompt, "limit": 64}, timeout=60).json()["rollouts"]
    table.check(client, "rollouts of both prompts", len({r["prompt_id"] for r in rollouts}) == 2 and len(rollouts) >= 2, rollouts[:1])
    one = requests.get(f"{url}/v1/rollouts/{rollouts[0]['id'].replace('/', '%2F')}", params={"wait_seconds": 20}, timeout=60).json()
    table.check(client, "token ids and log-probs", one["token_ids"] == list(ANSWER.encode()) and set(one["logprobs"]) == {-0.5}, one)
    table.check(client, "judged", one["reward"] == 1.0 and one["finish_reason"] == "stop", one)
    asked = [body for body in LlamaServer.asked if "n_predict" in body]
    table.check(client, "the raw distribution is asked for", all(b["temperature"] == 1 and b["top_k"] == 0 and b["n_probs"] == 1 for b in asked), asked[:1])
