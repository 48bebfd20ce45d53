"""The official clients of other systems against a running server: one table, exit status 1 when anything differs.

    conformance.py http://127.0.0.1:PORT DIRECTORY_WITH_WHEELS

Clients are imported as they are published; from wheels that need PyTorch only the client's own file is loaded. slime has no package: its
request is written here as its documentation has it.
"""
import asyncio
import importlib.util
import json
import logging
import os
import sys
import tempfile
import threading
import types
import zipfile

import requests
import sandbox_fusion
from tinker_sdk import tinker_sdk

from llama_stub import llama_generator
from openai_client import openai_client

SUM = "a, b = map(int, input().split())\nprint(a + b)"
CPP_SUM = "#include <iostream>\nint main() { long a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }"


class Table:
    def __init__(self):
        self.rows, self.failed = {}, []

    def check(self, client, what, holds, seen=None):
        passed, total = self.rows.get(client, (0, 0))
        self.rows[client] = (passed + bool(holds), total + 1)
        if not holds:
            self.failed.append(f"{client}: {what}: {str(seen)[:300]}")

    def print(self):
        print("| client | checks | passed |\n|---|---|---|")
        for client, (passed, total) in self.rows.items():
            print(f"| {client} | {total} | {passed} |")
        for line in self.failed:
            print("failed:", line)


class Watched(logging.Handler):
    """Keeps what a logger says."""

    def __init__(self, logger):
        super().__init__()
        self.lines = []
        logger.addHandler(self)

    def emit(self, record):
        self.lines.append(record.getMessage())

    def count(self, *words):
        return sum(all(word in line for word in words) for line in self.lines)


def from_wheel(wheels, package, member, name):
    """One module of a wheel, by the path that its import has."""
    wheel = next(os.path.join(wheels, w) for w in sorted(os.listdir(wheels)) if w.startswith(package))
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        path = next(p for p in archive.namelist() if p.endswith(member))
        archive.extract(path, folder)
        spec = importlib.util.spec_from_file_location(name, os.path.join(folder, path))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module


def sandbox_fusion_sdk(url, table):
    client = "sandbox-fusion 0.3.7"
    sandbox_fusion.set_endpoint(url)
    ask = sandbox_fusion.RunCodeRequest

    def run(**fields):
        return sandbox_fusion.run_code(ask(**fields), max_attempts=2, client_timeout=60)

    ran = run(code=SUM, language="python", stdin="3 4\n")
    table.check(client, "python", ran.status == "Success" and ran.run_result.stdout == "7\n", ran)
    ran = run(code=CPP_SUM, language="cpp", stdin="3 4\n", compile_timeout=20)
    table.check(client, "cpp", ran.status == "Success" and ran.run_result.stdout == "7\n" and ran.compile_result.return_code == 0, ran)
    ran = run(code="int main( {", language="cpp")
    table.check(client, "cpp that does not compile", ran.status == "Failed" and ran.run_result is None and ran.compile_result.return_code != 0, ran)
    ran = run(code="raise SystemExit(4)", language="python")
    table.check(client, "exit status", ran.status == "Failed" and ran.run_result.return_code == 4, ran)
    ran = run(code="while True: pass", language="python", run_timeout=1)
    table.check(client, "time", ran.run_result.status == "TimeLimitExceeded" and ran.run_result.return_code is None, ran)
    mapping = sandbox_fusion.SummaryMapping(RunTimeout="late") if hasattr(sandbox_fusion, "SummaryMapping") else None
    if mapping:
        table.check(client, "summary", sandbox_fusion.summary_run_code_result(ran, mapping) == "late", ran)
    for size in (50_000, 150_000, 1_000_000, 8_000_000):
        ran = run(code=f"print('x' * {size})", language="python")
        table.check(client, f"{size} bytes of output", ran.status == "Success" and len(ran.run_result.stdout) == size + 1, ran.status)
    try:
        run(code="puts 1", language="ruby")
        table.check(client, "a language that is not run", False)
    except Exception as error:
        table.check(client, "a language that is not run", "422" in str(error), error)
    tests = [{"input": {"stdin": "1 2"}, "output": {"stdout": "3"}}, {"input": {"stdin": "5 5"}, "output": {"stdout": "10"}}]
    for code, accepted in ((SUM, True), ("print(3)", False)):
        result = sandbox_fusion.submit(sandbox_fusion.SubmitRequest(
            dataset="any", id=1, completion=f"So:\n```python\n{code}\n```", config=sandbox_fusion.TestConfig(
                dataset_type="CommonOJDataset", language="python", provided_data={"id": 1, "content": "", "labels": {}, "test": tests})))
        table.check(client, f"submit {accepted}", result.accepted is accepted and len(result.tests) == 2 and result.extracted_code.strip() == code, result)
    results = sandbox_fusion.run_concurrent(
        sandbox_fusion.run_code, args=[[ask(code=f"print({k})", language="python")] for k in range(64)], concurrency=16)
    table.check(client, "64 at once", [r.run_result.stdout for r in results] == [f"{k}\n" for k in range(64)], results[:2])


def verl_client(url, wheels, table):
    client = "verl 0.9.1 sandbox_fusion/utils.py"
    verl = from_wheel(wheels, "verl", "sandbox_fusion/utils.py", "verl_sandbox_fusion")
    numbers = [(k, k * k) for k in range(40)]
    cases = {"inputs": [f"{a} {b}\n" for a, b in numbers], "outputs": [f"{a + b}\n" for a, b in numbers]}
    results, _ = verl.check_correctness(url + "/run_code", cases, SUM, timeout=5, concurrent_semaphore=threading.Semaphore(32))
    table.check(client, "40 right answers", results == [True] * 40, results)
    for code, expected in (("print(0)", False), ("1/0", -2), ("while True: pass", -3)):
        results, notes = verl.check_correctness(url + "/run_code", {"inputs": ["1 2\n"], "outputs": ["3\n"]}, code, timeout=1)
        table.check(client, code, results == [expected] and results[0] is not True, (results, notes))
    results, notes = verl.check_correctness(url + "/run_code", {"inputs": ["1 2\n"], "outputs": ["3\n"]}, "int main( {", timeout=5, language="cpp")
    table.check(client, "cpp that does not compile", results == [-4], (results, notes))
    functions = {"inputs": ["1\n2"], "outputs": ["3"], "fn_name": "add"}
    results, notes = verl.check_correctness(url + "/run_code", functions, "def add(a, b):\n    return a + b", timeout=5)
    table.check(client, "a function", results == [True], (results, notes))
    # More than the sandbox does before the server says 504 (after compile and run time and 5 s, 7 s here): verl comes back on that
    # status alone, three times in all. Whatever else it were told would be a right answer that counts as wrong.
    slow = "import time\nstart = time.process_time()\nwhile time.process_time() - start < 0.6: pass\nprint(input())"
    cases = {"inputs": [f"{k}\n" for k in range(96)], "outputs": [f"{k}\n" for k in range(96)]}
    said = Watched(verl.logger)
    results, _ = verl.check_correctness(url + "/run_code", cases, slow, timeout=1)
    lost = said.count("Sandbox API call failed", "(504)")
    refused = said.count("(504)") - lost
    table.check(client, "overload is 504 and nothing else", refused > 0 and results.count(True) == 96 - lost
                and results.count(-1) == lost, (results.count(True), refused, lost))
    print(f"verl, 32 at once on two slots: {refused} answers 504, {results.count(True)} of 96 right, {lost} given up after three")


def openrlhf_client(url, wheels, table):
    client = "openrlhf 0.11.2 utils/agent.py"
    for name in ("openrlhf", "openrlhf.utils", "openrlhf.utils.logging_utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["openrlhf.utils.logging_utils"].init_logger = lambda name: logging.getLogger(name)
    agent = from_wheel(wheels, "openrlhf", "openrlhf/utils/agent.py", "openrlhf.utils.agent")
    executor = agent.SingleTurnAgentExecutor(url + "/get_reward")
    task = json.dumps({"type": "code", "language": "python", "tests": [{"input": "1 2\n", "output": "3\n"}]})
    queries = ["2+2?\\boxed{4}", "2+2?\\boxed{5}", f"sum\n```python\n{SUM}\n```"]
    answers = asyncio.run(executor._fetch_rewards_via_http(queries, ["2+2?", "2+2?", "sum\n"], ["4", "4", task]))
    table.check(client, "rewards", [a["rewards"] for a in answers] == [[1.0, 0.0, 1.0]], answers)
    table.check(client, "scores and logs", answers[0]["scores"] == answers[0]["rewards"] == answers[0]["extra_logs"]["correct"], answers)


def slime_client(url, table):
    client = "slime remote_rm (its request, written out)"
    sample = {"prompt": "2+2?", "response": "\\boxed{4}", "label": "4"}
    answer = requests.post(url + "/rm", json=sample, timeout=60)
    table.check(client, "right", answer.status_code == 200 and answer.json() == 1.0, answer.text)
    answer = requests.post(url + "/rm", json={**sample, "response": "five"}, timeout=60)
    table.check(client, "wrong", answer.json() == 0.0, answer.text)


def main():
    url, wheels = sys.argv[1:]
    table = Table()
    for part in (lambda: sandbox_fusion_sdk(url, table), lambda: verl_client(url, wheels, table),
                 lambda: openrlhf_client(url, wheels, table), lambda: slime_client(url, table), lambda: openai_client(url, table),
                 lambda: tinker_sdk(url, table), lambda: llama_generator(url, table)):
        try:
            part()
        except Exception as error:  # A client that gives up is a finding, not the end of the table.
            table.failed.append(f"{type(error).__name__}: {error}")
    table.print()
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    main()
