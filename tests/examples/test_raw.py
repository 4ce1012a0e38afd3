"""examples/raw: its reader of events against the standard, its readers of answers, and the whole of it in play."""

import asyncio
import contextlib
import json
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llminv.audit.worker import Worker
from llminv.contract import Chunk, Request, ToolCall, Usage
from llminv.history import ChunkReceived, ConnectFailed, Raised, Replied
from llminv.runner import Runner
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script, default_text
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Answer
from llminv.simulation.dialects.stream import Part
from llminv.simulation.faults import FAULTS, Effect, Where
from llminv.simulation.framing import reframed

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from raw.anthropic_messages import AnthropicMessagesReader
from raw.chat_completions import ChatCompletionsReader
from raw.errors import ProviderError, UnsupportedRequestError
from raw.faults import status_fault
from raw.gemini import GeminiReader
from raw.handler import Handler
from raw.policy import FaultClass, pause_s
from raw.sse import Event, SSEReader

EXAMPLES = Path(__file__).parents[2] / "examples"
HANDLER = str(EXAMPLES / "raw/handler.py:Handler")
PROVIDERS = {
    "openai": ("openai-chat", "https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini"),
    "anthropic": ("anthropic-messages", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "claude-opus-4-8"),
    "deepseek": ("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek-chat"),
    "gemini": ("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", "gemini-2.5-flash"),
}
CHAIN = tuple(PROVIDERS)
READERS = {
    "openai-chat": ChatCompletionsReader,
    "anthropic-messages": AnthropicMessagesReader,
    "deepseek": ChatCompletionsReader,
    "gemini": GeminiReader,
}
HELLO = Request([{"role": "user", "content": "Hello"}])
HOSTILE = "日本 héllo \u2028 \u2029 \x85 👩‍👩‍👧 e\u0301 नमस्ते مرحبا \x00 data: [DONE]\r\n\r\ndata: {}\n: end"


# The reader of events


def events_of(*pieces):
    reader = SSEReader()
    return [event for piece in pieces for event in reader.feed(piece)]


def cut(data, places):
    edges = [0, *sorted(place for place in places if place < len(data)), len(data)]
    return [data[left:right] for left, right in pairwise(edges)]


# https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, its own examples.
@pytest.mark.parametrize(
    ("stream", "data"),
    [
        ("data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
        (
            ": test stream\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
            ["first", "second", " third"],
        ),
        ("data\n\ndata\ndata\n\ndata:", ["", "\n"]),
        ("data:test\n\ndata: test\n\n", ["test", "test"]),
    ],
)
def test_the_examples_of_the_standard(stream, data):
    assert events_of(stream.encode()) == [Event("message", text) for text in data]


# What a line of data may hold: anything but an end of line.
LINES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=8)
EVENTS = st.lists(
    st.builds(
        Event, st.sampled_from(["message", "ping", "error"]), st.lists(LINES, min_size=1).map("\n".join)
    ),
    max_size=4,
)
PLACES = st.sets(st.integers(0, 200), max_size=20)


@given(
    events=EVENTS,
    places=PLACES,
    newlines=st.lists(st.sampled_from(["\n", "\r", "\r\n"]), min_size=1, max_size=3),
    extras=st.lists(st.sampled_from([": comment", ":", "id: 7", "id", "retry: 10", "vendor: x"]), max_size=3),
    space=st.sampled_from(["", " "]),
    bom=st.booleans(),
)
@example(
    events=[Event("message", "a\u2028\x85")],
    places=set(range(60)),
    newlines=["\r\n"],
    extras=[],
    space="",
    bom=True,
)
def test_however_events_are_framed_and_cut_they_are_the_same(events, places, newlines, extras, space, bom):
    lines = []
    for event in events:
        lines += [*extras, f"event:{space}{event.name}"]
        # without the space that may be left out, one at the start would be taken for it
        lines += [f"data:{space or ' ' * line.startswith(' ')}{line}" for line in event.data.split("\n")]
        lines.append("")
    # one CR followed by one LF would be a single end of line
    newlines = ["\n"] if {"\r", "\n"} <= set(newlines) else newlines
    text = "".join(line + newlines[number % len(newlines)] for number, line in enumerate(lines))
    stream = b"\xef\xbb\xbf" * bom + text.encode()
    assert events_of(*cut(stream, places)) == events


@given(stream=st.binary(max_size=200), places=PLACES)
@example(b"\r\n\r\ndata: a\r\r\n\n", set(range(20)))
@example(b"\xef\xbb", {1})
def test_any_bytes_give_the_same_events_however_they_are_cut(stream, places):
    whole, pieces = SSEReader(), SSEReader()
    expected = whole.feed(stream)
    assert [event for piece in cut(stream, places) for event in pieces.feed(piece)] == expected
    assert pieces.unframed == whole.unframed


def test_what_stands_in_no_frame_is_kept():
    reader = SSEReader()
    reader.feed(b"data: x\r\n\r\n{\r\n")
    reader.feed(b'  "error": {}\r\n}')
    assert json.loads(reader.unframed) == {"error": {}}


# The readers of answers


def read(dialect, *pieces):
    """Return the text, the calls, and the last chunk, of what is whole."""
    reader = READERS[dialect]("somebody")
    chunks = [chunk for piece in pieces for chunk in reader.feed(piece)]
    chunks += reader.end()
    calls = [chunk.tool_call for chunk in chunks if chunk.tool_call]
    return "".join(chunk.text for chunk in chunks), calls, chunks[-1]


CALLS = (ToolCall("c1", "weather", '{"city":"日\\"本\u2028"}'), ToolCall("c2", "now", "{}"))
# One that says all that all formats can say.
FULL = Answer(HOSTILE, "a-model", "tool_calls", CALLS, Usage(9, 5, 3, None, 2), "hm")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_whole_answer_is_read_whole(dialect):
    text, calls, last = read(dialect, DIALECTS[dialect].stream(FULL).encode())
    assert text == HOSTILE
    assert calls == [ToolCall(call.id, call.name, call.arguments, index) for index, call in enumerate(CALLS)]
    written = 0 if dialect == "anthropic-messages" else None  # the one format that reports it
    usage = Usage(9, 5, 3, written, 2)
    assert last == Chunk(finish_reason="tool_calls", usage=usage, provider="somebody", model="a-model")


@settings(max_examples=40, deadline=None)
@given(
    dialect=st.sampled_from(list(DIALECTS)),
    split=st.sampled_from([list, lambda text: [text] if text else []]),
    framing=st.builds(
        Framing,
        newline=st.sampled_from([None, "lf", "crlf", "cr"]),
        space=st.booleans(),
        comments=st.booleans(),
        ids=st.booleans(),
        retries=st.booleans(),
        multi_line=st.booleans(),
        empty_events=st.booleans(),
        unknown_events=st.booleans(),
        escaped=st.booleans(),
        done=st.booleans(),
        usage_at=st.none() | st.integers(0, 30),
        empty_choices_at=st.none() | st.integers(0, 30),
    ),
    places=st.sets(st.integers(0, 20_000), max_size=50),
)
def test_an_answer_is_the_same_in_every_framing_and_cut(dialect, split, framing, places):
    if dialect == "anthropic-messages" and not framing.done:
        framing = Framing()  # its last event is not [DONE], and cannot be missing
    stream = DIALECTS[dialect].stream(FULL, split=split)
    data = b"".join(reframed(stream.events, framing, stream.newline))
    assert read(dialect, *cut(data, places)) == read(dialect, stream.encode())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("answer", [FULL, Answer("", "a-model")], ids=["full", "empty"])
def test_an_answer_without_its_end_is_broken(dialect, answer):
    stream = DIALECTS[dialect].stream(answer)
    end = Part.END if dialect == "anthropic-messages" else Part.FINISH
    needed = next(number for number, event in enumerate(stream.events) if event.carries & end)
    pieces = reframed(stream.events, Framing(), stream.newline)
    for kept in range(needed + 1):
        with pytest.raises(ProviderError, match="malformed"):
            read(dialect, *pieces[:kept])
        with pytest.raises(ProviderError, match="malformed"):
            read(dialect, *pieces[:kept], pieces[kept].rstrip())  # an event that nothing ends is none
    assert read(dialect, *pieces[: needed + 1])[0] == answer.text


ERRORS = {"server_error": "server_error", "overloaded": "unavailable", "rate_limit": "rate_limit"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_inside_a_stream_is_one_in_every_format(dialect, error):
    stream = DIALECTS[dialect].stream(Answer("Hello you", "a-model"))
    kept = next(number for number, event in enumerate(stream.events) if event.carries & Part.CONTENT) + 1
    event = DIALECTS[dialect].error_event(error)
    data = b"".join(reframed([*stream.events[:kept], event], Framing(), stream.newline))
    for pieces in ([data], [bytes([byte]) for byte in data]):
        reader, said = READERS[dialect]("somebody"), []
        with pytest.raises(ProviderError) as raised:
            for piece in pieces:
                said.extend(chunk.text for chunk in reader.feed(piece))
            list(reader.end())
        # What came before it is handed out first, whether or not it came in the same read.
        assert (said, raised.value.fault_class) == (["Hello"], FaultClass(ERRORS[error]))


def fragments(*rows):
    """Return a stream of tool call fragments: (index, id, name, arguments), None for what is left out."""
    events = []
    for index, call_id, name, arguments in rows:
        said = {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
        fragment = {key: value for key, value in said.items() if value is not None}
        events.append({"choices": [{"index": 0, "delta": {"tool_calls": [fragment]}}]})
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()


TWO = [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


@pytest.mark.parametrize(
    "rows",
    {
        "by the format": [
            (0, "a", "f", ""),
            (0, None, None, '{"x":1}'),
            (1, "b", "g", ""),
            (1, None, None, '{"y":2}'),
        ],
        "interleaved": [
            (0, "a", "f", '{"x'),
            (1, "b", "g", '{"y'),
            (0, None, None, '":1}'),
            (1, None, None, '":2}'),
        ],
        "one index for all": [
            (0, "a", "f", '{"x'),
            (0, None, None, '":1}'),
            (0, "b", "g", '{"y'),
            (0, "", None, '":2}'),
        ],
        "no index": [(None, "a", "f", '{"x'), (None, None, None, '":1}'), (None, "b", "g", '{"y":2}')],
        "ids on all": [
            (0, "a", "f", '{"x'),
            (0, "b", "g", '{"y'),
            (0, "a", None, '":1}'),
            (0, "b", None, '":2}'),
        ],
    }.values(),
)
def test_fragments_of_tool_calls_go_to_their_calls(rows):
    _, calls, _ = read("openai-chat", fragments(*rows))
    assert [(call.id, call.name, call.arguments) for call in calls] == TWO


def test_calls_without_index_and_id_are_told_apart_by_their_names():
    _, calls, _ = read("openai-chat", fragments((None, None, "f", "{}"), (None, None, "g", "{}")))
    assert [(call.name, call.arguments) for call in calls] == [("f", "{}"), ("g", "{}")]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html>\n<html>",
        b'{"choices": [{"message": {"content": "x"}}]}',
        b"[]",
        b"1",
        b"data: 1\n\n",
    ],
)
def test_what_is_no_stream_is_no_answer(dialect, body):
    with pytest.raises(ProviderError, match="malformed"):
        read(dialect, body)


# Decisions


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "3", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_a_retry_after_says_when_or_nothing(headers, seconds):
    assert status_fault(429, headers, "{}").retry_after_s == seconds


def test_a_pause_is_the_backoff_or_what_the_provider_asks_for_up_to_the_cap():
    assert [pause_s(FaultClass.RATE_LIMIT, retry, 60) for retry in range(3)] == [60, 60, None]
    assert pause_s(FaultClass.RATE_LIMIT, 0, 61) is None
    assert pause_s(FaultClass.UNAVAILABLE, 0, 1) is None
    assert 0.75 <= pause_s(FaultClass.TIMEOUT, 1, None) <= 1.25


@pytest.mark.parametrize(
    "request_",
    [
        Request([]),
        Request([{"role": "user", "content": [{"type": "image_url"}]}]),
        Request([{"role": "user", "content": "Hi"}], params={"seed": 1}),
        Request([{"role": "user", "content": "\ud800"}]),
        Request([{"role": "nobody", "content": "Hi"}]),
        Request([{"role": "user", "content": "Hi"}], tools=[{"type": "function"}]),
    ],
)
def test_what_some_provider_cannot_be_asked_is_asked_of_none(request_, monkeypatch):
    for _, _, key, _ in PROVIDERS.values():
        monkeypatch.setenv(key, "a key")
    handler = Handler()
    with contextlib.closing(handler), pytest.raises(UnsupportedRequestError):
        handler.complete(request_)


# In play


NAMES = ("dialect", "base_url", "key", "model")
SETTING = {
    "providers": {name: dict(zip(NAMES, row, strict=True)) for name, row in PROVIDERS.items()},
    "policy": {},
    "prices": {},
}


@pytest.fixture(scope="module")
def play():
    with contextlib.ExitStack() as exits:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runner = exits.enter_context(Runner(SETTING, HANDLER))
        yield runner.play


def one(operation, provider, act):
    return Scenario((Call(operation, start=provider),), (Script(0, provider, then=act),))


def text_of(history):
    outcome = history.outcome(0)
    if isinstance(outcome, Replied) and outcome.reply is not None:
        return outcome.reply.text
    return "".join(event.chunk.text for event in history.of(ChunkReceived))


RETRIED = {"rate_limit", "timeout", "server_error"}
BREAKS = {Effect.SILENCE, Effect.PINGS, Effect.RESET, Effect.CLOSE, Effect.END, Effect.ERROR_INSIDE}
# Each fault before any event, before the first content, and after some; the provider changes with the row.
ROWS = [
    (CHAIN[(number + (after or 0)) % len(CHAIN)], fault, after)
    for number, (fault, row) in enumerate(FAULTS.items())
    for after in ((None, 0, 1, 3) if row.where is Where.BODY else (None,))
]


OPERATIONS = ("complete", "acomplete", "stream", "astream")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_failure_is_never_an_answer_and_an_answer_is_whole(play, operation):
    for provider, fault, after in ROWS:
        row, act = FAULTS[fault], Act(fault, after=after, said=Said(text=HOSTILE))
        history = play(one(operation, provider, act))
        outcome, text = history.outcome(0), text_of(history)
        asked = [attempt.provider for attempt in history.attempts(0)]
        error = outcome.error.type if isinstance(outcome, Raised) else None
        broken = "stream" in operation and row.where is Where.BODY and row.effect in BREAKS and after
        rest = CHAIN[CHAIN.index(provider) + 1 :][:1]
        tries = [provider] * (3 if row.fault_class in RETRIED else 1)
        seen = (error, text, asked)
        if row.answers or history.attempts(0)[0].fault is None:
            assert seen == (None, HOSTILE, [provider]), (provider, fault, after)
        elif row.fault_class in ("bad_request", "content_policy"):
            assert seen == ("RequestRefusedError", "", [provider]), (provider, fault, after)
        elif broken:
            assert (error, asked) == ("StreamInterrupted", [provider]), (provider, fault, after)
            assert text and HOSTILE.startswith(text), (provider, fault, after)
        elif rest:
            assert seen == (None, default_text(rest[0], 0), [*tries, *rest]), (provider, fault, after)
        else:
            assert seen == ("NoProviderAvailable", "", tries), (provider, fault, after)


@pytest.mark.parametrize("operation", ["stream", "astream"])
@pytest.mark.parametrize("provider", CHAIN)
def test_an_answer_in_pieces_of_one_byte(play, provider, operation):
    history = play(one(operation, provider, Act(said=Said(text=HOSTILE, deltas="characters"), cut_every=1)))
    assert text_of(history) == HOSTILE


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "act",
    [
        Act("no_answer"),
        Act("stall"),
        Act("stall_with_pings", after=0, delay_s=3),  # pings are no progress, whenever they come
        Act(said=Said(text="a b c d"), gap_s=19),  # nor is what comes before the answer
    ],
    ids=["silent", "stall", "pings", "preamble"],
)
def test_an_answer_that_does_not_begin_is_not_waited_for(play, act, operation):
    first, second, *_ = play(one(operation, "anthropic", act)).attempts(0)
    assert first.started_at_s == 0
    assert 20.375 <= second.started_at_s <= 20.625  # with the pause before the retry


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_connection_that_is_not_made_is_not_waited_for(play, operation):
    history = play(one(operation, "anthropic", Act("connect_timeout")))
    first, second, *_ = (event.at_s for event in history.of(ConnectFailed))
    assert first == 5
    assert 10.375 <= second <= 10.625


@pytest.mark.parametrize("operation", ["stream", "astream"])
@pytest.mark.parametrize(
    ("act", "ended_at_s"),
    [
        (Act("stall", after=1, delay_s=2), 22),
        (Act("stall_with_pings", after=1, delay_s=2), 22),
        (Act(said=Said(text="never idle for long, but too slow in all to be whole"), gap_s=9), 60),
    ],
    ids=["stall", "pings", "slow"],
)
def test_an_answer_that_does_not_go_on_is_given_up(play, act, ended_at_s, operation):
    history = play(one(operation, "openai", act))
    assert (history.outcome(0).error.type, history.ended_at_s) == ("StreamInterrupted", ended_at_s)


class Going(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that goes on until it is closed; asynchronously, it goes no further than one piece."""

    def __init__(self):
        self.sent = 0
        self.closed = False

    def __iter__(self):
        while not self.closed:
            self.sent += 1
            yield b'data: {"choices": [{"delta": {"content": "Hello"}}]}\n\n'

    async def __aiter__(self):
        for piece in self:
            yield piece
            await asyncio.Event().wait()

    def close(self):
        self.closed = True

    async def aclose(self):
        self.close()


@pytest.fixture
def going(monkeypatch):
    """A handler whose first provider goes on for ever, and the bodies that it has sent."""
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    bodies = []

    def answer(request):
        bodies.append(Going())
        return httpx.Response(200, stream=bodies[-1])

    handler = Handler()
    handler._blocking = httpx.Client(transport=httpx.MockTransport(answer))
    handler._async = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return handler, bodies


def test_who_breaks_off_closes_the_connection_and_asks_nobody_else(going):
    handler, bodies = going
    for chunk in handler.stream(HELLO):
        assert chunk.text == "Hello"
        break
    assert [(body.sent, body.closed) for body in bodies] == [(1, True)]


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_who_breaks_off_asynchronously_closes_the_connection_and_asks_nobody_else(going, how):
    handler, bodies = going

    async def stopped():
        chunks = handler.astream(HELLO)
        assert (await anext(chunks)).text == "Hello"
        if how == "closed":
            await chunks.aclose()
        else:
            waiting = asyncio.ensure_future(anext(chunks))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        return [(body.sent, body.closed) for body in bodies]

    assert asyncio.run(stopped()) == [(1, True)]


SLOW = """
import asyncio, sys, time
sys.path.insert(0, {folder!r})
from raw.handler import Handler

class Slow(Handler):
    def stream(self, request):
        for chunk in super().stream(request):
            yield chunk
            time.sleep(30)

    async def astream(self, request):
        async for chunk in super().astream(request):
            yield chunk
            await asyncio.sleep(30)
"""


@pytest.mark.parametrize("operation", ["stream", "astream"])
def test_the_time_of_a_slow_consumer_is_its_own(tmp_path, operation):
    path = tmp_path / "slow.py"
    path.write_text(SLOW.format(folder=str(EXAMPLES)))
    with Worker(SETTING, f"{path}:Slow", limit_s=10) as worker:
        history = worker.play(one(operation, "openai", Act(said=Said(text="one two three four"), gap_s=9)))
    assert text_of(history) == "one two three four"
    assert isinstance(history.outcome(0), Replied)
