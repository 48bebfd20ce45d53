#!/usr/bin/env python3
"""Makes Tests/Vectors/chat: conversations as Qwen3's chat template renders them, and their ids.

Not part of the build; run by hand after make_tokenizer_vectors.py:

    python3 -m venv VENV && VENV/bin/pip install -r scripts/golden/requirements.txt
    VENV/bin/pip install --no-deps trl    # for its copy of the template; it is not imported
    VENV/bin/python scripts/golden/make_chat_vectors.py
"""

import importlib.util
import json
import pathlib
import sys

import transformers
from transformers import PreTrainedTokenizerFast

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Vectors"
S, U, A = "system", "user", "assistant"

# Role, content and, where a third is given, the reasoning of the message.
CONVERSATIONS = [
    [(U, "1+1?")],
    [(S, "Be brief."), (U, "1+1?")],
    [(S, ""), (U, "")],
    [(S, "Be brief.")],
    [(U, "a"), (S, "late system"), (U, "b")],
    [(S, "one"), (S, "two"), (U, "b")],
    [(U, "1+1?"), (A, "2"), (U, "sure?")],
    [(U, "1+1?"), (A, "<think>\none and one\n</think>\n\n2"), (U, "sure?")],
    [(U, "1+1?"), (A, "<think>\none and one\n</think>\n\n2"), (U, "sure?"), (A, "<think>\nhm\n</think>\n\nyes"), (U, "ok")],
    [(U, "1+1?"), (A, "<think>\none and one\n</think>\n\n2")],
    [(U, "1+1?"), (A, "2")],
    [(U, "1+1?"), (A, "")],
    [(U, "1+1?"), (A, "<think>\n\n</think>\n\n2")],
    [(U, "1+1?"), (A, "\n\n<think>\n\n\n a \n\n b\n\n\n</think>\n\n\n\n2\n\n")],
    [(U, "1+1?"), (A, "no opening\n</think>\n2")],
    [(U, "1+1?"), (A, "<think>no close")],
    [(U, "1+1?"), (A, "<think>a</think>b</think>\nc<think>d</think>e"), (U, "x")],
    [(U, "1+1?"), (A, "x<think>a<think>b\n</think>c</think>\n\nd")],
    [(U, "q"), (A, "<think>\na\n</think>\n\nb"), (A, "second"), (A, "<think>c</think>third")],
    [(U, "q"), (A, "first"), (A, "<think>\n</think>second"), (A, "third")],
    [(U, "q"), (A, "2", "one and one")],
    [(U, "q"), (A, "2", "\n\none and one\n\n"), (U, "sure?")],
    [(U, "q"), (A, "\n2", "")],
    [(U, "q"), (A, "a</think>2", "reasoned"), (A, "b</think>c", "")],
    [(A, "I begin."), (U, "do"), (A, "<think>x</think>\n\ny")],
    [(A, "I begin."), (A, "<think>x</think>\n\nalone")],
    [(A, "<think>x</think>\n\nalone")],
    [(S, "s"), (A, "<think>x</think>\n\nno user"), (A, "more")],
    [(U, "q"), (A, "<think>t</think>call"), (U, "<tool_response>\n4\n</tool_response>"), (A, "<think>u</think>four")],
    [(U, "<tool_response>\n4\n</tool_response>"), (A, "<think>u</think>four"), (U, " <tool_response></tool_response>")],
    [(U, "<tool_response>"), (A, "<think>u</think>four"), (U, "<tool_response></tool_response>"), (A, "five")],
    [(U, "line\r\nbreaks\n\n"), (A, "\n"), (U, "\n")],
    [(U, "<think>mine</think> is not yours"), (A, "e\u0301 한국어 \u1112\u1161\u11ab <tool_call>{}</tool_call>")],
]


def main():
    package = importlib.util.find_spec("trl")
    if package is None:
        print("left as they are: pip install --no-deps trl first, the chat template is taken from there")
        return
    template = pathlib.Path(package.origin).parent / "chat_templates" / "qwen3.jinja"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(VECTORS / "tokenizer" / "qwen3" / "tokenizer.json"))
    tokenizer.chat_template = template.read_text()
    rows = []
    for conversation in CONVERSATIONS:
        messages = [dict(zip(["role", "content", "reasoning_content"], message)) for message in conversation]
        for thinking in [True, False]:
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=thinking)
            ids = tokenizer(text, add_special_tokens=False).input_ids
            rows.append({"messages": messages, "thinking": thinking, "text": text, "ids": ids})
    directory = VECTORS / "chat"
    directory.mkdir(exist_ok=True)
    (directory / "conversations.json").write_text(
        "[" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "]\n")
    print("python", sys.version.split()[0], "transformers", transformers.__version__)


if __name__ == "__main__":
    main()
