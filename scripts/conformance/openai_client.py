"""The unmodified `openai` client: models, completions, chat, streams, errors, graders."""
import time

import openai


def openai_client(url, table):
    api = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)

    def check(what, holds, seen=None):
        table.check(f"openai {openai.__version__}", what, holds, seen)

    models = list(api.models.list())
    name, version = models[0].id, models[0].policy_version
    check("models", models, models)
    answers(api, name, version, check)
    streams(api, name, check)
    chats(api, name, check)
    errors(api, name, check)
    graders(api, check)


def answers(api, name, version, check):
    ask = {"model": name, "prompt": "1+1=", "max_tokens": 4, "n": 3, "seed": 1, "logprobs": 2, "temperature": 1}
    done = api.completions.create(**ask)
    check("completions, n, logprobs", len(done.choices) == 3 and len(done.choices[0].logprobs.token_logprobs) > 0, done)
    check("top_logprobs", all(len(top) >= 2 for top in done.choices[0].logprobs.top_logprobs), done)
    check("what the log-probs are of", done.logprobs_mode == "processed_logprobs" and done.policy_version == version, done)
    again = api.completions.create(**ask)
    check("the same seed", [c.text for c in done.choices] == [c.text for c in again.choices], again)
    ids = api.completions.create(model=name, prompt="1+1=", max_tokens=4, extra_body={"return_token_ids": True, "return_tokens_as_token_ids": True}, logprobs=0)
    choice = ids.choices[0]
    check("token ids", choice.token_ids and choice.prompt_token_ids, ids)
    check("tokens named by id", choice.logprobs.tokens == [f"token_id:{i}" for i in choice.token_ids], ids)
    echo = api.completions.create(model=name, prompt=choice.prompt_token_ids + choice.token_ids, max_tokens=0, echo=True, logprobs=0)
    prompt = echo.choices[0].logprobs
    check("echo without new tokens", prompt.token_logprobs[0] is None and len(prompt.tokens) == len(choice.prompt_token_ids + choice.token_ids), echo)
    near = [abs(a - b) < 1e-4 for a, b in zip(prompt.token_logprobs[len(choice.prompt_token_ids):], choice.logprobs.token_logprobs)]
    check("echoed log-probs are the sampled ones", all(near), (prompt, choice.logprobs))
    pinned = api.completions.create(model=f"policy@{version}", prompt="1", max_tokens=1)
    check("a pinned version", pinned.policy_version == version, pinned)


def streams(api, name, check):
    ask = {"model": name, "prompt": "1+1=", "max_tokens": 64, "n": 2, "seed": 3, "logprobs": 1}
    whole = api.completions.create(**ask)
    chunks = list(api.completions.create(**ask, stream=True, stream_options={"include_usage": True}, extra_body={"return_token_ids": True}))
    texts, ids, logprobs, offsets, reasons = ([["", ""], [[], []], [[], []], [[], []], [None, None]])
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            ids[choice.index] += choice.token_ids
            logprobs[choice.index] += choice.logprobs.token_logprobs
            offsets[choice.index] += choice.logprobs.text_offset
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    check("stream: texts, n = 2", texts == [c.text for c in whole.choices], (texts, whole))
    check("stream: token ids", ids == [c.token_ids for c in whole.choices], ids)
    check("stream: log-probs", logprobs == [c.logprobs.token_logprobs for c in whole.choices], logprobs)
    check("stream: offsets", offsets == [c.logprobs.text_offset for c in whole.choices], offsets)
    check("stream: finish reasons", reasons == [c.finish_reason for c in whole.choices], reasons)
    check("stream: usage at the end", chunks[-1].usage == whole.usage and not chunks[-1].choices and all(c.usage is None for c in chunks[:-1]), chunks[-1])
    start = time.monotonic()
    with api.completions.create(model=name, prompt="1", max_tokens=64, n=32, stream=True) as stream:
        next(iter(stream))
    check("stream: left early", time.monotonic() - start < 30)
    echo = list(api.completions.create(model=name, prompt="1+1=", max_tokens=0, echo=True, stream=True))
    check("stream: echo alone", "".join(c.choices[0].text for c in echo) == "1+1=" and echo[-1].choices[0].finish_reason == "length", echo)


def chats(api, name, check):
    ask = {"model": name, "messages": [{"role": "user", "content": "2+2?"}], "max_completion_tokens": 32, "seed": 5, "logprobs": True, "top_logprobs": 3}
    whole = api.chat.completions.create(**ask)
    content = whole.choices[0].logprobs.content
    check("chat: top_logprobs", content and all(len(token.top_logprobs) == 3 for token in content), whole)
    chunks = list(api.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    check("chat stream: text", text == whole.choices[0].message.content, (text, whole))
    check("chat stream: role first", chunks[0].choices[0].delta.role == "assistant", chunks[0])
    told = [token for c in chunks if c.choices and c.choices[0].logprobs for token in c.choices[0].logprobs.content]
    check("chat stream: log-probs", told == content, told)
    check("chat stream: reason and usage", chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason and chunks[-1].usage == whole.usage, chunks[-2:])


def errors(api, name, check):
    def refused(what, kind, call):
        try:
            check(what, False, call())
        except kind as error:
            check(what, error.body and error.body.get("message"), error)

    refused("an unknown model", openai.NotFoundError, lambda: api.completions.create(model="no-such-model", prompt="1"))
    refused("a version that is not kept", openai.NotFoundError, lambda: api.completions.create(model="policy@4000", prompt="1"))
    refused("one in a stream", openai.NotFoundError, lambda: api.completions.create(model="policy@4000", prompt="1", stream=True))
    refused("a bad request", openai.BadRequestError, lambda: api.completions.create(model=name, prompt="1", temperature=9))
    refused("too many tokens", openai.BadRequestError, lambda: api.completions.create(model=name, prompt="1", max_tokens=60000))
    refused("a penalty that is not applied", openai.BadRequestError, lambda: api.completions.create(model=name, prompt="1", presence_penalty=1))


def graders(api, check):
    alpha = api.fine_tuning.alpha.graders
    same = {"type": "string_check", "name": "same", "operation": "eq", "input": "{{sample.output_text}}", "reference": "{{ item.answer }}"}
    near = {"type": "text_similarity", "name": "near", "evaluation_metric": "rouge_l", "input": "{{sample.output_text}}", "reference": "{{item.answer}}"}
    program = {"type": "python", "name": "program", "source": "def grade(sample, item):\n    return len(sample['output_text']) / item['n']"}
    multi = {"type": "multi", "name": "both", "graders": {"a": same, "b": program}, "calculate_output": "0.5 * a + 0.5 * min(b, 1)"}

    def run(grader, sample, **item):
        return alpha.run(grader=grader, model_sample=sample, item=item)

    check("grader: string_check", run(same, "x", answer="x").reward == 1.0 and run(same, "y", answer="x").reward == 0.0)
    check("grader: text_similarity", abs(run(near, "the cat sat", answer="the cat").reward - 0.8) < 1e-9)
    ran = run(program, "abcd", n=8)
    check("grader: python", ran.reward == 0.5 and ran.metadata.type == "python" and not ran.metadata.errors.python_grader_runtime_error, ran)
    failed = run(program, "abcd", n=0)
    check("grader: python that raises", failed.metadata.errors.python_grader_runtime_error and "ZeroDivisionError" in failed.metadata.errors.python_grader_runtime_error_details, failed)
    both = run(multi, "abcd", n=4, answer="abcd")
    check("grader: multi", both.reward == 1.0 and both.sub_rewards == {"a": 1.0, "b": 1.0}, both)
    check("grader: a place without its value", run(same, "x").metadata.errors.invalid_variable_error)
    valid = alpha.validate(grader=multi)
    check("grader: validate", valid.grader.type == "multi" and valid.grader.calculate_output == multi["calculate_output"], valid)
    try:
        check("grader: validate names the field", False, alpha.validate(grader={**same, "operation": "is"}))
    except openai.BadRequestError as error:
        check("grader: validate names the field", error.param == "grader.operation", error)
    try:
        check("grader: a model is not asked", False, alpha.validate(grader={"type": "score_model", "name": "m", "model": "o3", "input": []}))
    except openai.APIStatusError as error:
        check("grader: a model is not asked", error.status_code == 501, error)
