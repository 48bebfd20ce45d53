#!/usr/bin/env python3
"""Makes Tests/Vectors/datasets/livecodebench-prompts.jsonl: rows of our own, and the messages that LiveCodeBench's runner asks a
chat model with (`get_generic_question_template_answer`, as packaged in nvidia-livecodebench 26.3).

Not part of the build; run by hand:

    python3 -m venv VENV && VENV/bin/pip install --no-deps nvidia-livecodebench==26.3
    VENV/bin/python scripts/golden/make_livecodebench_prompts.py
"""

import importlib.util
import json
import pathlib
import sys
import types

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "datasets" / "livecodebench-prompts.jsonl"

# The package's own __init__ imports servers' clients that prompts have no use for.
package = pathlib.Path(importlib.util.find_spec("livecodebench").submodule_search_locations[0])
for name in ("livecodebench.lm_styles", "livecodebench.benchmarks", "livecodebench.benchmarks.code_generation"):
    module = types.ModuleType(name)
    module.LMStyle = module.CodeGenerationProblem = object
    module.__path__ = []
    sys.modules[name] = module
spec = importlib.util.spec_from_file_location("prompts", package / "prompts" / "code_generation.py")
prompts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(prompts)

QUESTIONS = [
    ("Double the number.\n\nInput\n\nOne line.", ""),
    ("  Spaces before, and lines after.\n\n", ""),
    ("Sum a list.", "class Solution:\n    def total(self, values: List[int]) -> int:\n        "),
    ("Quotes \" and \\ and {braces} and é 😀.", "def f(x):\n    pass\n"),
]

with open(OUT, "w", encoding="utf-8") as out:
    for number, (question, starter) in enumerate(QUESTIONS):
        row = {
            "question_title": "t", "question_content": question, "platform": "ours", "question_id": f"q{number}",
            "contest_id": "c", "contest_date": f"2024-0{7 + number % 2}-31T00:00:00", "starter_code": starter, "difficulty": "easy",
            "public_test_cases": json.dumps([{"input": "1", "output": "2", "testtype": "functional" if starter else "stdin"}]),
            "private_test_cases": "[]", "metadata": json.dumps({"func_name": "f"} if starter else {}),
        }
        problem = types.SimpleNamespace(**row)
        messages = [
            {"role": "system", "content": prompts.PromptConstants.SYSTEM_MESSAGE_GENERIC},
            {"role": "user", "content": prompts.get_generic_question_template_answer(problem)},
        ]
        out.write(json.dumps({"row": row, "messages": messages}, ensure_ascii=False) + "\n")
