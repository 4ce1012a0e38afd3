"""`llminv usage import`: what is read from logs of each provider, what is skipped, and what is written."""

import json

import pytest

from llminv.declaration.usage import read_usage, usage_files

HI = [{"role": "user", "content": "hi"}]
OPENAI = {
    "request": {"model": "gpt-4o", "messages": HI},
    "response": {
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 8,
            "completion_tokens": 66,
            "completion_tokens_details": {"reasoning_tokens": 64},
        },
    },
}
ANTHROPIC = {
    "request": {"model": "claude-opus-4-8", "max_tokens": 9, "system": "Be brief.", "messages": HI},
    "response": {
        "type": "message",
        "model": "claude-opus-4-8",
        "content": [{"type": "text", "text": "Hello!"}],
        "usage": {
            "input_tokens": 3,
            "cache_read_input_tokens": 10,
            "cache_creation_input_tokens": 2,
            "output_tokens": 6,
        },
    },
}
GEMINI = {
    "request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    "response": {
        "candidates": [{"content": {"parts": [{"text": "so", "thought": True}, {"text": "Hello!"}]}}],
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3, "thoughtsTokenCount": 50},
        "modelVersion": "gemini-2.5-flash",
    },
}


def with_response(record, **fields):
    return {**record, "response": {**record["response"], **fields}}


def imported(project):
    return [
        line.model_dump(exclude_defaults=True) for line in read_usage(usage_files([project / "invariants"]))
    ]


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            OPENAI,
            {"provider": "openai", "model": "gpt-4o-2024-08-06", "billed_input": 8, "billed_output": 2},
        ),
        (
            with_response(OPENAI, model="deepseek-chat"),
            {"provider": "deepseek", "model": "deepseek-chat", "billed_input": 8, "billed_output": 2},
        ),
        (
            ANTHROPIC,
            {
                "provider": "anthropic",
                "model": "claude-opus-4-8",
                "messages": ({"role": "system", "content": "Be brief."}, *HI),
                "billed_input": 15,
                "billed_output": 6,
            },
        ),
        (GEMINI, {"provider": "gemini", "model": "gemini-2.5-flash", "billed_input": 2, "billed_output": 3}),
        (
            {**GEMINI, "provider": "google", "model": "gemini-x"},
            {"provider": "google", "model": "gemini-x", "billed_input": 2, "billed_output": 3},
        ),
    ],
)
def test_what_each_provider_billed(project, cli, record, line):
    (project / "log.jsonl").write_text(json.dumps(record))
    answer = cli("usage", "import", "log.jsonl")
    file = f"invariants/usage/{line['provider']}.jsonl"
    assert (answer.status, answer.out, answer.err) == (0, f"{file}: 1 call added, 0 there before\n", "")
    assert imported(project) == [{"messages": (*HI,), "output": "Hello!", "source": "log.jsonl", **line}]


@pytest.mark.parametrize(
    ("record", "output"),
    [
        (with_response(OPENAI, choices=[{"message": {"content": None, "tool_calls": [{}]}}]), None),
        (with_response(ANTHROPIC, content=[{"type": "text", "text": "a"}, {"type": "tool_use"}]), None),
        (with_response(GEMINI, candidates=[{"content": {"parts": [{"functionCall": {}}]}}]), None),
    ],
)
def test_of_an_answer_with_more_than_text_only_the_prompt_is_kept(project, cli, record, output):
    (project / "log.json").write_text(json.dumps([record]))
    assert cli("usage", "import", "log.json").status == 0
    [line] = imported(project)
    assert (line.get("output"), line.get("billed_output")) == (output, None)


def test_a_call_is_written_once_and_what_stands_there_is_kept(project, cli):
    folder = project / "invariants/usage"
    folder.mkdir()
    old = '{"provider": "openai", "model": "m", "text": "a", "billed_input": 1, "source": "s"}'
    (folder / "openai.jsonl").write_text(old)
    (project / "log.jsonl").write_text(f"{json.dumps(OPENAI)}\n\n{json.dumps(OPENAI)}\n")
    assert cli("usage", "import", "log.jsonl").out.endswith("openai.jsonl: 1 call added, 1 there before\n")
    assert cli("usage", "import", "log.jsonl").out.endswith("openai.jsonl: 0 calls added, 2 there before\n")
    lines = (folder / "openai.jsonl").read_text().splitlines()
    assert (lines[0], len(lines)) == (old, 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", 'expected {"request": {...}, "response": {...}}'),
        ("[3]", 'expected {"request": {...}, "response": {...}}'),
        ("{}", 'expected {"request": {...}, "response": {...}}'),
        (
            json.dumps({"request": {"a": 1}, "response": {"error": {}}}),
            "the response is no whole answer of OpenAI, DeepSeek, Anthropic or Gemini",
        ),
        (json.dumps(with_response(OPENAI, usage={}, choices=[])), "nothing that was billed"),
        (json.dumps({**OPENAI, "provider": "../x"}), "provider: String should match pattern"),
        (json.dumps({**OPENAI, "request": {"messages": []}}), "messages: "),
        (
            json.dumps(
                {**OPENAI, "request": {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}}
            ),
            "the prompt holds more than text",
        ),
    ],
)
def test_what_cannot_be_used_is_said(project, cli, text, reason):
    (project / "log.jsonl").write_text(text)
    answer = cli("usage", "import", "log.jsonl")
    assert answer.status == 2
    first, *rest = answer.err.splitlines()
    assert first.startswith("log.jsonl:1: skipped: ")
    assert reason in first
    assert rest[0] == "error: no call could be imported"


def test_a_log_that_is_not_there(project, cli):
    answer = cli("usage", "import", "gone.jsonl")
    assert (answer.status, answer.err) == (2, "error: gone.jsonl: no such file\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no json", "Invalid JSON"),
        ('{"provider": "p"}', "model: Field required"),
        ('{"provider": "p", "model": "m", "text": "a", "messages": [], "source": "s"}', "write one of them"),
        ('{"provider": "p", "model": "m", "text": "a", "source": "s"}', "nothing that was billed"),
        (
            '{"provider": "p", "model": "m", "text": "a", "billed_input": -1, "source": "s"}',
            "billed_input: Input should be greater than or equal to 0",
        ),
        (
            '{"provider": "p", "model": "m", "text": "a", "billed_input": 1.5, "source": "s"}',
            "billed_input: Input should be a valid integer",
        ),
        ('{"provider": "p", "model": "m", "text": "a", "bill": 1, "source": "s"}', "bill: Extra inputs"),
    ],
)
def test_a_wrong_line_is_told_with_its_place(project, cli, line, message):
    declared = project / "invariants"
    (declared / "usage").mkdir()
    (declared / "usage/p.jsonl").write_text(f"\n{line}\n")
    (declared / "tokens.yaml").write_text(
        "domain: Tokens\n"
        "invariants:\n"
        "  - {id: near, title: Near, kind: token_accuracy, statement: Near., critical: bills,\n"
        "     oracles: {openai: recorded}}\n"
    )
    answer = cli("check")
    assert answer.status == 2
    assert answer.err.startswith("error: invariants/usage/p.jsonl:2:1: ")
    assert message in answer.err


def test_usage_that_no_invariant_asks_for_is_not_read(project, cli):
    (project / "invariants/usage").mkdir()
    (project / "invariants/usage/p.jsonl").write_text("no json")
    assert cli("check").status == 0
