"""The bytes themselves: framing, the order of events, what each carries, and that they never change."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llminv.simulation.dialects
from llminv.contract import ToolCall, Usage
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Answer, Dialect
from llminv.simulation.dialects.stream import Event, Form, Part, framed, whole, words

ANSWER = Answer("Hi you", "m-1", usage=Usage(9, 5))
NOTHING, CONTENT, FINISH = Part.NOTHING, Part.CONTENT, Part.FINISH


@pytest.mark.parametrize(
    ("event", "newline", "sent"),
    [
        (Event("{}"), "\n", b"data: {}\n\n"),
        (Event("{}", "ping"), "\n", b"event: ping\ndata: {}\n\n"),
        (Event("{}"), "\r\n", b"data: {}\r\n\r\n"),
        (Event("a\nb"), "\n", b"data: a\ndata: b\n\n"),
        (Event("keep-alive", form=Form.COMMENT), "\n", b": keep-alive\n\n"),
        (Event("{\n}\n", form=Form.BARE), "\r\n", b"{\n}\n"),
        (Event("é"), "\n", "data: é\n\n".encode()),
    ],
)
def test_framing(event: Event, newline: str, sent: bytes) -> None:
    assert framed(event, newline) == sent


@given(st.text())
def test_cut_texts_are_whole_when_joined(text: str) -> None:
    assert "".join(words(text)) == "".join(whole(text)) == text
    assert all(words(text))


def test_what_the_events_carry() -> None:
    said = {
        name: [event.carries for event in dialect.stream(ANSWER).events] for name, dialect in DIALECTS.items()
    }
    usage, end = Part.USAGE, Part.END
    assert said == {
        "openai-chat": [NOTHING, CONTENT, CONTENT, FINISH, usage, end],
        "anthropic-messages": [
            usage,
            NOTHING,
            NOTHING,
            CONTENT,
            CONTENT,
            NOTHING,
            FINISH | usage,
            end,
        ],
        "deepseek": [NOTHING, CONTENT, CONTENT, FINISH | usage, end],
        "gemini": [CONTENT | usage, CONTENT | usage | FINISH | end],
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
@pytest.mark.parametrize("text", ["", "one", "Hi you there"])
@pytest.mark.parametrize("calls", [(), (ToolCall("c", "f", '{"a": 1}'),)], ids=["no call", "call"])
@pytest.mark.parametrize("usage", [None, Usage(9, 5)], ids=["no usage", "usage"])
def test_every_stream_finishes_once_and_ends_last(dialect: Dialect, text: str, calls, usage) -> None:
    answer = Answer(text, "m", tool_calls=calls, usage=usage, reasoning="Hm.")
    carries = [event.carries for event in dialect.stream(answer).events]
    assert [index for index, part in enumerate(carries) if Part.END in part] == [len(carries) - 1]
    assert sum(FINISH in part for part in carries) == 1
    assert any(CONTENT in part for part in carries) is bool(text or calls)
    assert any(Part.USAGE in part for part in carries) is (usage is not None)


def test_the_whole_stream_of_each() -> None:
    said = {name: dialect.stream(ANSWER) for name, dialect in DIALECTS.items()}
    chunk = b'"object":"chat.completion.chunk","created":1790000000,"model":"m-1",'
    openai = b'data: {"id":"chatcmpl-sim1",' + chunk
    openai += b'"service_tier":"default","system_fingerprint":"fp_sim","choices":['
    deepseek = b'data: {"id":"d0a1-sim",' + chunk + b'"system_fingerprint":"fp_sim_prod0820","choices":['
    assert said["openai-chat"].encode() == b"".join(
        (
            openai + b'{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,'
            b'"finish_reason":null}],"usage":null}\n\n',
            openai + b'{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}],'
            b'"usage":null}\n\n',
            openai + b'{"index":0,"delta":{"content":" you"},"logprobs":null,"finish_reason":null}],'
            b'"usage":null}\n\n',
            openai + b'{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}\n\n',
            openai + b'],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,'
            b'"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":'
            b'{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,'
            b'"rejected_prediction_tokens":0}}}\n\n',
            b"data: [DONE]\n\n",
        )
    )
    assert said["deepseek"].encode() == b"".join(
        (
            deepseek + b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,'
            b'"finish_reason":null}]}\n\n',
            deepseek + b'{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}]}\n\n',
            deepseek + b'{"index":0,"delta":{"content":" you"},"logprobs":null,"finish_reason":null}]}\n\n',
            deepseek + b'{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":'
            b'{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0},'
            b'"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":9}}\n\n',
            b"data: [DONE]\n\n",
        )
    )
    counted = b'"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":'
    assert said["anthropic-messages"].encode() == b"".join(
        (
            b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_01Sim",'
            b'"type":"message","role":"assistant","model":"m-1","content":[],"stop_reason":null,'
            b'"stop_sequence":null,"usage":{' + counted + b'1,"cache_creation":'
            b'{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"service_tier":"standard"}}}\n\n',
            (
                b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
                b'{"type":"text","text":""}}\n\n'
            ),
            b'event: ping\ndata: {"type":"ping"}\n\n',
            (
                b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
                b'{"type":"text_delta","text":"Hi"}}\n\n'
            ),
            (
                b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
                b'{"type":"text_delta","text":" you"}}\n\n'
            ),
            b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
            b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
            b'"stop_sequence":null},"usage":{' + counted + b"5}}\n\n",
            b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
        )
    )
    prompt = b'"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]'
    after = b'"modelVersion":"m-1","responseId":"sim-resp"}\r\n\r\n'
    assert said["gemini"].encode() == b"".join(
        (
            b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}],'
            b'"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9,' + prompt + b"}," + after,
            b'data: {"candidates":[{"content":{"parts":[{"text":" you"}],"role":"model"},"index":0,'
            b'"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":14,'
            + prompt
            + b',"candidatesTokenCount":5},'
            + after,
        )
    )


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_the_same_answer_is_the_same_bytes(dialect: Dialect) -> None:
    assert dialect.answer(ANSWER).encode() == type(dialect)().answer(ANSWER).encode()
    assert dialect.stream(ANSWER) == type(dialect)().stream(ANSWER)


def test_the_facts_of_the_providers() -> None:
    assert {name: (d.hosts, d.base_url_variables, d.key_variables) for name, d in DIALECTS.items()} == {
        "openai-chat": (("api.openai.com",), ("OPENAI_BASE_URL", "OPENAI_API_BASE"), ("OPENAI_API_KEY",)),
        "anthropic-messages": (("api.anthropic.com",), ("ANTHROPIC_BASE_URL",), ("ANTHROPIC_API_KEY",)),
        "deepseek": (
            ("api.deepseek.com",),
            ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"),
            ("DEEPSEEK_API_KEY",),
        ),
        "gemini": (
            ("generativelanguage.googleapis.com",),
            ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE"),
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ),
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_finish_reasons_go_both_ways(dialect: Dialect) -> None:
    assert set(dialect.finish_says) == {"stop", "length", "tool_calls", "content_filter"}
    for neutral, word in dialect.finish_says.items():
        expected = "stop" if (dialect.name, neutral) == ("gemini", "tool_calls") else neutral
        assert dialect.finish_means[word] == expected
    assert set(dialect.finish_means.values()) <= set(dialect.finish_says)
    assert dialect.finish("pause_turn") == "pause_turn"


def test_dialects_import_nothing_but_the_contract_and_http() -> None:
    allowed = ("llminv.contract", "llminv.simulation.http", "llminv.simulation.dialects")
    for path in Path(llminv.simulation.dialects.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert module.startswith(allowed) or module.partition(".")[0] in sys.stdlib_module_names, path


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_growing_usage_never_shrinks_and_ends_at_the_total(dialect: Dialect) -> None:
    answer = Answer("one two three four", "m", usage=Usage(9, 8))
    plain = dialect.stream(answer).events
    grown = dialect.with_growing_usage(plain, answer)
    assert [event.carries & CONTENT for event in grown] == [event.carries & CONTENT for event in plain]
    output = [said for event in grown if (said := _output(event)) is not None]
    assert output == sorted(output)
    assert output[-1] == 8
    assert dialect.with_growing_usage(plain, Answer("one", "m", usage=None)) == list(plain)


def _output(event: Event) -> int | None:
    """Return the output tokens that an event reports, as its format spells them."""
    body = json.loads(event.data) if event.data.startswith("{") else {}
    usage = body.get("usage") or body.get("message", {}).get("usage") or body.get("usageMetadata") or {}
    names = ("completion_tokens", "output_tokens", "candidatesTokenCount")
    return next((usage[name] for name in names if name in usage), None)
